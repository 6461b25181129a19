import { hrtime } from "node:process";
import type { Vm } from "../vm/vm.ts";

/** Where real time comes from. */
export interface TimeSource {
  /** Nanoseconds since some moment; never goes back. */
  nowNs(): bigint;
  /** Resolves after about `ns`, or at once when `signal` is aborted; 0n only lets the process attend to other things. */
  sleep(ns: bigint, signal: AbortSignal): Promise<void>;
}

/** A timeout of Node takes at most 2^31 - 1 ms. */
const LONGEST_SLEEP_MS = 2_000_000_000;
const NS_PER_MS = 1_000_000n;

/** The host's monotonic clock. */
export const MONOTONIC: TimeSource = {
  nowNs: () => hrtime.bigint(),
  sleep: (ns, signal) =>
    new Promise((resolve) => {
      if (signal.aborted || ns === 0n) {
        setImmediate(resolve);
        return;
      }
      const done = () => {
        clearTimeout(timeout);
        signal.removeEventListener("abort", done);
        resolve();
      };
      const ms = Number((ns + NS_PER_MS - 1n) / NS_PER_MS);
      const timeout = setTimeout(done, Math.min(ms, LONGEST_SLEEP_MS));
      signal.addEventListener("abort", done);
    }),
};

/** Virtual time that may come due at once: a host that has fallen behind works it off in pieces of this length. */
const CATCH_UP_NS = 100_000_000n;

/**
 * Lets the virtual time of a VM follow real time: virtual 0 is the moment this was made, and every later moment is
 * counted from there, so nothing adds up to a drift. The VM knows nothing of it: each move is a step of its clock like
 * any other, recorded, and a replay makes the same steps without waiting.
 */
export class WallClock {
  readonly #vm: Vm;
  readonly #source: TimeSource;
  readonly #startNs: bigint;
  #cancelled = false;
  /** Ends the wait in progress. */
  #waiting: AbortController | undefined;

  constructor(vm: Vm, source: TimeSource = MONOTONIC) {
    this.#vm = vm;
    this.#source = source;
    // Where threads run in parallel, time has passed for them since the VM was made.
    this.#startNs = source.nowNs() - (vm.parallel?.realNs ?? vm.nowNs);
  }

  /** Moves virtual time to real time, firing what came due on the way. */
  sync(): void {
    this.#moveTo(this.#realNs());
  }

  /**
   * Waits until virtual time is `untilNs`, while timers fire when they are due; left out: until the next timer has
   * fired, or not at all when none is set. Ends early with the VM, and when it is woken.
   * @returns false when `cancel` ended it
   */
  async wait(untilNs?: bigint): Promise<boolean> {
    const vm = this.#vm;
    const target = untilNs ?? vm.clock.nextDeadlineNs;
    if (target === undefined || this.#cancelled) return !this.#cancelled;
    this.#waiting = new AbortController();
    const { signal } = this.#waiting;
    while (!signal.aborted && vm.ended === undefined) {
      const next = vm.clock.nextDeadlineNs;
      const until = next !== undefined && next < target ? next : target;
      const real = this.#realNs();
      await this.#source.sleep(until > real ? until - real : 0n, signal);
      if (signal.aborted || vm.ended !== undefined) break;
      const now = this.#realNs();
      if (now < until) continue;
      this.#moveTo(now < target ? now : target);
      if (vm.nowNs >= target) break;
    }
    this.#waiting = undefined;
    return !this.#cancelled;
  }

  /** Ends the wait in progress: something other than a timer happened that the guest has waited for. */
  wake(): void {
    this.#waiting?.abort();
  }

  /** Ends a wait in progress, and every later one at once. */
  cancel(): void {
    this.#cancelled = true;
    this.wake();
  }

  #realNs(): bigint {
    return this.#source.nowNs() - this.#startNs;
  }

  #moveTo(realNs: bigint): void {
    const vm = this.#vm;
    const now = vm.nowNs;
    const next = vm.clock.nextDeadlineNs;
    const soon = now + CATCH_UP_NS;
    const most = next === undefined ? realNs : next > soon ? next : soon;
    const target = realNs < most ? realNs : most;
    if (target > now || (next !== undefined && next <= target)) vm.clockStep(target > now ? target - now : 0n);
  }
}
