import { expect } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { Vm } from "../../host/vm/vm.ts";
import type { Expected } from "./registers.ts";
import * as Vms from "./vm.ts";

/** The SP805 as a driver knows it: offsets and bits of DDI 0270, written down a second time for the tests. */
export const BASE = 0x1c0f0000n;
export const LOAD = 0x000;
export const VALUE = 0x004;
export const CONTROL = 0x008;
export const INTCLR = 0x00c;
export const RIS = 0x010;
export const MIS = 0x014;
export const LOCK = 0xc00;
export const ITCR = 0xf00;
export const ITOP = 0xf04;
export const KEY = 0x1acce551;
export const INTEN = 1;
export const RESEN = 2;
export const FULL = 0xffffffff;

/** The registers as DDI 0270, chapter 3, has them: its table 3-1 and the descriptions after it. */
export const EXPECTED: readonly Expected[] = [
  ["WDOGLOAD_RW", 0x000, 4, FULL, FULL, FULL, "special"],
  ["WDOGVALUE_RO", 0x004, 4, FULL, FULL, 0, "RO"],
  ["WDOGCONTROL_RW", 0x008, 4, 0, 0x3, 0x3, "special"],
  ["WDOGINTCLR_WO", 0x00c, 4, 0, 0, FULL, "WO"],
  ["WDOGRIS_RO", 0x010, 4, 0, 0x1, 0, "RO"],
  ["WDOGMIS_RO", 0x014, 4, 0, 0x1, 0, "RO"],
  ["WDOGLOCK_RW", 0xc00, 4, 0, 0x1, FULL, "special"],
  ["WDOGITCR_RW", 0xf00, 4, 0, 0x1, 0x1, "special"],
  ["WDOGITOP_WO", 0xf04, 4, 0, 0, 0x3, "WO"],
  ["WDOGPERIPHID0_RO", 0xfe0, 4, 0x05, 0xff, 0, "RO"],
  ["WDOGPERIPHID1_RO", 0xfe4, 4, 0x18, 0xff, 0, "RO"],
  ["WDOGPERIPHID2_RO", 0xfe8, 4, 0x14, 0xff, 0, "RO"],
  ["WDOGPERIPHID3_RO", 0xfec, 4, 0x00, 0xff, 0, "RO"],
  ["WDOGPCELLID0_RO", 0xff0, 4, 0x0d, 0xff, 0, "RO"],
  ["WDOGPCELLID1_RO", 0xff4, 4, 0xf0, 0xff, 0, "RO"],
  ["WDOGPCELLID2_RO", 0xff8, 4, 0x05, 0xff, 0, "RO"],
  ["WDOGPCELLID3_RO", 0xffc, 4, 0xb1, 0xff, 0, "RO"],
];

/** Of the default frequency, 25 MHz. */
export const TICK_NS = 40n;
/** The vdev's README: what a write makes due at once comes this much later. */
export const SHORTEST_NS = 1000n;

/** A guest's read of a register of the watchdog at BASE. */
export function read(vm: Vm, offset: number): number {
  const [status, value] = Vms.read(vm, BASE + BigInt(offset));
  expect(status).toBe(AccessStatus.done);
  return Number(value);
}

/** A guest's write. */
export function write(vm: Vm, offset: number, value: number): void {
  expect(Vms.write(vm, BASE + BigInt(offset), BigInt(value >>> 0))).toBe(AccessStatus.done);
}

/** The level of the interrupt line the tests give the watchdog. */
export function level(vm: Vm): boolean {
  return vm.lines.level("gic", 49);
}
