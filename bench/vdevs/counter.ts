/**
 * counter: the device of the benchmarks. A page of which every 32-bit word reads as a number that goes up with each
 * read, so that no read can be left out or answered from an earlier one; bench/native/bus.rs has the same device. It
 * does what a small real device does on an access: finds the offset, checks it, and transfers the operand.
 */
import { QVM_VDEV_ABI } from "vdevbox/abi/abi";
import {
  GXF_NONE,
  guest_cpu_read,
  guest_cpu_write,
  guest_intr_signal,
  guest_timer_create,
  guest_timer_data,
  guest_timer_notify,
} from "vdevbox/abi/guest";
import { EOK, strtoul } from "vdevbox/abi/posix";
import { address_of } from "vdevbox/abi/stack";
import { cstr, cstring } from "vdevbox/abi/string";
import { GIS_OFF, GIS_ON, guest_cpu_t, guest_timer_t, QSL_NO_LOCATION, QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import {
  guest_cpu_to_vrs,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_VDEV_MEM,
  VRS_BUS_ERROR,
  VRS_NORMAL,
  vdev_factory,
  vdev_ref_status,
  vdev_register_factory,
  vdev_t,
} from "vdevbox/abi/vdev-core";

const COUNTER_SIZE: u32 = 0x1000;
/** Nanoseconds between two firings of a timer. Where virtual time stands still none ever fires. */
const PERIOD: u64 = 100_000_000;
/** `timers N`: how many timers the vdev has; 1 without. */
const OPTION_TIMERS: u32 = VDEV_CTRL_FIRST_OPTIDX + 0;

@unmanaged
class counter_state {
  count: u32;
  key: u32;
  /** How many timers it makes. */
  timers: u32;
  timer: guest_timer_t;
  /** The handles of all timers behind it, one behind the other. */
  others: usize;
}

/** Tells the vdevs of a module apart. */
let vdevs: u32 = 0;

function state_of(vdp: vdev_t): counter_state {
  return changetype<counter_state>(vdp.v_device);
}

function counter_vread(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = state_of(vdp);
  const offset = <u32>(vopnd.location - vdp.v_block.location);
  if (offset + vopnd.length > COUNTER_SIZE) return VRS_BUS_ERROR;
  const value = address_of<u64>(state.count + state.key);
  state.count++;
  const error = guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  return error == EOK ? VRS_NORMAL : guest_cpu_to_vrs(error);
}

/** A written word becomes the count. Bit 0 is also the level of the interrupt line, for vdevs that have one. */
function counter_vwrite(
  vdp: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
): vdev_ref_status {
  const state = state_of(vdp);
  const value = address_of<u64>(0);
  const error = guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length);
  if (error != EOK) return guest_cpu_to_vrs(error);
  state.count = load<u32>(value);
  if (vdp.v_intr.pic != null) guest_intr_signal(vdp.v_intr, (state.count & 1) != 0 ? GIS_ON : GIS_OFF);
  return VRS_NORMAL;
}

/** Arms a timer for its next period. */
function counter_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  const state = state_of(vdp);
  state.count++;
  guest_timer_notify(state.timer, tdp, PERIOD);
}

function create_timers(vdp: vdev_t): void {
  const state = state_of(vdp);
  const resolution = address_of<u64>(0);
  state.timer = guest_timer_create(0, vdp, 0, resolution);
  if (state.timers < 2) return;
  state.others = heap.alloc((state.timers - 1) * sizeof<guest_timer_t>());
  for (let i: u32 = 0; i < state.timers - 1; i++) {
    store<guest_timer_t>(state.others + i * sizeof<guest_timer_t>(), guest_timer_create(0, vdp, 0, resolution));
  }
}

/** Each for another time, as timers of devices are. Only the first one begins anew when it fires. */
function arm_timers(state: counter_state): i32 {
  for (let i: u32 = 0; i + 1 < state.timers; i++) {
    const error = guest_timer_notify(
      load<guest_timer_t>(state.others + i * sizeof<guest_timer_t>()),
      null,
      PERIOD + i + 1,
    );
    if (error != EOK) return error;
  }
  return guest_timer_notify(state.timer, null, PERIOD);
}

function counter_control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  const state = state_of(vdp);
  switch (ctrl) {
    case VDEV_CTRL_OPTIONS_START:
      state.key = vdevs++;
      vdp.v_block.type = QST_MEMORY;
      vdp.v_block.location = QSL_NO_LOCATION;
      vdp.v_block.length = COUNTER_SIZE;
      return EOK;
    case VDEV_CTRL_OPTIONS_END:
      create_timers(vdp);
      return EOK;
    case OPTION_TIMERS:
      state.timers = strtoul(arg, 0, 0);
      return EOK;
    case VDEV_CTRL_GUEST_CONFIGURED:
      return arm_timers(state);
    default:
      return EOK;
  }
}

const options = memory.data<cstring>([cstr("timers"), 0]);
const factory = vdev_factory.alloc();
factory.name = cstr("counter");
factory.control = counter_control;
factory.vread = counter_vread;
factory.vwrite = counter_vwrite;
factory.timer = counter_timer;
factory.option_list = options;
factory.factory_flags = VFF_VDEV_MEM;
factory.acc_sizes = (1 << 1) | (1 << 2) | (1 << 4) | (1 << 8);
factory.extra_space = offsetof<counter_state>();
vdev_register_factory(factory, QVM_VDEV_ABI);
