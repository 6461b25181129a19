import * as fc from "fast-check";
import { Comparer } from "../fuzz/comparer.ts";
import { type FuzzedRegion, type Surface, surfaceOf } from "../fuzz/surface.ts";
import { formatStep } from "../guests/script/format-step.ts";
import type { ScriptCommand } from "../guests/script/step.ts";
import { createVm } from "../vm/startup.ts";
import type { TestVmOptions } from "./api.js";
import { plainErrors } from "./driven-vm.ts";
import type { ScriptOptions } from "./fast-check-scripts.js";
import { checkMore } from "./option-names.ts";
import { withPlan } from "./plan.ts";

/** Accesses and other acts of a script, at most, unless told. */
const MAX_LENGTH = 20;
/** Registers of a region that half of the accesses go to: the first ones. */
const NEAR = 15;
const FAR = 0xffff;
const INPUT_BYTES = 8;
/** Steps of time: powers of ten, from a nanosecond to a day. */
const DECADES = 14;

/** The entry of `vdevbox/testing/fast-check`; fast-check-scripts.d.ts says what it is. */
export function guestScripts(given: TestVmOptions | string, options: ScriptOptions = {}): fc.Arbitrary<string> {
  checkMore("guestScripts", given, options, ["maxLength"]);
  const { surface, constants } = plainErrors(() =>
    withPlan(given, ({ plan }) => {
      const vm = createVm(plan, { tellAccesses: false });
      const known = { surface: surfaceOf(vm), constants: new Comparer(plan).constants };
      vm.terminate();
      return known;
    }),
  );
  if (surface.regions.length === 0)
    throw new Error("no vdev has a place where a guest could reach it: give it a `loc`");
  const act = fc.oneof(
    { weight: 8, arbitrary: accessOf(surface, constants) },
    { weight: 1, arbitrary: timeStep },
    ...(surface.inputs.length > 0 ? [{ weight: 1, arbitrary: inputOf(surface) }] : []),
    ...(surface.lines.length > 0 ? [{ weight: 1, arbitrary: lineAct(surface) }] : []),
  );
  const { maxLength = MAX_LENGTH } = options;
  return fc.array(act, { minLength: 1, maxLength }).map((acts) =>
    acts
      .flat()
      .map((command) => `${formatStep(command)}\n`)
      .join(""),
  );
}

/** Smaller is simpler: the first vCPU, region and register, a read, the widest access, the value 0. */
function accessOf({ regions, cpus }: Surface, constants: readonly bigint[]): fc.Arbitrary<ScriptCommand[]> {
  return fc
    .record({
      vcpu: fc.nat(cpus - 1),
      region: fc.constantFrom(...regions),
      place: fc.oneof(fc.nat(NEAR), fc.nat(FAR)),
      width: fc.nat(3),
      value: fc.option(written(constants), { freq: 2 }),
    })
    .map(({ vcpu, region, place, width, value }) => {
      const access = commandOf(region, place, width, value);
      return cpus === 1 ? [access] : [{ kind: "vcpu", vcpu }, access];
    });
}

/** What modules compare with, single bits, small numbers, and any. */
function written(constants: readonly bigint[]): fc.Arbitrary<bigint> {
  return fc.oneof(
    fc.bigInt({ min: 0n, max: 0xffn }),
    fc.nat(63).map((bit) => 1n << BigInt(bit)),
    fc.bigInt({ min: 0n, max: 0xffff_ffff_ffff_ffffn }),
    ...(constants.length > 0 ? [fc.constantFrom(...constants)] : []),
  );
}

function commandOf(
  { space, start, length, widths }: FuzzedRegion,
  place: number,
  which: number,
  value: bigint | null,
): ScriptCommand {
  const width = widths.toReversed()[which % widths.length]!;
  const places = Math.max(1, Math.floor(length / width));
  const address = start + BigInt((place % places) * width);
  if (value === null) return { kind: "read", space, width, address };
  return { kind: "write", space, width, address, value: BigInt.asUintN(8 * width, value) };
}

/** Up to the next timer, or some nanoseconds. */
const timeStep: fc.Arbitrary<ScriptCommand[]> = fc
  .option(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.nat(DECADES)))
  .map((time) => [time === null ? { kind: "clockStep" } : { kind: "clockStep", ns: BigInt(time[0] * 10 ** time[1]) }]);

function inputOf({ inputs }: Surface): fc.Arbitrary<ScriptCommand[]> {
  return fc
    .record({ vdev: fc.constantFrom(...inputs), bytes: fc.uint8Array({ minLength: 1, maxLength: INPUT_BYTES }) })
    .map(({ vdev, bytes }) => [{ kind: "input", vdev: vdev.name, bytes }]);
}

function lineAct({ lines }: Surface): fc.Arbitrary<ScriptCommand[]> {
  return fc
    .record({ line: fc.constantFrom(...lines), act: fc.constantFrom("take", "enable", "disable") })
    .map(({ line: { pic, line }, act }) => [{ kind: "irqAct", pic: pic.name, line, act }]);
}
