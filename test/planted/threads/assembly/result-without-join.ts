/** The result of a thread is used after it has ended, they say: but nobody has waited for that. Finding: race. */
import { delay, pthread_t } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, join, lesson, nothing, thread } from "./lesson";

const finished = memory.data(4, 4);
let result: u32 = 0;
let worker: pthread_t = 0;

function works(arg: usize): usize {
  delay(1);
  result = 42; // WITH
  if (FIXED) atomic.store<u32>(finished, 1);
  return 0;
}

function start(vdp: vdev_t): void {
  worker = thread(works, vdp);
}

function end(vdp: vdev_t): void {
  join(worker);
}

function read(vdp: vdev_t, offset: u32): u32 {
  if (FIXED && atomic.load<u32>(finished) == 0) return 0;
  return result; // BUG
}

lesson(cstr("result-without-join"), nothing, start, end, read, ignored);
