/** A disk controller whose command bytes go on behind the end of its FIFO, as in VENOM. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

const STATUS_RO: u32 = 0x00;
const DATA_RW: u32 = 0x04;
const READY: u32 = 0x80;
const FIFO: u32 = 8;
const COMMAND_SPECIFY: u32 = 0x03;
const COMMAND_DRIVE_SPECIFICATION: u32 = 0x8e;

const fifo = new StaticArray<u8>(FIFO);
let filled: u32 = 0;
let wanted: u32 = 0;

/** Bytes of a command and its parameters. */
function length_of(command: u32): u32 {
  if (command == COMMAND_SPECIFY) return 3;
  if (command == COMMAND_DRIVE_SPECIFICATION) return 6;
  return 1;
}

function finish(): void {
  // A drive specification ends with a byte that has bit 7 and no bit 6 set: without one it goes on.
  const command: u32 = fifo[0];
  const last: u32 = fifo[(filled - 1) % FIFO];
  if (command == COMMAND_DRIVE_SPECIFICATION && (last & 0xc0) != 0x80 && (!FIXED || filled < FIFO)) return;
  filled = 0;
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == STATUS_RO) return READY | filled;
  return 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset != DATA_RW) return;
  if (filled == 0) wanted = length_of(<u32>value & 0xff);
  fifo[filled++] = <u8>value; // BUG
  if (filled >= wanted) finish();
}

device(cstr("fifo-overrun"), 0x08, read, write);
