import { vdev_s } from "../../abi/generated/layouts.ts";
import { formatPlace, type SourcePlace, UserError } from "../errors.ts";
import { formatPin } from "../interrupts/controllers.ts";
import { fillInterrupt } from "../interrupts/handles.ts";
import type { Line } from "../interrupts/line.ts";
import { formatAddress } from "../memory/format.ts";
import { didYouMean } from "../nearest-word.ts";
import type { ControllerPlan, IntrPlan } from "./plan.ts";
import { stoppedError } from "./startup-control.ts";
import type { Vdev } from "./vdev.ts";
import { EXIT, type Vm } from "./vm.ts";

/** Where the private and the shared peripheral interrupts of a GIC begin. */
const FIRST_PPI = 16;
const FIRST_SPI = 32;

/** Makes the host controllers that stand between the vdev before and the one with this index. */
export function declareControllers(vm: Vm, index: number): void {
  for (const plan of vm.plan.controllers ?? []) {
    if (plan.before === index) declareController(vm, plan);
  }
}

function declareController(vm: Vm, plan: ControllerPlan): void {
  const pic = asConfigured(() => vm.interrupts.controllers.declare(plan.type, plan.name, plan.place));
  if (plan.msi !== undefined) {
    const { address, base, count } = plan.msi;
    if (base + count > pic.lines) {
      throw configurationError(
        `msi of ${pic.name} names lines up to ${base + count - 1}, and it has ${pic.lines}`,
        plan.msi.place ?? plan.place,
      );
    }
    vm.interrupts.msis.addFrame({ pic, address, base, count });
  }
  for (const option of plan.repeated ?? [])
    vm.log("warn", undefined, `${pic.name} was given ${option} more than once; only the last counts`);
  if (plan.ignored.length === 0) return;
  const words = plan.ignored.join(", ");
  vm.log("warn", undefined, `${pic.name} is a controller of the host's own, without registers: ${words} has no effect`);
}

/** Bytes of a GICv2m frame (Arm SBSA, appendix on GICv2m). */
const FRAME_BYTES = 0x1000n;

/**
 * The frames of `msi` lie where nobody else is, once every vdev has its place. No page says so of qvm.
 * @throws UserError when one does not
 */
export function checkFrames(vm: Vm): void {
  const before: { readonly name: string; readonly address: bigint }[] = [];
  for (const { name, msi, place } of vm.plan.controllers ?? []) {
    if (msi === undefined) continue;
    const { address } = msi;
    const other = before.find((one) => address < one.address + FRAME_BYTES && one.address < address + FRAME_BYTES);
    const sentence =
      other === undefined
        ? vm.spaces.memory.conflict(address, FRAME_BYTES, `msi of ${name}`)
        : `msi of ${name} overlaps the frame of ${other.name} at ${formatAddress("memory", other.address)}`;
    if (sentence !== undefined) throw new UserError(sentence, msi.place ?? place);
    before.push({ name, address });
  }
}

/**
 * `intr`: connects the vdev with the line and fills v_intr.
 * @throws UserError for a controller or line there is none of
 */
export function applyIntr(vm: Vm, vdev: Vdev, intr = vdev.plan.intr): void {
  if (intr === undefined) return;
  const { pic, line, param } = resolvePin(vm, vdev, intr);
  const source = vm.interrupts.connectConfigured(line, vdev, param);
  if (typeof source === "string") throw new UserError(source, intr.place ?? vdev.plan.place);
  fillInterrupt(vdev.instance, vdev.vdp + vdev_s.v_intr, pic, param, source.bit);
}

/**
 * The pins behind the first, for a vdev that has `intr` among its own options: it connects them itself, with
 * qvm_parse_intr(), which can say little of what is wrong.
 * @throws UserError for a controller or line there is none of
 */
export function checkMorePins(vm: Vm, vdev: Vdev): void {
  if (!vdev.factory.optionList.includes("intr")) return;
  for (const pin of vdev.plan.morePins ?? []) resolvePin(vm, vdev, pin);
}

function resolvePin(vm: Vm, vdev: Vdev, intr: IntrPlan) {
  const at = intr.place ?? vdev.plan.place;
  const pic = vm.interrupts.controllers.find(intr.pic);
  if (pic === undefined) throw unknownController(vm, intr, at);
  const text = `${intr.line}`;
  const resolved = vm.interrupts.resolve(pic, text);
  if (pic.kind === "vdev" && pic.vdev.instance.stopped !== undefined) {
    throw stoppedError(vm, pic.vdev.instance, `${pic.name}, asked for the line ${text},`, at);
  }
  if (typeof resolved === "string") throw configurationError(resolved, at);
  if (resolved.length !== text.length) throw configurationError(`${pic.name} knows no line ${text}`, at);
  if (pic.kind === "host" && pic.type === "gic") remarkPrivateLine(vm, vdev, resolved.line, at);
  return { ...resolved, pic };
}

/**
 * Lines of a GIC that are no device's: 0 to 15 only software raises (SGIs), 16 to 31 are peripherals of each CPU (PPIs;
 * Arm IHI 0069, 2.2.1). That qvm refuses them in `intr` no page says, so they are only told of.
 */
function remarkPrivateLine(vm: Vm, vdev: Vdev, line: Line, at: SourcePlace | undefined): void {
  if (line.line >= FIRST_SPI) return;
  const kind = line.line < FIRST_PPI ? "only software raises it (SGI)" : "it is each CPU's own (PPI)";
  const where = at === undefined ? "" : ` (${formatPlace(at)})`;
  vm.log("warn", vdev, `${formatPin(line)} is no line for a device: ${kind}; those begin at ${FIRST_SPI}${where}`);
}

/** That a controller stands in front of its users is checked where the configuration is read. */
function unknownController(vm: Vm, intr: IntrPlan, place: SourcePlace | undefined): UserError {
  if (vm.vdevs.some((other) => other.name === intr.pic && other.factory.controller === undefined)) {
    return configurationError(`${intr.pic} is no interrupt controller: its factory has no pic functions`, place);
  }
  const known = vm.interrupts.controllers.all.map(({ name }) => name);
  const hint = didYouMean(intr.pic, known);
  return configurationError(
    `there is no interrupt controller ${intr.pic}${hint}; known are ${known.join(", ")}`,
    place,
  );
}

/** As for a vdev nobody has: what the configuration names is wrong, and no vdev refused anything. */
function configurationError(sentence: string, place: SourcePlace | undefined): UserError {
  const error = new UserError(sentence, place);
  error.exitCode = EXIT.configuration;
  return error;
}

function asConfigured<T>(step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof UserError) error.exitCode ??= EXIT.configuration;
    throw error;
  }
}

/** A vdev with pic functions becomes a controller: nameable once its options are read. */
export function completeController(vm: Vm, vdev: Vdev): void {
  const pic = vm.interrupts.controllers.ofVdev(vdev);
  if (pic !== undefined) pic.complete = true;
}

/** The last of the startup: controllers are told what to report, and heaps are marked where a rule is about them. */
export function settleInterrupts(vm: Vm): void {
  vm.interrupts.requestNotifications();
  for (const instance of vm.instances) {
    const asks = instance.module.calls.some(({ threadSafe }) => threadSafe.value === "no-allocation-when-running");
    if (asks && instance.stopped === undefined) instance.markHeap();
  }
}
