import { QVM_OUTAL_MASK, QVM_OUTAL_OFFSET } from "../../abi/generated/constants.ts";
import { EndOfVm } from "../gate/finding.ts";
import { counted } from "../plural.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Severity } from "../vm/events.ts";
import { BYTES_PER_WORK, chargeHostWork } from "../vm/host-work.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { bodies, remark, vdevOf, violation } from "./body.ts";
import { PRINTF_SLOTS, printf } from "./printf.ts";

/** Longest message, in bytes; what is longer is cut. */
const MESSAGE_LIMIT = 4096;
/** Units of host work a message costs beside its length. */
const TEXT_WORK = 20;

/** A printf call of a vdev as text. */
function format(vm: Vm, instance: ModuleInstance, call: string, formatAt: number, args: number): string {
  const result = printf(instance.cstring(formatAt), {
    u64: (slot) => instance.u64((args >>> 0) + 8 * Math.min(slot, PRINTF_SLOTS - 1)),
    string: (address) => (address < instance.bytes.length ? instance.cstring(address, MESSAGE_LIMIT) : "(bad string)"),
  });
  chargeHostWork(vm, instance, TEXT_WORK + ("text" in result ? result.text.length / BYTES_PER_WORK : 0));
  if ("text" in result) {
    if (result.tooFew !== undefined) remarkTooFew(vm, instance, call, result.tooFew);
    return result.text.slice(0, MESSAGE_LIMIT);
  }
  violation(
    vm,
    instance,
    "argument",
    call,
    `was given a format it cannot use: ${result.wrong}`,
    "the format is printf's",
    "Change the format string.",
  );
  return instance.cstring(formatAt).slice(0, MESSAGE_LIMIT);
}

/** C leaves open what happens then; here each argument that is not there counts as 0. */
function remarkTooFew(
  vm: Vm,
  instance: ModuleInstance,
  call: string,
  { asked, given }: { asked: number; given: number },
) {
  const message = `was given a format that asks for ${counted(asked, "argument")}, and ${given === 0 ? "none" : given} behind it`;
  remark(vm, instance, "argument", call, message, "Pass one argument for each conversion, and one for each *.");
}

function fatalExit(vm: Vm): number {
  return vm.context.phase === 0 ? EXIT.fatalBeforeStart : EXIT.fatalAfterStart;
}

export const logBodies = bodies({
  vdev_logf(vm, instance, level, vdp, text, args) {
    const vdev = vdevOf(vm, instance, vdp!);
    const message = format(vm, instance, "vdev_logf", text!, args!);
    if (vdev === undefined) vm.log(severityOf(level!), undefined, message);
    else vm.vdevLog(severityOf(level!), vdev, message);
    return 0;
  },

  qvm_logf(vm, instance, level, text, args) {
    vm.log(severityOf(level!), undefined, format(vm, instance, "qvm_logf", text!, args!));
    return 0;
  },

  qvm_report(vm, instance, text, args) {
    const source = vm.vdevs[vm.context.vdev]?.name ?? "qvm";
    vm.statusText.report(source, format(vm, instance, "qvm_report", text!, args!));
    return 0;
  },

  qvm_outf(vm, instance, level, text, args) {
    const message = format(vm, instance, "qvm_outf", text!, args!);
    const severity = severityOf(level!);
    vm.log(severity, undefined, message);
    if (severity === "fatal" || severity === "internal") throw new EndOfVm(fatalExit(vm), message);
    return 0;
  },

  qvm_outff(vm, instance, _level, text, args) {
    const message = format(vm, instance, "qvm_outff", text!, args!);
    vm.log("fatal", undefined, message);
    throw new EndOfVm(fatalExit(vm), message);
  },

  qvm_fatal(vm, instance, _level, text, args) {
    const message = format(vm, instance, "qvm_fatal", text!, args!);
    vm.log("fatal", undefined, message);
    throw new EndOfVm(fatalExit(vm), message);
  },
});

/** Labels of an attribute by number; the numbers are ours, the manual gives only the names. */
const LABELS: readonly (Severity | undefined)[] = [
  undefined,
  "fatal",
  "internal",
  "error",
  "warn",
  "info",
  "debug",
  "verbose",
];

function severityOf(attribute: number): Severity {
  return LABELS[(attribute & QVM_OUTAL_MASK) >>> QVM_OUTAL_OFFSET] ?? "info";
}
