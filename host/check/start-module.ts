import { importsOf } from "../calls/imports.ts";
import { UserError } from "../errors.ts";
import { EndOfVm, type Finding } from "../gate/finding.ts";
import { ModuleInstance } from "../sandbox/instance.ts";
import type { LoadedModule } from "../sandbox/load.ts";
import type { VmPlan } from "../vm/plan.ts";
import { Vm } from "../vm/vm.ts";

/** A VM with nothing in it. */
const EMPTY_PLAN: VmPlan = {
  system: "check",
  cpus: 1,
  ram: [],
  vdevs: [],
  policy: "strict",
  instances: "shared",
  onFault: "continue",
  unsupported: "fail",
  accessNs: 0,
};

/** A module whose top level has run, or has tried to. */
export interface StartedModule {
  readonly instance: ModuleInstance;
  readonly findings: readonly Finding[];
}

/**
 * Runs a module's top level in a VM of its own, with all limits and gates: only then is its factory known.
 * @throws UserError when it registers nothing though it ran to its end, ends the VM, or is for another ABI version
 */
export function startModule(module: LoadedModule): StartedModule {
  const vm = new Vm(EMPTY_PLAN);
  const instance = new ModuleInstance(module, 0, (self) => importsOf(vm, self));
  vm.instances.push(instance);
  const started = runTopLevel(vm, instance);
  if (started && instance.factories.length === 0) {
    throw new UserError(`${module.file} registers no factory: its top level must call vdev_register_factory()`);
  }
  return { instance, findings: vm.findings.all };
}

function runTopLevel(vm: Vm, instance: ModuleInstance): boolean {
  try {
    return vm.activations.startModule(instance);
  } catch (error) {
    if (!(error instanceof EndOfVm)) throw error;
    throw new UserError(`${instance.module.file} ends the VM while it is loaded: ${error.message}`);
  }
}
