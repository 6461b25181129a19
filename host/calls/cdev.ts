import {
  CDEV_OPT_BATCH_IDX,
  CDEV_OPT_DELAYED_IDX,
  CDEV_OPT_HOSTDEV_IDX,
  EAGAIN,
  EBUSY,
  EINVAL,
  EOK,
  VDEV_CTRL_FIRST_OPTIDX,
} from "../../abi/generated/constants.ts";
import { type CharacterDevice, OUTPUT_BUFFER_BYTES } from "../character/character-devices.ts";
import { UserError } from "../errors.ts";
import { PHASE } from "../gate/situation.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { BYTES_PER_WORK, chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, vdevOf } from "./body.ts";

/** Looks the device of a call up and answers with it; -EINVAL before cdev_setup(). */
function withDevice(
  vm: Vm,
  instance: ModuleInstance,
  cds: number,
  answer: (device: CharacterDevice) => number,
): number {
  const device = vm.character.find(instance, cds >>> 0);
  return device === undefined ? -EINVAL : answer(device);
}

const waiting = ({ input, taken }: CharacterDevice) => input.length - taken;

/**
 * `<qvm/cdev.h>`. The prototypes beside cdev_control() are ours: bytes are handed over at once, and no call blocks.
 */
export const cdevBodies = bodies({
  cdev_setup(vm, instance, cds, vdp, inputCode, outputCode) {
    const vdev = vdevOf(vm, instance, vdp!);
    if (vdev === undefined) return EINVAL;
    return vm.character.add(vdev, cds! >>> 0, inputCode!, outputCode!) === undefined ? EBUSY : EOK;
  },

  cdev_control(vm, instance, cds, ctrl, arg) {
    const device = vm.character.find(instance, cds! >>> 0);
    if (device === undefined) return EINVAL;
    if (vm.context.phase !== PHASE.startup) return EOK;
    switch (ctrl! - VDEV_CTRL_FIRST_OPTIDX) {
      case CDEV_OPT_HOSTDEV_IDX:
        return openHostDevice(device, optionText(instance, arg!));
      case CDEV_OPT_DELAYED_IDX:
        if (!isCount(vm, device, "delayed", optionText(instance, arg!), "seconds or forever")) return EINVAL;
        vm.log("warn", device.vdev, "the option delayed has no effect in vdevbox: the host device is open at once");
        return EOK;
      case CDEV_OPT_BATCH_IDX:
        if (!isCount(vm, device, "batch", optionText(instance, arg!), "microseconds")) return EINVAL;
        vm.log("warn", device.vdev, "the option batch has no effect in vdevbox: output goes out at once");
        return EOK;
      default:
        return EOK;
    }
  },

  cdev_input_available: (vm, instance, cds) => withDevice(vm, instance, cds!, (device) => Number(waiting(device) > 0)),
  cdev_input_num_available: (vm, instance, cds) => Math.max(withDevice(vm, instance, cds!, waiting), 0),
  cdev_input_receive: (vm, instance, cds) => withDevice(vm, instance, cds!, waiting),

  cdev_output_busy: (vm, instance, cds) => withDevice(vm, instance, cds!, ({ pending }) => Number(pending.length > 0)),
  cdev_output_empty: (vm, instance, cds) =>
    withDevice(vm, instance, cds!, ({ pending }) => Number(pending.length === 0)),
  cdev_output_full: (vm, instance, cds) =>
    withDevice(vm, instance, cds!, ({ pending }) => Number(pending.length === OUTPUT_BUFFER_BYTES)),
  cdev_output_num_pending: (vm, instance, cds) =>
    Math.max(
      withDevice(vm, instance, cds!, ({ pending }) => pending.length),
      0,
    ),

  cdev_read: (vm, instance, cds, buffer, length) =>
    withDevice(vm, instance, cds!, (device) => {
      const bytes = vm.character.read(device, length! >>> 0);
      chargeHostWork(vm, instance, bytes.length / BYTES_PER_WORK);
      instance.write(buffer! >>> 0, bytes);
      return bytes.length;
    }),

  cdev_write: (vm, instance, cds, buffer, length) =>
    withDevice(vm, instance, cds!, (device) => {
      const at = buffer! >>> 0;
      chargeHostWork(vm, instance, (length! >>> 0) / BYTES_PER_WORK);
      return vm.character.write(device, instance.bytes.subarray(at, at + (length! >>> 0)));
    }),

  cdev_write_buffer: (vm, instance, cds) => withDevice(vm, instance, cds!, ({ held }) => (held ? -EAGAIN : 0)),
});

/** Whether the argument of an option is what it takes: a count, or `forever` where the option has it. */
function isCount(vm: Vm, { vdev }: CharacterDevice, option: string, text: string, takes: string): boolean {
  if (/^(0x[0-9a-f]{1,8}|0|[1-9]\d{0,9})$/i.test(text) || (text === "forever" && takes.includes(text))) return true;
  vm.log("error", vdev, `${option} takes ${takes}, and not "${text}"`);
  return false;
}

function optionText(instance: ModuleInstance, address: number): string {
  const at = address >>> 0;
  return at === 0 || at >= instance.bytes.length ? "" : instance.cstring(at);
}

/**
 * `hostdev [<|>]dev`, more than once if wanted: `<` input only, `>` output only.
 * @throws UserError for a device other than `-`, standard input and output of the run
 */
function openHostDevice(device: CharacterDevice, text: string): number {
  const [, direction, name] = /^([<>]?)(.*)$/s.exec(text)!;
  if (name !== "-") {
    const sentence = `${device.vdev.name} is to use the host device "${name}"; vdevbox has "-" only, as in \`hostdev >-\``;
    throw new UserError(sentence, device.vdev.optionPlace ?? device.vdev.plan.place);
  }
  if (direction !== ">") device.hasInput = true;
  if (direction !== "<") device.hasOutput = true;
  return EOK;
}
