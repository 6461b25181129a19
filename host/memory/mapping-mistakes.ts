import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";

export const OVERRUN = {
  message: "bytes right before or behind a mapping of guest memory were written",
  advice: "Stay within the length that was mapped: on qvm such a write lands in other guest memory, or stops qvm.",
} as const;
export const NOT_WRITABLE = {
  message: "a mapping made without PROT_WRITE was written to",
  advice: "The write is lost. Map with PROT_WRITE what is to be written; on qvm such a write stops qvm.",
} as const;
export const WRITTEN_AFTER_UNMAP = {
  message: "bytes of a mapping were written after it was given back",
  advice: "The write is lost. Use a mapping only up to gasp_unmap(), and forget the pointer there.",
} as const;

/** What was in progress when a mapping was made or given back, for findings that come to light when it has ended. */
export interface Origin {
  readonly words: readonly [callback: number, thread: number, vdev: number, vcpu: number];
  /** Its stack is the place of the call. */
  readonly call: Error;
}

/** What is in progress now. */
export function originNow(vm: Vm): Origin {
  const { callback, thread, vdev, vcpu } = vm.context;
  return { words: [callback, thread, vdev, vcpu], call: new Error("mapping") };
}

/** A mistake that was made since the call of `origin`: that is the place the report can name. */
export function tellMistake(
  vm: Vm,
  instance: ModuleInstance,
  origin: Origin,
  mistake: { readonly message: string; readonly advice: string },
): void {
  const now = originNow(vm);
  vm.context.enter(...origin.words);
  vm.findings.record(instance, { severity: "warning", rule: "mapping", ...mistake, stackOf: origin.call });
  vm.context.enter(...now.words);
}
