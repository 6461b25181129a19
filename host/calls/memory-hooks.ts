import type { Races } from "../races/races.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { SUSPENDED } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";

/** What the memory-access pass makes a module import; where it can, a thread also gives its turn away here. */
export function memoryHooks(
  vm: Vm,
  races: Races,
  instance: ModuleInstance,
): Record<string, (...args: number[]) => number> {
  const hooks = races.hooks(instance);
  if (instance.module.watched?.yields !== true) return hooks;
  return { ...hooks, access: yielding(vm, races, instance, hooks.access!) };
}

function yielding(
  vm: Vm,
  races: Races,
  instance: ModuleInstance,
  access: (...args: number[]) => number,
): (...args: number[]) => number {
  const { activations } = vm;
  return (address, site) => {
    const activation = activations.current;
    const returns = activation?.rewinding === true;
    if (returns || races.yieldsAt(instance, address!, site!)) {
      const result = returns ? activations.returned(activation) : vm.threads!.giveTurn(() => 0);
      if (result === SUSPENDED) {
        instance.coroutines!.beginLeaving(activation!);
        return 0;
      }
    }
    return access(address!, site!);
  };
}
