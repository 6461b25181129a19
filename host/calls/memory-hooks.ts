import { formatPlace } from "../errors.ts";
import type { Races } from "../races/races.ts";
import type { OnGuestBytes } from "../races/watched-memory.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { SITE } from "../sandbox/memory-sites.ts";
import { SUSPENDED } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";
import { remarkDoubleLoad } from "./double-fetch.ts";

/** What the memory-access pass makes a module import; where it can, a thread also gives its turn away here. */
export function memoryHooks(
  vm: Vm,
  races: Races,
  instance: ModuleInstance,
): Record<string, (...args: number[]) => number> {
  const own = races.hooks(instance, guestBytes(vm, instance));
  const hooks: Record<string, (...args: number[]) => number> = { ...own, grown: grown(vm, instance) };
  if (instance.module.watched?.yields !== true) return hooks;
  return { ...hooks, access: yielding(vm, races, instance, hooks.access!) };
}

/** Told by modules whose memory is no more or less than what the host has reserved for it. */
export function grown(vm: Vm, instance: ModuleInstance): () => number {
  return () => {
    instance.memoryGrown();
    vm.growth.grown(instance);
    return 0;
  };
}

/** Tells of loads and stores in windows on guest memory, whose bytes may change from one load to the next. */
function guestBytes(vm: Vm, instance: ModuleInstance): OnGuestBytes {
  const { windows } = vm;
  windows.watchLoads();
  return (address, bytes, kind, placeOf) => {
    if (!windows.any || !windows.holds(instance, address, bytes)) return false;
    if ((kind & SITE.read) !== 0) {
      const by = () => {
        const place = placeOf();
        return place === undefined ? "an earlier load" : `the load at ${formatPlace(place)}`;
      };
      remarkDoubleLoad(vm, instance, windows.loads(instance, address, bytes, by));
    }
    if ((kind & SITE.write) !== 0) windows.stores(instance, address, bytes);
    return true;
  };
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
