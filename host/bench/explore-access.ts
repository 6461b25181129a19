import { builtFile } from "../paths.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { type Figure, figure, significant } from "./figure.ts";
import { alternate, medianOfPasses } from "./rounds.ts";

const BASE = 0x10000000;
/** Loops of bench/vdevs/accesses.ts, by the number a write starts them with. */
const PATTERNS = ["sequential reads", "random reads", "sequential writes", "random writes", "read and write", "bytes"];
const FILL = 255;
/** Turns of a short and of a long loop, of four accesses each: the difference leaves out what only begins a loop. */
const SHORT = 20_000;
const LONG = 220_000;
const PASSES = 8;
/** Turns that touch each of the vdev's words once. */
const FIRST_TURNS = 256;

/**
 * One memory access of a vdev that is watched for data races, beside the same in the plain build; limits are on in both.
 * The figure is that of the pattern that suffers most.
 */
export async function access(rounds: number): Promise<Figure> {
  const plain = machine(false);
  const watched = machine(true);
  const sides = PATTERNS.flatMap((pattern, number) => [
    [`${pattern}, watched`, () => perAccess(watched, number)] as const,
    [`${pattern}, plain`, () => perAccess(plain, number)] as const,
  ]);
  const first = ["first", () => firstAccesses(watched) - firstAccesses(plain)] as const;
  const times = await alternate(rounds, Object.fromEntries([...sides, first]));
  const ratios = PATTERNS.map((pattern) => times.ratio(`${pattern}, watched`, `${pattern}, plain`));
  const worst = PATTERNS[ratios.indexOf(Math.max(...ratios))]!;
  const all = PATTERNS.map((pattern, i) => `${pattern} ${significant(ratios[i]!)}`);
  return figure(
    {
      value: times.median(`${worst}, watched`),
      unit: "ns",
      yardstick: times.median(`${worst}, plain`),
      ratio: Math.max(...ratios),
      rounds,
      note: `${worst}; ratios: ${all.join(", ")}; the first access of a word in a turn takes ${significant(times.median("first"))} ns more`,
    },
    { of: "ratio", most: 3 },
  );
}

function machine(races: boolean): Vm {
  const vdev = {
    type: "accesses",
    file: builtFile("bench/accesses.wasm"),
    name: undefined,
    loc: { space: "memory", address: BigInt(BASE) },
    intr: undefined,
    policy: undefined,
    options: () => [],
  } as const;
  const vm = createVm(plainPlan([vdev]), { races });
  start(vm, FILL, 0);
  return vm;
}

/** Runs a loop. */
function start(vm: Vm, pattern: number, turns: number): void {
  if (vm.write("memory", BASE, 0, 4, pattern + 256 * turns, 0, 0) !== 0) throw new Error("a write was refused");
}

/** Nanoseconds of an access that is not the first of its word in this write to the vdev. */
function perAccess(vm: Vm, pattern: number): number {
  return difference(vm, pattern, SHORT, LONG);
}

/** Nanoseconds of an access that is the first of its word; each write to the vdev is a turn of its own. */
function firstAccesses(vm: Vm): number {
  return difference(vm, 0, 1, FIRST_TURNS);
}

function difference(vm: Vm, pattern: number, short: number, long: number): number {
  const loop = (turns: number) => medianOfPasses(PASSES, () => nanoseconds(() => start(vm, pattern, turns)));
  return (loop(long) - loop(short)) / (4 * (long - short));
}

function nanoseconds(work: () => void): number {
  const begin = process.hrtime.bigint();
  work();
  return Number(process.hrtime.bigint() - begin);
}
