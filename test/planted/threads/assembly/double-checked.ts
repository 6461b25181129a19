/** Double-checked initialisation: the first check is made without the lock. Finding: race. */
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { FIXED, ignored, lesson, nothing } from "./lesson";

const table = new StaticArray<u32>(4);
let ready: bool = false;

function fill(): void {
  for (let i = 0; i < 4; i++) table[i] = i * i;
  ready = true; // WITH
}

function read(vdp: vdev_t, offset: u32): u32 {
  if (FIXED || !ready) { // BUG
    pthread_mutex_lock(vdp.v_mtx);
    if (!ready) fill();
    pthread_mutex_unlock(vdp.v_mtx);
  }
  return table[(offset / 4) % 4];
}

lesson(cstr("double-checked"), nothing, nothing, nothing, read, ignored);
