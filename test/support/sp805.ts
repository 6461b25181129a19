import { expect } from "vitest";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { Vm } from "../../host/vm/vm.ts";
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
