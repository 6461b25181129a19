import type { TimeSource } from "../../host/time/wall-clock.ts";

/** Real time as a test wants it: it moves when it is slept through, and when the test says so. */
export class FakeTime implements TimeSource {
  /** Some moment, as a real clock's zero is nobody's. */
  #nowNs = 123_456_789n;
  readonly #lateness: () => bigint;
  /** All that was slept. */
  sleptNs = 0n;
  /** Called in every sleep. */
  onSleep = () => {};

  /** @param lateness by how much a sleep is too long */
  constructor(lateness: () => bigint = () => 0n) {
    this.#lateness = lateness;
  }

  nowNs(): bigint {
    return this.#nowNs;
  }

  pass(ns: bigint): void {
    this.#nowNs += ns;
  }

  sleep(ns: bigint): Promise<void> {
    this.onSleep();
    this.sleptNs += ns;
    this.pass(ns + this.#lateness());
    return Promise.resolve();
  }
}
