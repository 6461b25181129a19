import { EINVAL, GIN_ACK, GIN_UNMASK, GIS_OFF, GIS_ON, VFF_INTR_NO } from "../../abi/generated/constants.ts";
import { guest_intr } from "../../abi/generated/layouts.ts";
import { UserError } from "../errors.ts";
import { PHASE } from "../gate/situation.ts";
import { automaticLine, connect } from "../interrupts/assign.ts";
import { formatPin, type Pic } from "../interrupts/controllers.ts";
import { fillInterrupt, picAt } from "../interrupts/handles.ts";
import type { Line } from "../interrupts/line.ts";
import { MAX_LINES } from "../interrupts/pic-functions.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { exampleInterrupt } from "../vm/example-interrupt.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { NOTHING_RESERVED } from "../vm/reserved.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, remark, vdevOf, violation, writeText } from "./body.ts";

/** Where the members of a guest_intr come from; a rule for every call that takes one. */
const ORIGIN = "an interrupt comes from the intr option, qvm_parse_intr() or guest_intr_assign()";

/** Units of one signal: a change of a line is an event for everybody who listens. */
const SIGNAL_WORK = 10;

interface Given {
  readonly line: Line;
  readonly param: number;
  readonly srcId: number;
}

/** How a vdev that has no interrupt could have one. */
function connectAdvice(vm: Vm): string {
  const vdev = vm.vdevs[vm.context.vdev];
  if (vdev === undefined) return "Give the vdev an interrupt, or check v_intr.pic before the call.";
  if ((vdev.factory.flags & VFF_INTR_NO) !== 0)
    return "Its factory has VFF_INTR_NO, so it never has an interrupt: take the flag out, or the call.";
  if (vdev.plan.intr !== undefined) return "Connect it before the call: v_intr is, and this is another one.";
  return `Give the vdev an interrupt${exampleInterrupt(vm, vdev.plan)}, or check v_intr.pic before the call.`;
}

/** The line a guest_intr of a module means. A violation, and undefined, when it means none. */
function lineAt(vm: Vm, instance: ModuleInstance, call: string, gip: number): Given | undefined {
  const at = gip >>> 0;
  const address = instance.u32(at + guest_intr.pic);
  const { interrupts } = vm;
  const pic = picAt(interrupts.controllers, instance, address);
  if (pic === undefined) {
    const message =
      address === 0
        ? "was given an interrupt that is not connected"
        : `was given an interrupt whose pic = 0x${address.toString(16)} is no interrupt controller`;
    violation(vm, instance, "argument", call, message, ORIGIN, connectAdvice(vm));
    return undefined;
  }
  const param = instance.u32(at + guest_intr.param);
  const number = interrupts.lineOf(pic, param);
  if (number >= pic.lines) {
    const message = `was given line ${number}, and ${pic.name} has lines 0 to ${pic.lines - 1}`;
    violation(vm, instance, "argument", call, message, ORIGIN, "Leave v_intr as it was given.");
    return undefined;
  }
  return { line: interrupts.lines.at(pic, number), param, srcId: instance.u32(at + guest_intr.src_id) };
}

/** Whether a module may signal a line as this source. */
function hasSource(line: Line, srcId: number, instance: ModuleInstance): boolean {
  for (const source of line.state.sources) if (source.bit === srcId && source.instance === instance.id) return true;
  return false;
}

