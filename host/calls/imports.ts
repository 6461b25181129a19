import { StopModule } from "../gate/finding.ts";
import { createGate, type Gate } from "../gate/gate.ts";
import { AssemblyAbort } from "../sandbox/fault.ts";
import type { ModuleImports, ModuleInstance } from "../sandbox/instance.ts";
import { MEMORY_HOOKS, SHARED_HOOKS } from "../sandbox/passes/pass.ts";
import { SUSPENDED, type Suspended } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";
import type { Bodies } from "./body.ts";
import { cdevBodies } from "./cdev.ts";
import { gaspMapBodies } from "./gasp-map.ts";
import { gaspRegionBodies } from "./gasp-region.ts";
import { gaspSpaceBodies } from "./gasp-space.ts";
import { gaspWalkBodies } from "./gasp-walk.ts";
import { VmGateHost } from "./gate-host.ts";
import { gramBodies } from "./gram.ts";
import { guestBodies } from "./guest.ts";
import { guestIntrBodies } from "./guest-intr.ts";
import { guestMsiBodies } from "./guest-msi.ts";
import { guestPowerBodies } from "./guest-power.ts";
import { guestTimerBodies } from "./guest-timer.ts";
import { logBodies } from "./log.ts";
import { grown, memoryHooks } from "./memory-hooks.ts";
import { posixBodies } from "./posix.ts";
import { posixAttributeBodies } from "./posix-attributes.ts";
import { posixClockBodies } from "./posix-clock.ts";
import { posixEndingBodies } from "./posix-ending.ts";
import { posixMutexBodies } from "./posix-mutex.ts";
import { posixOnceBodies } from "./posix-once.ts";
import { posixThreadBodies } from "./posix-threads.ts";
import { posixTimerBodies } from "./posix-timer.ts";
import { posixWaitingBodies } from "./posix-waiting.ts";
import { pulseBodies } from "./pulse.ts";
import { utilsBodies } from "./utils.ts";
import { vdevCoreBodies } from "./vdev-core.ts";
import { wdogBodies } from "./wdog.ts";

/** Bodies of the ABI functions by name; what is missing answers ENOSYS behind its gate. */
export const BODIES: Bodies = {
  ...vdevCoreBodies,
  ...guestBodies,
  ...guestTimerBodies,
  ...pulseBodies,
  ...guestIntrBodies,
  ...guestMsiBodies,
  ...cdevBodies,
  ...gaspSpaceBodies,
  ...gaspRegionBodies,
  ...gaspMapBodies,
  ...gaspWalkBodies,
  ...gramBodies,
  ...utilsBodies,
  ...logBodies,
  ...posixBodies,
  ...posixMutexBodies,
  ...posixThreadBodies,
  ...posixAttributeBodies,
  ...posixEndingBodies,
  ...posixOnceBodies,
  ...posixWaitingBodies,
  ...wdogBodies,
  ...guestPowerBodies,
  ...posixClockBodies,
  ...posixTimerBodies,
};

/** The imports of one module instance: a gate for each ABI function it names, and `env.abort`. */
export function importsOf(vm: Vm, instance: ModuleInstance): ModuleImports {
  const host = new VmGateHost(vm);
  const imports: ModuleImports = {
    env: { abort: (message, file, line, column) => abort(instance, message!, file!, line!, column!) },
  };
  const gates: Gate[] = [];
  for (const entry of instance.module.calls) {
    imports[entry.module] ??= {};
    const functions = imports[entry.module]!;
    const body = entry.body === "later" ? undefined : BODIES[entry.name];
    const checked = createGate(entry, host, instance, body);
    const gate = vm.races?.watchCalls(entry, instance, checked) ?? checked;
    gates.push(gate);
    const plain = vm.threads === undefined ? gate : unresumable(vm, instance, gate);
    functions[entry.name] = (instance.module.isResumable ? resumable(vm, instance, gate, entry.name) : plain) as (
      ...args: number[]
    ) => number;
  }
  if (vm.parallel !== undefined && instance.module.shared !== undefined) {
    const { parallel } = vm;
    parallel.addGates(instance, gates);
    imports[SHARED_HOOKS.module] = {
      [SHARED_HOOKS.contended]: (at) => {
        parallel.contended(instance, at!);
        return 0;
      },
    };
  }
  if (vm.races !== undefined) imports[MEMORY_HOOKS.module] = memoryHooks(vm, vm.races, instance);
  else if (instance.module.fuzz !== undefined)
    imports[MEMORY_HOOKS.module] = { [MEMORY_HOOKS.grown]: grown(vm, instance), [MEMORY_HOOKS.kept]: kept(vm) };
  return imports;
}

/** An access ends with a lock that its module took by itself. */
function kept(vm: Vm): () => number {
  return () => {
    vm.held.takeOver();
    return 0;
  };
}

/** A gate through which a thread can be left and come back to. */
function resumable(vm: Vm, instance: ModuleInstance, gate: Gate, name: string): Gate {
  const { activations } = vm;
  return (...args) => {
    const activation = activations.current!;
    let result: number | Suspended;
    if (activation.rewinding) result = activations.returned(activation);
    else result = vm.threads!.preempts(name) ? vm.threads!.giveTurnBefore(name, gate, args) : gate(...args);
    if (result !== SUSPENDED) return result;
    instance.coroutines!.beginLeaving(activation);
    return 0;
  };
}

/** A gate of a module that is not left in the middle. */
function unresumable(vm: Vm, instance: ModuleInstance, gate: Gate): Gate {
  const { parallel } = vm;
  if (parallel === undefined || instance.module.shared === undefined) return unleavable(vm, instance, gate);
  return (...args) => {
    const result = gate(...args);
    return result === SUSPENDED ? parallel.waitHere() : result;
  };
}

/**
 * A gate of a module that cannot be left, because no call of its own waits. What it finds locked all the same is held by
 * an outer callback of its own, which goes on only when this one has ended.
 */
function unleavable(vm: Vm, instance: ModuleInstance, gate: Gate): Gate {
  return (...args) => {
    const result = gate(...args);
    if (result !== SUSPENDED) return result;
    throw new StopModule(
      vm.findings.record(instance, {
        severity: "fault",
        rule: "lock",
        message: "deadlock: a callback waits for a lock that an outer callback of the same module holds",
        advice: "Unlock before signalling an interrupt or anything else that calls another vdev.",
      }),
    );
  };
}

/** What a failed assertion, an index out of range or `throw` of AssemblyScript ends in. */
function abort(instance: ModuleInstance, message: number, file: number, line: number, column: number): never {
  const text = instance.assemblyString(message) || "abort() was called";
  const where = instance.assemblyString(file);
  throw new AssemblyAbort(`${text}${where === "" ? "" : ` at ${where}:${line}:${column}`}`);
}
