/** A thread makes the timer it needs: timers are made at startup only, and a thread is never there. Finding: gate. */
import { guest_timer_create, guest_timer_data, guest_timer_notify } from "vdevbox/abi/guest";
import { pthread_mutex_lock, pthread_mutex_unlock, pthread_t } from "vdevbox/abi/posix";
import { stack_alloc } from "vdevbox/abi/stack";
import { guest_cpu_t, guest_timer_t } from "vdevbox/abi/types";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, prepare, register, thread, zero } from "./lesson";

let timer: guest_timer_t = 0;
let worker: pthread_t = 0;

function init(vdp: vdev_t): void {
  if (FIXED) timer = guest_timer_create(0, vdp, 0, stack_alloc(8));
}

function arms(arg: usize): usize {
  const vdp = changetype<vdev_t>(arg);
  pthread_mutex_lock(vdp.v_mtx);
  if (!FIXED) timer = guest_timer_create(0, vdp, 0, stack_alloc(8)); // BUG
  guest_timer_notify(timer, null, 1_000_000);
  pthread_mutex_unlock(vdp.v_mtx);
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(arms, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function on_timer(vdp: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t): void {}

const factory = prepare(cstr("timer-made-late"), init, start, end, zero, ignored);
factory.timer = on_timer;
register(factory);
