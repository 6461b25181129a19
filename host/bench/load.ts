import { readFileSync } from "node:fs";
import { VDEV_CTRL_OPTIONS_START } from "../../abi/generated/constants.ts";
import { vdev_s } from "../../abi/generated/layouts.ts";
import { importsOf } from "../calls/imports.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { builtFile } from "../paths.ts";
import { SHAPE } from "../sandbox/contract.ts";
import { ModuleInstance } from "../sandbox/instance.ts";
import { type LoadedModule, loadModule } from "../sandbox/load.ts";
import { defaultPasses, instrument } from "../sandbox/passes/instrument.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vdev } from "../vm/vdev.ts";
import { Vm } from "../vm/vm.ts";
import { type Figure, figure, significant } from "./figure.ts";
import { counterPlan } from "./plans.ts";
import { alternate, medianOfPasses, timeUs } from "./rounds.ts";

const MODULE = "bench/counter.wasm";
const BASE = 0x10000000;
const PASSES = 5;

/**
 * A cached module is checked and instrumented; what remains is to compile it, to make an instance behind its gates, to
 * run its top level and to call it. The engine keeps code by content, so each round's module has a name of its own.
 */
export async function instance(rounds: number): Promise<Figure> {
  const file = builtFile(MODULE);
  const loaded = loadModule(file);
  const bytes = readFileSync(file);
  let count = 0;
  const unique = () => instrument(bytes, { id: `bench-${count++}`, passes: defaultPasses() }).bytes;
  const times = await alternate(rounds, {
    first: () =>
      medianOfPasses(PASSES, () => {
        const [wasm, vm] = [unique(), new Vm(plainPlan([]))];
        return timeUs(() => firstCallback(vm, { ...loaded, compiled: new WebAssembly.Module(wasm) }));
      }),
    engine: () =>
      medianOfPasses(PASSES, () => {
        const wasm = unique();
        return timeUs(() => bareInstance(wasm));
      }),
    instrument: () => medianOfPasses(PASSES, () => timeUs(unique)),
  });
  const note =
    "the yardstick compiles and instantiates the same module with empty imports and calls nothing; " +
    `checking and instrumenting a module that is not cached ${significant(times.median("instrument"))} µs more`;
  return figure(
    {
      value: times.median("first"),
      unit: "µs",
      yardstick: times.median("engine"),
      ratio: times.ratio("first", "engine"),
      rounds,
      note,
    },
    { of: "value", most: 1000 },
  );
}

/** What the engine takes for a module by itself. */
function bareInstance(wasm: Uint8Array<ArrayBuffer>): WebAssembly.Instance {
  const compiled = new WebAssembly.Module(wasm);
  const imports: Record<string, Record<string, () => number>> = {};
  for (const { module, name } of WebAssembly.Module.imports(compiled)) {
    imports[module] ??= {};
    imports[module][name] = () => 0;
  }
  return new WebAssembly.Instance(compiled, imports);
}

/** From a compiled module to the end of OPTIONS_START, its first callback. */
function firstCallback(vm: Vm, module: LoadedModule): void {
  const made = new ModuleInstance(module, 0, (self) => importsOf(vm, self));
  vm.instances.push(made);
  const { exports } = made;
  made.slots = vm.dispatcher.addThunks(exports.__vdevbox_vread, exports.__vdevbox_vwrite, exports.__vdevbox_operand);
  const started = vm.activations.startModule(made);
  const factory = made.factories[0];
  if (!started || factory === undefined) throw new Error("the benchmark's module did not start");
  const vdp = made.alloc(vdev_s.SIZEOF + factory.extraSpace);
  made.setU32(vdp + vdev_s.v_device, vdp + vdev_s.SIZEOF);
  const vdev: Vdev = {
    index: 0,
    name: "counter",
    type: "counter",
    plan: counterPlan(module.file, "counter", BigInt(BASE)),
    policy: "strict",
    instance: made,
    factory,
    vdp,
    regions: [],
  };
  vm.vdevs.push(vdev);
  const { activations } = vm;
  const callback = CALLBACK.OPTIONS_START;
  const result = activations.invoke(
    vdev,
    callback,
    THREAD.main,
    factory.control,
    SHAPE.intIII,
    vdp,
    VDEV_CTRL_OPTIONS_START,
  );
  if (result !== 0) throw new Error(`OPTIONS_START answered ${result}`);
}

const FEW = 1;
const MANY = 1001;

/** One more vdev of a loaded type: all its callbacks up to the running guest, and its region. */
export async function vdev(rounds: number): Promise<Figure> {
  const [few, many] = [machineOf(FEW), machineOf(MANY)];
  const times = await alternate(rounds, {
    few: () => medianOfPasses(PASSES, () => timeUs(() => createVm(few))),
    many: () => medianOfPasses(PASSES, () => timeUs(() => createVm(many))),
  });
  const value = (times.median("many") - times.median("few")) / (MANY - FEW);
  const note = `a VM with one vdev takes ${significant(times.median("few"))} µs, one with ${MANY} ${significant(times.median("many"))} µs`;
  return figure({ value, unit: "µs", rounds, note }, { of: "value", most: 50 });
}

function machineOf(count: number): Parameters<typeof createVm>[0] {
  const file = builtFile(MODULE);
  return plainPlan(
    Array.from({ length: count }, (_, i) => counterPlan(file, `counter-${i}`, BigInt(BASE + i * 0x1000))),
  );
}
