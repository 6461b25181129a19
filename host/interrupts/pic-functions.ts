import { vdev_pic_functions } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";

/** Lines a controller may have; a larger pnum_mask means that many. */
export const MAX_LINES = 65_536;

/** vdev_pic_functions as the module gave them. Functions are indices in the module's own table, 0 for NULL. */
export interface PicFunctions {
  /** Isolates the line in guest_intr.param; all bits when the module left it 0. */
  readonly pnumMask: number;
  /** Lines that pnum_mask leaves room for. */
  readonly linesOfMask: number;
  readonly signal: number;
  readonly notify: number;
  readonly parse: number;
  readonly string: number;
  readonly tableSpec: number;
}

/** Reads and checks the struct. @returns what is wrong with it instead, as the end of a sentence */
export function readPicFunctions(instance: ModuleInstance, address: number): PicFunctions | string {
  const { SIZEOF, ALIGN } = vdev_pic_functions;
  if (address % ALIGN !== 0 || address + SIZEOF > instance.bytes.length) return "pic functions outside its memory";
  for (const name of ["signal", "notify", "parse", "string", "table_spec"] as const) {
    const index = instance.u32(address + vdev_pic_functions[name]);
    if (index !== 0 && (index >= instance.table.length || instance.table.get(index) === null)) {
      return `pic.${name} = ${index}, which is no function of the module's table`;
    }
  }
  const signal = instance.u32(address + vdev_pic_functions.signal);
  if (signal === 0) return "pic.signal = NULL, so that no line of the controller could ever be changed";
  // What 0 means no page says; a controller without lines would be of no use.
  const pnumMask = instance.u32(address + vdev_pic_functions.pnum_mask) || 0xffffffff;
  return {
    pnumMask,
    linesOfMask: Math.min(pnumMask + 1, MAX_LINES),
    signal,
    notify: instance.u32(address + vdev_pic_functions.notify),
    parse: instance.u32(address + vdev_pic_functions.parse),
    string: instance.u32(address + vdev_pic_functions.string),
    tableSpec: instance.u32(address + vdev_pic_functions.table_spec),
  };
}
