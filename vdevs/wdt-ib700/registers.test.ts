/**
 * Oracle: the boards' manuals, written out here a second time: two ports that are only written, 0x441 and 0x443, and
 * sixteen codes from 30 s down to 0 s.
 */
import { describe, expect, it } from "vitest";
import { compiledVdev } from "../../test/support/compiled-vdev.ts";
import { type Expected, testTable } from "../../test/support/registers.ts";
import { write } from "../../test/support/vm.ts";
import * as table from "./registers.ts";

const EXPECTED: readonly Expected[] = [
  ["WDT_STOP_WO", 0, 1, 0, 0, 0xff, "WO"],
  ["WDT_START_WO", 2, 1, 0, 0, 0x0f, "WO"],
];

const vmOf = compiledVdev("wdt-ib700");
const BYTES = Array.from({ length: 256 }, (_, byte) => byte);

/** What the watchdog says after bytes written to its ports, one after the other. */
function said(...writes: readonly (readonly [port: number, byte: number])[]): string {
  const { vm, status } = vmOf("vdev wdt-ib700 intr ioapic:7 action fiq");
  for (const [port, byte] of writes) expect(write(vm, BigInt(port), BigInt(byte), 1, "io")).toBe(0);
  return status()[0]!;
}

describe("the registers", () => {
  testTable({ table, expected: EXPECTED, constants: { IB700_SIZE: 4 } });

  it("start it with four bits of every byte: 30 s, and 2 s less for each", () => {
    for (const byte of BYTES) {
      const seconds = 30 - 2 * (byte % 16);
      expect([byte, said([0x443, byte])]).toEqual([byte, `runs with ${seconds} s, bites in ${seconds * 1000} ms`]);
    }
  });

  it("stop it with every byte", () => {
    for (const byte of BYTES) expect([byte, said([0x443, 0], [0x441, byte])]).toEqual([byte, "stopped"]);
  });

  it("are not at the ports beside them", () => {
    for (const port of [0x442, 0x444]) {
      expect(said([port, 0xff])).toBe("stopped");
      expect(said([0x443, 0], [port, 0xff])).toBe("runs with 30 s, bites in 30000 ms");
    }
  });
});
