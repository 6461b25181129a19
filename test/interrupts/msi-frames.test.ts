/** The frame of `vdev gic msi ADDRESS,BASE,COUNT`. Oracle: a GICv2m frame is 4 KiB of memory, and nobody else's. */
import { expect, it } from "vitest";
import { startConfig } from "../support/vm-of-config.ts";
import { watVdev } from "../support/wat-vdev.ts";

const error = (text: string) => startConfig({ dev: watVdev() }, text).error;

it.each([
  ["vdev gic msi here,64,2", "1:14: the address of msi must be a number"],
  ["vdev gic msi 0x2d000000,x,2", "1:25: the first line of msi must be a number"],
  ["vdev gic msi 0x2d000000,64,0x100000000", "1:28: the number of lines of msi is too large"],
  ["vdev gic msi 0x2d000000,64,0", "1:28: the number of lines of msi must not be zero"],
  ["vdev gic msi 0x2d000000,1000,21", "1:14: msi of gic names lines up to 1020"],
])("%s: the mistake has its own column", (text, sentence) => {
  expect(error(text)).toMatch(new RegExp(`^vm\\.qvmconf:${sentence}`));
});

it.each([
  ["ram 0,1M vdev gic msi 0x1000,64,2", "1:23: .* 0x1000..0x1fff, which overlaps 0x0..0xfffff of ram"],
  ["vdev gic msi 0x2d000000,64,2 vdev dev loc 0x2d000fff", "1:14: .* overlaps 0x2d000fff..0x2d001ffe of dev"],
  ["vdev gic msi 0xfffffffffffff001,64,2", "1:14: .* outside the memory space"],
  [
    "vdev gic name a msi 0x2d000000,64,2 vdev gic name b msi 0x2d000800,70,2",
    "1:57: .* overlaps the frame of a at 0x2d000000",
  ],
])("%s: the frame is in nobody's way", (text, sentence) => {
  expect(error(text)).toMatch(new RegExp(`^vm\\.qvmconf:${sentence}`));
});

it("fits between others, at the very end of memory too", () => {
  expect(error("vdev gic msi 0x2d000000,64,2 vdev dev loc 0x2d001000")).toBe("");
  expect(error("vdev gic msi 0xfffffffffffff000,64,2 vdev dev loc 0x2d001000")).toBe("");
  expect(error("vdev gic name a msi 0x2d000000,64,2 vdev gic name b msi 0x2d001000,70,2")).toBe("");
});
