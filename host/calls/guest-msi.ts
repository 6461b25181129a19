import { EINVAL } from "../../abi/generated/constants.ts";
import { bodies, remark, u64, vdevOf, violation } from "./body.ts";

export const guestMsiBodies = bodies({
  guest_msi_signal(vm, instance, src, lo, hi, data) {
    const vdev = vdevOf(vm, instance, src!);
    if (vdev === undefined) return EINVAL;
    return vm.interrupts.msis.signal(instance, vdev, u64(lo!, hi!), data! >>> 0);
  },

  guest_msi_register(vm, instance, vdp, lo, hi, maskLo, maskHi, deliver, cookie) {
    const vdev = vdevOf(vm, instance, vdp!);
    const pic = vdev === undefined ? undefined : vm.interrupts.controllers.ofVdev(vdev);
    if (pic === undefined) {
      const message = "was called by a vdev whose factory has no pic functions";
      const advice = "Messages go to interrupt controllers: set the factory's pic.";
      const rule = "an interrupt controller registers the address at which it accepts messages";
      violation(vm, instance, "argument", "guest_msi_register", message, rule, advice);
      return 0;
    }
    const address = u64(lo!, hi!);
    const mask = u64(maskLo!, maskHi!);
    const refused = vm.interrupts.msis.register({ pic, address, mask, deliver: deliver!, cookie: cookie! });
    if (refused === undefined) return 0;
    const message = `of 0x${address.toString(16)} has no effect: ${refused}`;
    const advice = "Register each range of addresses once, with a mask that leaves other controllers' out.";
    remark(vm, instance, "argument", "guest_msi_register", message, advice);
    return 0;
  },
});
