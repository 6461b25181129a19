import type { DoubleFetch } from "../memory/fetches.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { remark } from "./body.ts";

/**
 * Tells of a guest byte that the callback in progress had fetched before, with another value. A warning: the manual has
 * no rule for it, and what the vdev does with the two values is not seen.
 * @param call the function that fetched it now
 */
export function remarkDoubleFetch(
  vm: Vm,
  instance: ModuleInstance,
  call: string,
  changed: DoubleFetch | undefined,
): void {
  if (changed === undefined) return;
  remark(vm, instance, "double-fetch", call, describe(changed), ADVICE);
}

/** The same of a load from a mapping, in VMs that are shown loads. */
export function remarkDoubleLoad(vm: Vm, instance: ModuleInstance, changed: DoubleFetch | undefined): void {
  if (changed === undefined) return;
  const message = `a load from a mapping ${describe(changed)}`;
  vm.findings.report(instance, { severity: "warning", rule: "double-fetch", message, advice: ADVICE });
}

const ADVICE =
  "The guest may write its memory at any time. Copy what is to be checked once, then check the copy and use the copy.";

function describe({ address, before, after, by }: DoubleFetch): string {
  return `got 0x${hex(after)} for the guest byte at 0x${address.toString(16)}, and ${by} had got 0x${hex(before)} in the same callback`;
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
