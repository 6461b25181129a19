import { median } from "./figure.ts";

/** What one measurement is called, and how one round of it is made. */
export type Measurements<K extends string> = Record<K, () => number | Promise<number>>;

/** Rounds nobody counts: they bring code to where the engine leaves it. */
const WARM_UP_ROUNDS = 3;

/** What was measured, round by round. */
export class Rounds<K extends string> {
  readonly #results: Record<K, number[]>;

  constructor(names: readonly K[]) {
    this.#results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  }

  add(name: K, result: number): void {
    this.#results[name].push(result);
  }

  median(name: K): number {
    return median(this.#results[name]);
  }

  /**
   * The median of one measurement over another within a round. What slows the machine down for seconds slows down both,
   * so this is steadier than the ratio of the medians.
   */
  ratio(name: K, yardstick: K): number {
    const yardsticks = this.#results[yardstick];
    return median(this.#results[name].map((result, round) => result / yardsticks[round]!));
  }
}

/** Runs all measurements in turn, round after round, neighbours right after each other. */
export async function alternate<K extends string>(rounds: number, sides: Measurements<K>): Promise<Rounds<K>> {
  const names = Object.keys(sides) as K[];
  const results = new Rounds(names);
  for (let round = -Math.min(WARM_UP_ROUNDS, rounds); round < rounds; round++) {
    for (const name of names) {
      const result = await sides[name]();
      if (round >= 0) results.add(name, result);
    }
  }
  return results;
}

/** Microseconds one call takes. */
export function timeUs(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1000;
}

/** The median of several passes of one round: a garbage collection or another process breaks into few of them. */
export function medianOfPasses(passes: number, measure: () => number): number {
  return median(Array.from({ length: passes }, measure));
}
