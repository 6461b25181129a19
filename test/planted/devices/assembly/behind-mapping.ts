/** A checksum is put behind a mapping that was made for the data alone. Finding: mapping. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { gasp_map_vdma, gasp_unmap } from "vdevbox/abi/gasp";
import { PROT_READ, PROT_WRITE } from "vdevbox/abi/posix";
import { arm_timer, FIXED, timed_device } from "./device";

const ADDRESS_RW: u32 = 0x00;
const LENGTH_RW: u32 = 0x08;
/** Writing puts the sum of the data behind it, some time later: maps are not made on a vCPU. Reads 1 after an error. */
const SEAL_RW: u32 = 0x0c;
const MOST: u32 = 256;
const TAKES_NS: u64 = 1000;

let address: u64 = 0;
let length: u32 = 0;
let error: u32 = 0;

function seal(vdp: vdev_t): void {
  error = 1;
  if (length == 0 || length > MOST) return;
  const mapped = FIXED ? length + 1 : length;
  const window = gasp_map_vdma(vdp, PROT_READ | PROT_WRITE, address, mapped); // BUG
  if (window == 0) return;
  let sum: u32 = 0;
  for (let i: u32 = 0; i < length; i++) sum += load<u8>(window + i);
  store<u8>(window + length, <u8>sum); // BUG
  gasp_unmap(vdp.v_gsp, window, mapped, 1);
  error = 0;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == ADDRESS_RW) return address;
  if (offset == LENGTH_RW) return length;
  return offset == SEAL_RW ? error : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == ADDRESS_RW) address = value;
  else if (offset == LENGTH_RW) length = <u32>value;
  else if (offset == SEAL_RW) arm_timer(vdp, TAKES_NS);
}

timed_device(cstr("behind-mapping"), 0x10, read, write, seal);
