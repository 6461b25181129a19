import { spawnSync } from "node:child_process";
import { UserError } from "../errors.ts";
import { packageRoot } from "../paths.ts";
import { type Figure, figure, significant } from "./figure.ts";

/** Seeds of a campaign each; more rounds are no more seeds. */
const SEEDS_MAX = 5;
const SECONDS_MAX = 60;
/** What looks for two magic numbers of 32 bits, and may take so long. */
const MAGIC = { name: "magic-key", seconds: 2 };

/** What `test/planted/devices/table.ts --json` prints of a planted device. */
interface Planted {
  readonly name: string;
  /** Campaigns that found it. */
  readonly found: number;
  /** Processor time of each campaign. */
  readonly seconds: readonly number[];
  /** Of the longest minimised program. */
  readonly operations: number;
}

/**
 * Seconds of processor time in which the planted devices are found, the slowest of all and every seed. A device that is not
 * found has a campaign that took all its time.
 * @param rounds seeds, at most five
 */
export async function timeToBug(rounds: number): Promise<Figure> {
  const seeds = Math.min(rounds, SEEDS_MAX);
  const planted = campaigns(seeds);
  const slowest = (one: Planted) => Math.max(...one.seconds);
  const isFound = planted.every(({ found }) => found === seeds);
  const magic = planted.find(({ name }) => name === MAGIC.name);
  const magicSeconds = magic === undefined ? Number.POSITIVE_INFINITY : slowest(magic);
  const value = Math.max(...planted.map(slowest));
  const count = planted.reduce((sum, { found }) => sum + found, 0);
  const measured = figure(
    {
      value,
      unit: "s",
      rounds,
      note:
        `${count} of ${planted.length * seeds} campaigns of ${planted.length} planted devices found theirs, in at most ` +
        `${Math.max(...planted.map(({ operations }) => operations))} operations; ${MAGIC.name} in ` +
        `${significant(magicSeconds)} s, of which the target is ${MAGIC.seconds}`,
    },
    { of: "value", most: SECONDS_MAX },
  );
  return { ...measured, met: measured.met === true && isFound && magicSeconds <= MAGIC.seconds };
}

function campaigns(seeds: number): readonly Planted[] {
  const { stdout, stderr, status } = spawnSync(
    process.execPath,
    ["build/run.mjs", "test/planted/devices/table.ts", "--json", String(seeds)],
    { cwd: packageRoot(), encoding: "utf8" },
  );
  if (status !== 0) throw new UserError(`the planted devices could not be fuzzed: ${stderr.trim().split("\n").at(-1)}`);
  return JSON.parse(stdout);
}
