/** The timer callback runs beside every vCPU, and takes no lock. Finding: race. */
import { guest_timer_create, guest_timer_data, guest_timer_notify } from "vdevbox/abi/guest";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { stack_alloc } from "vdevbox/abi/stack";
import { guest_cpu_t, guest_timer_t } from "vdevbox/abi/types";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, nothing, prepare, register } from "./lesson";

/** Of the guest's clock, 1 ms or so. */
const PERIOD: u64 = 1_000_000;
let timer: guest_timer_t = 0;
let left: u32 = 3;
let kicks: u32 = 0;

function init(vdp: vdev_t): void {
  timer = guest_timer_create(0, vdp, 0, stack_alloc(8));
}

function start(vdp: vdev_t): void {
  guest_timer_notify(timer, null, PERIOD);
}

function on_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {
  if (FIXED) pthread_mutex_lock(vdp.v_mtx);
  const again = left > 0 && --left > 0; // BUG
  if (FIXED) pthread_mutex_unlock(vdp.v_mtx);
  if (again) guest_timer_notify(timer, tdp, PERIOD);
}

function read(vdp: vdev_t, offset: u32): u32 {
  pthread_mutex_lock(vdp.v_mtx);
  const value = left + (kicks << 8); // WITH
  pthread_mutex_unlock(vdp.v_mtx);
  return value;
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  pthread_mutex_lock(vdp.v_mtx);
  left = 3; // WITH
  kicks++;
  pthread_mutex_unlock(vdp.v_mtx);
}

const factory = prepare(cstr("timer-without-lock"), init, start, nothing, read, write);
factory.timer = on_timer;
register(factory);
