import { THREAD } from "../gate/situation.ts";
import { counted } from "../plural.ts";
import type { Activation } from "../vm/activation.ts";
import type { Vm } from "../vm/vm.ts";

/** What one vdev said of one vCPU's time with guest_clock_start() and guest_clock_stop(). */
export interface GuestClockAccount {
  readonly vdev: string;
  /** Undefined: in callbacks of no vCPU, a timer's for example. */
  readonly vcpu: number | undefined;
  readonly starts: number;
  readonly stops: number;
  /** Virtual time between them. It moves inside a callback only while that waits. */
  readonly billableNs: bigint;
}

/** A callback whose time is the guest's from `sinceNs` on. */
interface Running {
  readonly key: string;
  /** Undefined in an access the dispatcher made: `trap` tells which. */
  readonly activation: Activation | undefined;
  readonly trap: number;
  readonly sinceNs: bigint;
}

/** The accounts of a VM at one moment. */
export interface SavedGuestClock {
  readonly accounts: ReadonlyMap<string, GuestClockAccount>;
  readonly running: readonly Running[];
}

/** Why a call is told of, as the end of a sentence. */
export type ClockMisuse = "again" | "not-started" | "no-vcpu";

const NOTHING: SavedGuestClock = { accounts: new Map(), running: [] };

/**
 * Whose time callbacks take. qvm counts a callback as overhead of emulation; behind guest_clock_start() its time is the
 * vCPU's own, and may show up in the guest as stolen. When the callback returns, that ends in any case: the page of
 * guest_clock_start() speaks of "the callback's time", and 8.0 has no guest_clock_stop().
 *
 * The state is replaced as a whole by each change, so that putting it back costs nothing when nothing changed.
 */
export class GuestClock {
  readonly #vm: Vm;
  #state = NOTHING;
  /** Whether a callback's time is the guest's: looked at when one returns. */
  any = false;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @returns what is odd about the call; it counts all the same */
  start(): ClockMisuse | undefined {
    const { context, activations, nowNs } = this.#vm;
    this.#forgetAccesses();
    const key = this.#key();
    const { current: activation } = activations;
    const known = this.#find();
    this.#count(key, { starts: 1 });
    if (known !== undefined) return "again";
    this.#setRunning([...this.#state.running, { key, activation, trap: context.trap, sinceNs: nowNs }]);
    return context.thread === THREAD.vdev ? "no-vcpu" : undefined;
  }

  /** @returns what is odd about the call */
  stop(): ClockMisuse | undefined {
    this.#forgetAccesses();
    const known = this.#find();
    this.#count(this.#key(), { stops: 1 });
    if (known === undefined) return "not-started";
    this.#end(known);
    return undefined;
  }

  /** An activation has ended, however it did: so has what it began. */
  ended(activation: Activation): void {
    const known = this.#state.running.find((one) => one.activation === activation);
    if (known !== undefined) this.#end(known);
  }

  /** One for each vdev and vCPU, in the order of their first call. */
  report(): readonly GuestClockAccount[] {
    return [...this.#state.accounts.values()];
  }

  /** The same as sentences. */
  lines(): string[] {
    return this.report().map(({ vdev, vcpu, starts, stops, billableNs }) => {
      const where = vcpu === undefined ? "on no vCPU" : `on vCPU ${vcpu}`;
      const calls = `started ${counted(starts, "time")} and stopped ${counted(stops, "time")}`;
      return `the guest's clock was ${calls} by ${vdev} ${where}; ${billableNs} ns are the guest's`;
    });
  }

  save(): SavedGuestClock {
    return this.#state;
  }

  restore(saved: SavedGuestClock): void {
    if (this.#state === saved) return;
    this.#state = saved;
    this.any = saved.running.length > 0;
  }

  /** What tells two states apart, as text; nothing when no vdev ever called. */
  digest(): string {
    const { accounts, running } = this.#state;
    return [...[...accounts.values()].map((one) => Object.values(one)), ...running.map(({ key }) => [key])].join("\n");
  }

  /** The callback in progress, when its time is the guest's. */
  #find(): Running | undefined {
    const { current } = this.#vm.activations;
    return this.#state.running.find(({ activation }) => activation === current);
  }

  /** Nobody tells when an access of the dispatcher's returns; no time passes in one. */
  #forgetAccesses(): void {
    const { trap } = this.#vm.context;
    const stays = (one: Running) => one.activation !== undefined || one.trap === trap;
    if (!this.#state.running.every(stays)) this.#setRunning(this.#state.running.filter(stays));
  }

  #end(known: Running): void {
    this.#count(known.key, { billableNs: this.#vm.nowNs - known.sinceNs });
    this.#setRunning(this.#state.running.filter((one) => one !== known));
  }

  #setRunning(running: readonly Running[]): void {
    this.#state = { ...this.#state, running };
    this.any = running.length > 0;
  }

  #key(): string {
    const { vdev, vcpu } = this.#vm.context.situation();
    return `${vdev} ${vcpu ?? "none"}`;
  }

  #count(key: string, more: Partial<Pick<GuestClockAccount, "starts" | "stops" | "billableNs">>): void {
    const [vdev, vcpu] = key.split(" ");
    const before = this.#state.accounts.get(key) ?? {
      vdev: this.#vm.vdevs[Number(vdev)]?.name ?? "a module",
      vcpu: vcpu === "none" ? undefined : Number(vcpu),
      ...{ starts: 0, stops: 0, billableNs: 0n },
    };
    const { starts = 0, stops = 0, billableNs = 0n } = more;
    const after = {
      ...before,
      starts: before.starts + starts,
      stops: before.stops + stops,
      billableNs: before.billableNs + billableNs,
    };
    this.#state = { ...this.#state, accounts: new Map([...this.#state.accounts, [key, after]]) };
  }
}
