/** A flag polled without atomics: nothing says that the worker ever sees it. Finding: race. */
import { delay, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, join, lesson, nothing, thread, zero } from "./lesson";

const stop = memory.data(4, 4);
let worker: pthread_t = 0;

function stopped(): bool {
  if (FIXED) return atomic.load<u32>(stop) != 0;
  return load<u32>(stop) != 0; // BUG
}

function polls(arg: usize): usize {
  while (!stopped()) delay(1);
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(polls, vdp);
}

function set_stop(): void {
  if (FIXED) atomic.store<u32>(stop, 1);
  else store<u32>(stop, 1); // WITH
}

function end(vdp: vdev_t): void {
  set_stop();
  join(worker);
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  if (value != 0) set_stop();
}

lesson(cstr("flag-polled"), nothing, start, end, zero, write);