export const guestIntrBodies = bodies({
  guest_intr_signal(vm, instance, gip, state) {
    chargeHostWork(vm, instance, SIGNAL_WORK);
    const given = lineAt(vm, instance, "guest_intr_signal", gip!);
    if (given === undefined) return EINVAL;
    const { line, srcId } = given;
    if ((state! & (GIS_ON | GIS_OFF)) === (GIS_ON | GIS_OFF)) return EINVAL;
    if (!hasSource(line, srcId, instance)) {
      const message = `was given src_id = 0x${srcId.toString(16)}, which is no source of ${formatPin(line)} of this module's`;
      violation(vm, instance, "argument", "guest_intr_signal", message, ORIGIN, "Leave v_intr as it was given.");
      return EINVAL;
    }
    return vm.interrupts.signal(instance, line, given, state!);
  },

  guest_intr_assign(vm, instance, picAddress, pnum, type, ip) {
    const { interrupts } = vm;
    const pic = picAt(interrupts.controllers, instance, picAddress! >>> 0);
    const refused = (message: string): number => {
      const rule =
        "pic is a controller, pnum one of its lines, and a line only moves upwards in guest_intr_assign_type";
      const advice = "Take pic from v_intr or qvm_parse_intr(), and a line nobody else has for itself.";
      violation(vm, instance, "argument", "guest_intr_assign", message, rule, advice);
      return 0;
    };
    if (pic === undefined)
      return refused(`was given pic = 0x${(picAddress! >>> 0).toString(16)}, which is no controller`);
    const number = pnum! >>> 0;
    if (number >= pic.lines)
      return refused(`was given line ${number}, and ${pic.name} has lines 0 to ${pic.lines - 1}`);
    const wrong = give(vm, instance, pic, number, type! >>> 0, ip! >>> 0);
    return wrong === undefined ? 0 : refused(`cannot be done: ${wrong}`);
  },

  guest_intr_assign_auto(vm, instance, ip, type) {
    const { interrupts } = vm;
    const found = automaticLine(interrupts.controllers, interrupts.lines, (vm.plan.reserved ?? NOTHING_RESERVED).lines);
    if (found === undefined) {
      throw new UserError(
        `${ownerOf(vm, instance)} asks for an interrupt line, and no controller has a free one`,
        vm.vdevs[vm.context.vdev]?.plan.place,
      );
    }
    const wrong = give(vm, instance, found.pic, found.line, type! >>> 0, ip! >>> 0);
    if (wrong === undefined) return 0;
    const advice = "GIAT_EXCLUSIVE is for a line nobody else has; give the vdev one with its intr option.";
    const rule = "a line is assigned as one of guest_intr_assign_type";
    violation(vm, instance, "argument", "guest_intr_assign_auto", `cannot be done: ${wrong}`, rule, advice);
    return 0;
  },

  // GIS_ON and GIS_OFF are levels: a controller that is a vdev gets levels, whatever its guest has made of the line.
  guest_intr_level(vm, instance, gip) {
    const given = lineAt(vm, instance, "guest_intr_level", gip!);
    return given === undefined || given.line.state.trigger === "edge" ? 0 : 1;
  },

  guest_intr_num_pins(vm, instance, vdp, count) {
    const vdev = vdevOf(vm, instance, vdp!);
    const pic = vdev === undefined ? undefined : vm.interrupts.controllers.ofVdev(vdev);
    const lines = count! >>> 0;
    // A function whose prototype is ours has no documented rule to break.
    const refused = (message: string): number => {
      const advice = "Set the factory's pic, and call it in VDEV_CTRL_OPTIONS_START or _END.";
      remark(vm, instance, "argument", "guest_intr_num_pins", message, advice);
      return 0;
    };
    if (pic === undefined) return refused("was called by a vdev whose factory has no pic functions");
    if (lines === 0) return refused("was given 0 lines, and a controller has one at least");
    if (lines > MAX_LINES) return refused(`was given ${lines} lines, and ${MAX_LINES} are the most`);
    const used = [...vm.lines.all()].find((line) => line.pic === pic && line.line >= lines);
    if (used !== undefined) return refused(`was given ${lines} lines, and ${formatPin(used)} is in use`);
    pic.lines = lines;
    return 0;
  },

  guest_intr_string(vm, instance, gip, buffer, size) {
    const given = lineAt(vm, instance, "guest_intr_string", gip!);
    if (given === undefined) return 0;
    const at = buffer! >>> 0;
    const { heapMark } = instance;
    const isLate = heapMark !== undefined && at >= heapMark && !vm.windows.holds(instance, at);
    if (vm.context.phase === PHASE.running && isLate) {
      const message = `was given buf = 0x${at.toString(16)}, which was allocated while the VM runs`;
      const rule = "the buffer must not be allocated while running";
      const advice = "Take it from stack_alloc(), or from memory that the vdev has had since startup.";
      violation(vm, instance, "thread-safety", "guest_intr_string", message, rule, advice);
      return 0;
    }
    return writeText(instance, at, size! >>> 0, vm.interrupts.textOf(given.line, given));
  },

  guest_intr_notify(vm, instance, vdp, param, gin) {
    const vdev = vdevOf(vm, instance, vdp!);
    const pic = vdev === undefined ? undefined : vm.interrupts.controllers.ofVdev(vdev);
    const refused = (message: string): number => {
      const rule = "a controller reports GIN_UNMASK and GIN_ACK of its own lines";
      const advice = "Call it in vwrite of the controller, where the guest unmasks or acknowledges a line.";
      violation(vm, instance, "argument", "guest_intr_notify", message, rule, advice);
      return 0;
    };
    if (pic === undefined) return refused("was called by a vdev whose factory has no pic functions");
    const line = vm.interrupts.lineOf(pic, param!);
    if (line >= pic.lines) return refused(`was given line ${line}, and ${pic.name} has lines 0 to ${pic.lines - 1}`);
    const known = GIN_UNMASK | GIN_ACK;
    if ((gin! & known) === 0 || (gin! & ~known) !== 0) return refused(`was given gin = ${gin! >>> 0}`);
    vm.interrupts.notified(pic, line, gin!);
    return 0;
  },
});

/** Connects the vdev in progress with a line and fills its guest_intr. @returns why not, as a sentence */
function give(
  vm: Vm,
  instance: ModuleInstance,
  pic: Pic,
  number: number,
  type: number,
  ip: number,
): string | undefined {
  const { lines } = vm.interrupts;
  const source = connect(lines, lines.at(pic, number), type, { instance: instance.id, owner: ownerOf(vm, instance) });
  if (typeof source === "string") return source;
  if (ip !== 0) fillInterrupt(instance, ip, pic, number, source.bit);
  return undefined;
}

function ownerOf(vm: Vm, instance: ModuleInstance): string {
  return vm.vdevs[vm.context.vdev]?.name ?? instance.module.file;
}
