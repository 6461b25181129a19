/** A device that counts in guest memory, at 0x1000: a write of 1 adds one, and at five it stops. */
import { GXF_NONE, guest_cpu_read, guest_cpu_write } from "vdevbox/abi/guest";
import { pthread_mutex_lock, pthread_mutex_unlock } from "vdevbox/abi/posix";
import { cstr } from "vdevbox/abi/string";
import { QST_MEMORY, qvm_state_block } from "vdevbox/abi/types";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { lesson, nothing } from "../../planted/threads/assembly/lesson";

const PLACE: u64 = 0x1000;

function counted(vdp: vdev_t, more: u32): u32 {
  const block = qvm_state_block.local();
  block.location = PLACE;
  block.length = 4;
  block.type = QST_MEMORY;
  block.flags = 0;
  pthread_mutex_lock(vdp.v_mtx);
  const bytes = memory.data(4);
  guest_cpu_read(0, GXF_NONE, block, 1, bytes, 4);
  const count = load<u32>(bytes) + more;
  store<u32>(bytes, count);
  if (more != 0) guest_cpu_write(0, GXF_NONE, block, 1, bytes, 4);
  pthread_mutex_unlock(vdp.v_mtx);
  if (count >= 5) unreachable(); // BUG
  return count;
}

function read(vdp: vdev_t, offset: u32): u32 {
  return counted(vdp, 0);
}

function write(vdp: vdev_t, offset: u32, value: u32): void {
  counted(vdp, 1);
}

lesson(cstr("keeper"), nothing, nothing, nothing, read, write);
