import { EINVAL, EOK, GPSC_OFF, GPSC_WAIT } from "../../abi/generated/constants.ts";
import { DUMP_WORK } from "../vm/guest-dump.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import { bodies, remark, u64, vdevOf, violation } from "./body.ts";

const GPSC = GPSC_WAIT | GPSC_OFF;

/** Power button, power state of guest CPUs, guest dump: the part of `qvm/guest.h` that is about the VM's power. */
export const guestPowerBodies = bodies({
  guest_button_register(vm, instance, vdp) {
    const vdev = vdevOf(vm, instance, vdp!);
    if (vdev === undefined) return EINVAL; // a controller of the host's own
    vm.power.addButton(vdev);
    return EOK;
  },

  guest_power_state_current(vm, instance, _gsp, cmd, base, count, result) {
    if (!vm.power.hasRegistered(instance)) {
      violation(
        vm,
        instance,
        "argument",
        "guest_power_state_current",
        "was called before a notification was registered",
        "a notification has to be created and registered first",
        "Call guest_power_state_notify_create() and guest_power_state_notify_register() before.",
      );
      return -EINVAL;
    }
    if (!isCommand(cmd!) || base !== 0) return -EINVAL;
    const words = Math.min(count! >>> 0, vm.power.words);
    for (let word = 0; word < words; word++) {
      instance.setU64((result! >>> 0) + 8 * word, vm.power.bitset(cmd!, word));
    }
    return words;
  },

  guest_power_state_notify_create(vm, instance) {
    const vdev = vm.vdevs[vm.context.vdev] ?? vm.vdevs[instance.vdevs[0] ?? -1];
    return vdev === undefined ? 0 : vm.power.createNotification(vdev);
  },

  guest_power_state_notify_delete(vm, instance, handle) {
    vm.power.deleteNotification(instance, handle! >>> 0);
    return 0;
  },

  guest_power_state_notify_register(vm, instance, handle, cmd, base, maskLo, maskHi, bitsLo, bitsHi, func, data) {
    const mask = u64(maskLo!, maskHi!);
    const bits = u64(bitsLo!, bitsHi!);
    const wrong = !isCommand(cmd!)
      ? `was given cmd = ${cmd}, which is not GPSC_WAIT, GPSC_OFF or both`
      : base !== 0
        ? `was given base = ${base! >>> 0}, which must be 0`
        : (bits & ~mask) !== 0n
          ? "was given bits outside mask, so it could never fire"
          : undefined;
    if (wrong !== undefined) {
      // The function returns nothing by which the vdev could learn of it.
      const advice = "Nothing was registered: correct the arguments.";
      remark(vm, instance, "argument", "guest_power_state_notify_register", wrong, advice);
      return 0;
    }
    vm.power.register(instance, handle! >>> 0, { cmd: cmd!, mask, bits, func: func!, data: data! });
    return 0;
  },

  guest_write_core_file(vm, instance) {
    chargeHostWork(vm, instance, DUMP_WORK);
    return vm.dump.write(`asked for by ${vm.vdevs[vm.context.vdev]?.name ?? "a module"}`);
  },
});

function isCommand(cmd: number): boolean {
  return cmd !== 0 && (cmd & ~GPSC) === 0;
}
