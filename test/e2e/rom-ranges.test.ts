/** `rom` ranges as x86 code sees them. Oracle: docs/configuration.md: read-only guest memory, zero as RAM is at the start. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { scratch, vdevbox } from "./command-line.ts";

const file = (name: string, text: string) => {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
};

/** Exits with the sum of the lowest bytes read from ROM and, behind it, from nowhere. */
const READER = file(
  "reader.s",
  `start:
  movl $0x12345678, 0xe0000000
  mov 0xe0000000, %eax
  test %eax, %eax
  jnz bad
  mov 0xe0001000, %eax
  cmp $-1, %eax
  jne bad
  mov $7, %al
  out %al, $0xf4
bad:
  mov $9, %al
  out %al, $0xf4
`,
);

it("are zeros that a write does not change, and behind them is nothing", () => {
  const conf = file("rom.qvmconf", "ram 0,4M\nrom 0xe0000000,4k\n");
  const recording = join(scratch(), "rom.rec");
  const run = vdevbox("run", conf, "--guest", READER, "--record", recording);
  expect(run).toMatchObject({ code: 7 });
  expect(vdevbox("replay", recording).out).toContain("identical");
});

it("end the VM at a write where the configuration says so", () => {
  const conf = file("terminate.qvmconf", "ram 0,4M\nrom 0xe0000000,4k\nunsupported mem abort\n");
  const run = vdevbox("run", conf, "--guest", READER);
  expect(run.err).toContain("0xe0000000");
  expect(run.code).toBe(5);
});

it("cannot lie where the processor has something of its own", () => {
  const conf = file("apic.qvmconf", "ram 0,4M\nrom 0xfee00000,4k\n");
  const run = vdevbox("run", conf, "--guest", READER);
  expect(run.err).toMatch(/apic\.qvmconf:2:\d+: .*overlaps the local APIC/);
  expect(run.code).toBe(64);
});
