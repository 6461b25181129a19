import { median } from "./figure.ts";

/** What one measurement is called, and how one round of it is made. */
export type Measurements<K extends string> = Record<K, () => number | Promise<number>>;

/** Rounds nobody counts: they bring code to where the engine leaves it. */
const WARM_UP_ROUNDS = 3;

/**
 * Runs all measurements in turn, round after round, so that what slows the machine down for a while slows all of them.
 * @returns the median of each
 */
export async function alternate<K extends string>(rounds: number, sides: Measurements<K>): Promise<Record<K, number>> {
  const names = Object.keys(sides) as K[];
  const results = Object.fromEntries(names.map((name) => [name, [] as number[]])) as Record<K, number[]>;
  for (let round = -WARM_UP_ROUNDS; round < rounds; round++) {
    for (const name of names) {
      const result = await sides[name]();
      if (round >= 0) results[name].push(result);
    }
  }
  return Object.fromEntries(names.map((name) => [name, median(results[name])])) as Record<K, number>;
}

/** Microseconds one call takes. */
export function timeUs(work: () => void): number {
  const start = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - start) / 1000;
}
