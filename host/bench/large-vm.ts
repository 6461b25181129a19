import { basename } from "node:path";
import { parseConfig } from "../config/parse-config.ts";
import { builtFile } from "../paths.ts";
import type { Instances, VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { Vm } from "../vm/vm.ts";

/** The VM of load.config and load.memory. */
export const LARGE_VM = { vdevs: 1000, timers: 10_000 } as const;

/** Its types, an equal share of vdevs each: the shipped devices, and modules of the benchmarks. */
export const LARGE_VM_MODULES: readonly string[] = [
  "vdevs/trace.wasm",
  "vdevs/pl011.wasm",
  "vdevs/pl031.wasm",
  "vdevs/mc146818.wasm",
  "vdevs/wdt-sp805.wasm",
  "vdevs/wdt-ib700.wasm",
  "bench/counter.wasm",
  "bench/accesses.wasm",
];

const SHARE = LARGE_VM.vdevs / LARGE_VM_MODULES.length;
/**
 * Shipped devices arm a timer when their guest asks for it, and this one has no guest: all timers are the counters', so
 * that there are ten a vdev in the VM, and all armed.
 */
const TIMERS_OF_COUNTER = LARGE_VM.timers / SHARE;

const MEMORY = 0x10000000;
const PORTS = 0x1000;
const FIRST_LINE = 32;
const AT_PORTS: readonly string[] = ["mc146818", "wdt-ib700"];
const WITH_LINE: readonly string[] = ["pl011", "pl031", "mc146818", "wdt-sp805", "counter"];

/** Its configuration: each vdev at a place of its own; those that have an interrupt, on a line of their own. */
export function largeVmText(): string {
  const types = LARGE_VM_MODULES.map((file) => basename(file, ".wasm"));
  let line = FIRST_LINE;
  const vdevs = Array.from({ length: LARGE_VM.vdevs }, (_, i) => {
    const type = types[i % types.length]!;
    const loc = AT_PORTS.includes(type) ? `io:${PORTS + i * 0x10}` : `${MEMORY + i * 0x1000}`;
    const intr = WITH_LINE.includes(type) ? ` intr gic:${line++}` : "";
    const timers = type === "counter" ? ` timers ${TIMERS_OF_COUNTER}` : "";
    return `vdev ${type} loc ${loc}${intr}${timers}`;
  });
  return `system bench\nram 0x80000000,1M\n${vdevs.join("\n")}\n`;
}

/** @param folder where its modules are; those the build made, unless given */
export function largeVmPlan(instances: Instances, folder?: string): VmPlan {
  const modulePath = folder === undefined ? [builtFile("vdevs"), builtFile("bench")] : [folder];
  return { ...planFromConfig(parseConfig(largeVmText(), "bench.qvmconf"), { modulePath }), instances };
}

/** @throws Error when a VM is not the one whose figures are told */
export function checkLargeVm(vm: Vm): void {
  const armed = vm.timers.all.filter((timer) => timer.isSet).length;
  if (vm.vdevs.length !== LARGE_VM.vdevs || vm.findings.total > 0 || armed !== LARGE_VM.timers) {
    throw new Error(`${vm.vdevs.length} vdevs, ${armed} armed timers and ${vm.findings.total} findings`);
  }
}
