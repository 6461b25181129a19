/** A command in words: the one for the factory test indexes its results by a number nobody checked. Finding: abort. */
import { cstr } from "vdevbox/abi/string";
import { vdev_t } from "vdevbox/abi/vdev-core";
import { device, FIXED } from "./device";

/** Eight characters of a command. */
const COMMAND_WO: u32 = 0x00;
const ARGUMENT_RW: u32 = 0x08;
const RESULT_RO: u32 = 0x0c;
/** "SELFTEST" and "RDRESULT" as a guest with little-endian numbers writes them. */
const SELFTEST: u64 = 0x545345544c464553;
const RDRESULT: u64 = 0x544c555345524452;

const results = new StaticArray<u8>(32);
let argument: u32 = 0;
let result: u32 = 0;

function execute(command: u64): void {
  if (command == SELFTEST) {
    for (let i = 0; i < 32; i++) results[i] = <u8>(i ^ 0x5a);
  } else if (command == RDRESULT && (!FIXED || argument < 32)) {
    result = results[argument]; // BUG
  }
}

function read(vdp: vdev_t, offset: u32, width: u32): u64 {
  if (offset == ARGUMENT_RW) return argument;
  return offset == RESULT_RO ? result : 0;
}

function write(vdp: vdev_t, offset: u32, width: u32, value: u64): void {
  if (offset == COMMAND_WO && width == 8) execute(value);
  else if (offset == ARGUMENT_RW) argument = <u32>value;
}

device(cstr("command-words"), 0x10, read, write);
