import type { Instances } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { type Figure, figure, median, significant } from "./figure.ts";
import { checkLargeVm, LARGE_VM, LARGE_VM_MODULES, largeVmPlan } from "./large-vm.ts";
import { ownSide } from "./side.ts";

/** `memory`; a request is `shared` or `private`. Resident KiB a vdev, of a process that holds one VM of a thousand. */
export function memorySide(): (request: string) => number {
  let vm: Vm | undefined;
  return (request) => {
    if (vm !== undefined) throw new Error("a process measures its memory once");
    const before = residentBytes();
    vm = createVm(largeVmPlan(request as Instances));
    checkLargeVm(vm);
    const linear = vm.instances.reduce((sum, instance) => sum + touchedBytes(instance.bytes), 0);
    return (residentBytes() - before - linear) / LARGE_VM.vdevs / 1024;
  };
}

const PAGE_BYTES = 4096;
const ZERO_PAGE = Buffer.alloc(PAGE_BYTES);

/** Pages of linear memory that are not all zero: those are resident, the others perhaps not. */
function touchedBytes(memory: Uint8Array): number {
  let bytes = 0;
  for (let start = 0; start < memory.length; start += PAGE_BYTES) {
    if (!ZERO_PAGE.equals(memory.subarray(start, start + PAGE_BYTES))) bytes += PAGE_BYTES;
  }
  return bytes;
}

/** What the process holds after two collections; the second frees what the first one's finalizers let go. */
function residentBytes(): number {
  const collect = (globalThis as { gc?: () => void }).gc;
  collect?.();
  collect?.();
  return process.memoryUsage.rss();
}

/** Resident memory of an idle vdev beyond its linear memory, each round in a new process. */
export async function memory(rounds: number): Promise<Figure> {
  const [shared, own]: [number[], number[]] = [[], []];
  for (let round = 0; round < rounds; round++) {
    shared.push(await inNewProcess("shared"));
    own.push(await inNewProcess("private"));
  }
  return figure(
    {
      value: median(shared),
      unit: "KiB",
      rounds,
      note: `${LARGE_VM.vdevs} vdevs of ${LARGE_VM_MODULES.length} types with ${LARGE_VM.timers} armed timers in one VM, compiled code included; with instances private ${significant(median(own))} KiB`,
    },
    { of: "value", most: 64 },
  );
}

async function inNewProcess(instances: Instances): Promise<number> {
  const side = ownSide("memory", ["--expose-gc"]);
  try {
    return await side.round(instances);
  } finally {
    side.close();
  }
}
