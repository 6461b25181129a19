import { THREAD } from "../gate/situation.ts";
import type { Thread } from "../threads/thread.ts";

/** Numbers of the threads a VM always has; vCPUs follow, then the threads of vdevs. */
export const MAIN = 0;
export const TIMER = 1;
export const PULSE = 2;
const FIRST_VCPU = 3;

/**
 * Numbers of threads, as clocks count them. What runs callbacks of one kind is one thread, however often it is entered:
 * the main thread, the timer's, the pulses', each vCPU.
 */
export class ThreadNumbers {
  readonly #cpus: number;
  readonly #names: string[] = ["the main thread", "the timer thread", "the pulse thread"];
  #vdevThreads = new WeakMap<Thread, number>();

  /** Threads that callbacks of a running VM begin on: all but main's. */
  readonly callbackThreads: readonly number[];

  constructor(cpus: number) {
    this.#cpus = cpus;
    this.callbackThreads = Array.from({ length: FIRST_VCPU - 1 + cpus }, (_, i) => i + 1);
    for (let vcpu = 0; vcpu < cpus; vcpu++) this.#names.push(`vCPU ${vcpu}`);
  }

  /** @param thread itself, not one that acts for another */
  of(thread: Thread): number {
    switch (thread.kind) {
      case THREAD.main:
        return MAIN;
      case THREAD.timer:
        return TIMER;
      case THREAD.pulse:
        return PULSE;
      case THREAD.vcpu:
        return FIRST_VCPU + thread.vcpu;
      default:
        return this.#ofVdev(thread);
    }
  }

  #ofVdev(thread: Thread): number {
    const known = this.#vdevThreads.get(thread);
    if (known !== undefined) return known;
    const number = this.#names.push(thread.name) - 1;
    this.#vdevThreads.set(thread, number);
    return number;
  }

  nameOf(number: number): string {
    return this.#names[number] ?? "a thread";
  }

  /** Numbers of vdevs' threads are given anew. To be called when nobody remembers any. */
  forget(): void {
    if (this.#names.length === FIRST_VCPU + this.#cpus) return;
    this.#vdevThreads = new WeakMap();
    this.#names.length = FIRST_VCPU + this.#cpus;
  }
}
