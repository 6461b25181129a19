/** Devices that give the search trouble: each is as wrong as its name says, and its findings are all there is to be told. */
import { pthread_cancel, pthread_join, pthread_self, sched_yield } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { VFF_INTR_REQ, VFF_MUTEX, vdev_t } from "vdevbox/abi/vdev-core";
import { ignored, lesson, nothing, prepare, register, thread, zero } from "../../planted/threads/assembly/lesson";

/** How deep a thread stands when it makes its call: its locals are more than what a thread that is left may have. */
const DEPTH: u32 = 300;

function descends(depth: u32, a: u64, b: u64, c: u64): u64 {
  if (depth == DEPTH) pthread_self();
  return depth > DEPTH ? a : 1 + a + b + c + descends(depth + 1, a + 1, b ^ a, c * b) * (a ^ b ^ c);
}

function deep(arg: usize): usize {
  return <usize>descends(1, arg, 2, 3);
}

/** Each write makes a thread that cannot be left at its call. */
function makes_deep(vdp: vdev_t, offset: u32, value: u32): void {
  thread(deep, vdp);
}

function spins(arg: usize): usize {
  while (true) {}
  return 0;
}

/** Each write makes a thread that goes round for ever. */
function makes_spinning(vdp: vdev_t, offset: u32, value: u32): void {
  thread(spins, vdp);
}

function calls(arg: usize): usize {
  while (true) pthread_self();
  return 0;
}

/** Each write makes a thread that makes calls for ever. */
function makes_calling(vdp: vdev_t, offset: u32, value: u32): void {
  thread(calls, vdp);
}

let yielding: u32 = 0;

function yields(arg: usize): usize {
  while (true) sched_yield();
  return 0;
}

/** Each write makes a thread that gives its turn away for ever. */
function makes_yielding(vdp: vdev_t, offset: u32, value: u32): void {
  yielding = thread(yields, vdp);
}

/** It gets to no place where it could be cancelled. */
function joins_yielding(vdp: vdev_t): void {
  if (yielding == 0) return;
  pthread_cancel(yielding);
  pthread_join(yielding, 0);
}

/** Each write stops the module. */
function traps(vdp: vdev_t, offset: u32, value: u32): void {
  unreachable();
}

lesson(cstr("trapping"), nothing, nothing, nothing, zero, traps);
lesson(cstr("deep"), nothing, nothing, nothing, zero, makes_deep);
lesson(cstr("spinning"), nothing, nothing, nothing, zero, makes_spinning);
lesson(cstr("yielding"), nothing, nothing, joins_yielding, zero, makes_yielding);
lesson(cstr("calling"), nothing, nothing, nothing, zero, makes_calling);

/** Right, and does not start without an interrupt. */
const wired = prepare(cstr("wired"), nothing, nothing, nothing, zero, ignored);
wired.factory_flags = VFF_MUTEX | VFF_INTR_REQ;
register(wired);
