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
  const { address, before, after, by } = changed;
  remark(
    vm,
    instance,
    "double-fetch",
    call,
    `got 0x${hex(after)} for the guest byte at 0x${address.toString(16)}, and ${by}() had got 0x${hex(before)} in the same callback`,
    "The guest may write its memory at any time. Copy what is to be checked once, then check the copy and use the copy.",
  );
}

function hex(byte: number): string {
  return byte.toString(16).padStart(2, "0");
}
