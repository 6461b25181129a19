import { builtFile } from "../paths.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { VmSnapshot } from "../vm/snapshot.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { type Figure, figure, significant } from "./figure.ts";
import { counterPlan } from "./plans.ts";
import { alternate, medianOfPasses, timeUs } from "./rounds.ts";

const BASE = 0x10000000;
const MEMORY_BYTES = 65_536;
const TIMES = 200;
const PASSES = 16;

/**
 * A module instance of 64 KiB put back to its configured state, beside the copy of 64 KiB that cannot be saved. Before
 * each restore the guest writes a register, which raises an interrupt line; what that takes is measured apart and
 * taken off.
 */
export async function reset(rounds: number): Promise<Figure> {
  const intr = { pic: "gic", line: 7 } as const;
  const vm = createVm(plainPlan([counterPlan(builtFile("bench/counter.wasm"), "counter", BigInt(BASE), intr)]));
  const size = vm.instances[0]!.bytes.length;
  if (size !== MEMORY_BYTES) throw new Error(`the benchmark's module has ${size} bytes of memory, not ${MEMORY_BYTES}`);
  const snapshot = new VmSnapshot(vm);
  const [from, to] = [new Uint8Array(MEMORY_BYTES).fill(7), new Uint8Array(MEMORY_BYTES)];
  const times = await alternate(rounds, {
    both: () => each(() => restoreAfterWrite(vm, snapshot)),
    write: () => each(() => raiseAndLower(vm)),
    copy: () => each((i) => copy(from, to, i)),
  });
  const write = times.median("write") / 2;
  const value = times.median("both") - write;
  return figure(
    {
      value,
      unit: "µs",
      yardstick: times.median("copy"),
      ratio: value / times.median("copy"),
      rounds,
      note: `timers, interrupt lines, regions, mappings, locks and clock included; the yardstick copies 64 KiB; one write access ${significant(write)} µs`,
    },
    { of: "value", most: 2 },
  );
}

/** Microseconds each of many runs takes. */
function each(work: (i: number) => void): number {
  return medianOfPasses(PASSES, () => {
    const all = timeUs(() => {
      for (let i = 0; i < TIMES; i++) work(i);
    });
    return all / TIMES;
  });
}

function writeRegister(vm: Vm, value: number): void {
  if (vm.write("memory", BASE, 0, 4, value, 0, 0) !== 0) throw new Error("a write was refused");
}

function restoreAfterWrite(vm: Vm, snapshot: VmSnapshot): void {
  writeRegister(vm, 1);
  snapshot.restore();
  if (vm.lines.level("gic", 7)) throw new Error("the interrupt line was not put back");
}

function raiseAndLower(vm: Vm): void {
  writeRegister(vm, 1);
  writeRegister(vm, 0);
}

function copy(from: Uint8Array, to: Uint8Array, i: number): void {
  from[i] = i;
  to.set(from);
}
