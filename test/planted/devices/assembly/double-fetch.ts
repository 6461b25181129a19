/** A length in guest memory is checked, and read again to be used. Finding: double-fetch. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED, from_guest } from "./device";

/** Guest address of a packet: its length, 4 bytes, and its data. */
const PACKET_RW: u32 = 0x00;
/** Writing receives it; reads the bytes received. */
const RECEIVE_RW: u32 = 0x08;
const MOST: u32 = 64;

const data = memory.data(MOST, 8);
const header = memory.data(4, 4);
let packet: u64 = 0;
let received: u32 = 0;

function receive(): void {
  if (!from_guest(packet, header, 4) || load<u32>(header) > MOST) return;
  if (!FIXED) from_guest(packet, header, 4); // BUG
  const length = min<u32>(load<u32>(header), MOST);
  if (from_guest(packet + 4, data, length)) received += length;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == PACKET_RW) return packet;
  return offset == RECEIVE_RW ? received : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == PACKET_RW) packet = value;
  else if (offset == RECEIVE_RW) receive();
}

device(cstr("double-fetch"), 0x0c, read, write);
