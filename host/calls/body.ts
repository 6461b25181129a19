import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { describeArguments } from "../gate/arguments.ts";
import type { RuleName } from "../gate/finding.ts";
import type { Body } from "../gate/gate.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Remark } from "../vm/findings.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import type { VmGateHost } from "./gate-host.ts";

/** Bodies by function name. Arguments are raw i32 as the module passed them, checked by the gate. */
export type Bodies = Record<string, Body>;

/** A body as it is written: the VM, the calling instance, and the raw arguments. */
export type CallBody = (vm: Vm, instance: ModuleInstance, ...args: number[]) => number | Suspended;

/** Makes bodies out of plain functions on the VM. */
export function bodies(table: Record<string, CallBody>): Bodies {
  const wrapped: Bodies = {};
  for (const [name, body] of Object.entries(table)) {
    wrapped[name] = ((host: VmGateHost, instance: ModuleInstance, args: readonly number[]) => {
      currentName = name;
      currentArgs = args;
      return run(body, host.vm, instance, args);
    }) as Body;
  }
  return wrapped;
}

/** `body(vm, instance, ...args)`: the engine passes an array on many times slower than its elements. */
function run(body: CallBody, vm: Vm, instance: ModuleInstance, args: readonly number[]): number | Suspended {
  switch (args.length) {
    case 1:
      return body(vm, instance, args[0]!);
    case 2:
      return body(vm, instance, args[0]!, args[1]!);
    case 3:
      return body(vm, instance, args[0]!, args[1]!, args[2]!);
    case 4:
      return body(vm, instance, args[0]!, args[1]!, args[2]!, args[3]!);
    default:
      return body(vm, instance, ...args);
  }
}

/** The call whose body runs, for its report. */
let currentName = "";
let currentArgs: readonly number[] = [];
const entries = new Map(GATE_TABLE.map((entry) => [entry.name, entry]));

/** Two halves of a 64-bit argument. */
export { joinHalves as u64 } from "../memory/halves.ts";

/** The vdev behind a vdev_t pointer the gate has accepted. */
export function vdevOf(vm: Vm, instance: ModuleInstance, vdp: number): Vdev | undefined {
  return vm.vdevs.find((vdev) => vdev.instance === instance && vdev.vdp === vdp >>> 0);
}

/** A rule only the body can check was broken. Throws under `strict`; otherwise the caller returns an errno. */
export function violation(
  vm: Vm,
  instance: ModuleInstance,
  rule: RuleName,
  call: string,
  message: string,
  text: string,
  advice: string,
): void {
  const manual = entries.get(call)?.source;
  const reason = { text, status: "documented", ...(manual ? { manual } : {}) };
  vm.findings.report(instance, { severity: "violation", rule, ...told(instance, call, message), reason, advice });
}

/** A call fails for a reason its author should see, though no documented rule is broken: a warning with the place. */
export function remark(
  vm: Vm,
  instance: ModuleInstance,
  rule: RuleName,
  call: string,
  message: string,
  advice: string,
): void {
  vm.findings.report(instance, { severity: "warning", rule, ...told(instance, call, message), advice });
}

function told(
  instance: ModuleInstance,
  call: string,
  message: string,
): { message: string; call: NonNullable<Remark["call"]> } {
  const entry = entries.get(call);
  const args = currentName === call && entry !== undefined ? describeArguments(entry, currentArgs, instance) : [];
  return { message: `${call}() ${message}`, call: { name: call, arguments: args } };
}

/** Writes text as snprintf does: cut to fit, always with a NUL. @returns the length the whole text has */
export function writeText(instance: ModuleInstance, address: number, size: number, text: string): number {
  const encoded = new TextEncoder().encode(text);
  if (address !== 0 && size > 0) {
    const fits = encoded.subarray(0, size - 1);
    instance.write(address >>> 0, fits);
    instance.setU8((address >>> 0) + fits.length, 0);
  }
  return encoded.length;
}
