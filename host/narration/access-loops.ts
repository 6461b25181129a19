import { counted } from "../plural.ts";
import { AccessRuns, samePlace } from "./access-runs.ts";
import type { AccessEvent } from "./refusal.ts";

/** Places that a loop visits in turn, at most; a loop on one place is a run. */
const LONGEST_LOOP = 4;

/**
 * Accesses that come in rounds, as a guest makes them that writes an index and reads its data, or polls a flag before
 * each character: two rounds are told, the others counted. A round is known by its places, and its values may differ.
 */
export class AccessLoops {
  readonly #runs = new AccessRuns();
  /** The first access of each run told since the last flush, the newest last. */
  #told: AccessEvent[] = [];
  /** Runs in a round of the loop that goes on; 0: none. */
  #period = 0;
  #rounds = 0;
  /** Lines of the last whole round, and of the one that has begun. */
  #last: string[] = [];
  #begun: string[] = [];
  #runsBegun = 0;

  /** Takes an access. @param line what it is told as alone @returns lines that are to be told now */
  add(access: AccessEvent, line: () => string): string[] {
    const lines = this.#runs.takes(access) ? [] : this.#finishRun();
    this.#runs.add(access, line);
    return lines;
  }

  /** Something else happens: what was held back is to be told, and no loop goes on. */
  flush(): string[] {
    const lines = [...this.#finishRun(), ...this.#endLoop()];
    this.#told = [];
    return lines;
  }

  #finishRun(): string[] {
    const access = this.#runs.current;
    if (access === undefined) return [];
    const lines = this.#runs.takeLines();
    const before = this.#period === 0 ? [] : this.#continue(access, lines);
    if (before === undefined) return [];
    this.#told = [...this.#told, access].slice(-2 * LONGEST_LOOP);
    this.#period = this.#findPeriod();
    return [...before, ...lines];
  }

  /** @returns nothing when the run belongs to the loop, else what is to be told of the loop, which is over */
  #continue(access: AccessEvent, lines: readonly string[]): string[] | undefined {
    const expected = this.#told[this.#told.length - this.#period + this.#runsBegun]!;
    if (!samePlace(expected, access)) return this.#endLoop();
    this.#begun.push(...lines);
    this.#runsBegun++;
    if (this.#runsBegun === this.#period) {
      this.#rounds++;
      this.#last = this.#begun;
      this.#begun = [];
      this.#runsBegun = 0;
    }
    return undefined;
  }

  #endLoop(): string[] {
    const { length } = this.#last;
    const whole =
      this.#rounds > 1
        ? [`these ${this.#period} come ${counted(this.#rounds, "time")} more; the last: ${this.#last[length - 1]}`]
        : this.#last;
    const lines = [...whole, ...this.#begun];
    this.#period = 0;
    this.#rounds = 0;
    this.#runsBegun = 0;
    this.#last = [];
    this.#begun = [];
    return lines;
  }

  /** The shortest round that was just made for the second time. */
  #findPeriod(): number {
    const told = this.#told;
    for (let period = 2; period <= LONGEST_LOOP && 2 * period <= told.length; period++) {
      const round = told.slice(-period);
      const before = told.slice(-2 * period, -period);
      if (round.every((access, i) => samePlace(access, before[i]!))) return period;
    }
    return 0;
  }
}
