import { join } from "node:path";
import { expect, it } from "vitest";
import type { Finding, StackFrame } from "../gate/finding.ts";
import { findingText } from "./finding-text.ts";

const frame = (name: string, line: number): StackFrame => ({
  function: name,
  module: "m.wasm",
  file: "vdevs/m/m.ts",
  line,
  column: 3,
});

const finding = (stack: readonly StackFrame[], message = "it went too deep"): Finding => ({
  severity: "fault",
  rule: "limit",
  message,
  situation: { phase: "running", callback: "vread", thread: "vcpu", vcpu: 0, vdev: 0, trap: 1 },
  vdev: undefined,
  module: "m.wasm",
  stack,
  affected: ["m"],
  advice: "Use a loop.",
});

it("says a recursion in one line, and how deep it was seen", () => {
  const text = findingText(finding([...Array(10).fill(frame("descend", 7)), frame("vread", 20)]));
  expect(text.match(/descend/g)).toHaveLength(1);
  expect(text).toContain("vdevs/m/m.ts:7:3 in descend (× 10)\n");
  expect(text).toContain("vdevs/m/m.ts:20:3 in vread\n");
});

it("keeps frames apart that are not the same place", () => {
  const text = findingText(finding([frame("descend", 7), frame("descend", 8), frame("descend", 7)]));
  expect(text.match(/descend/g)).toHaveLength(3);
  expect(text).not.toContain("×");
});

it("names files as seen from the working folder, and others whole", () => {
  const inside = join(process.cwd(), "build/out/m.wasm");
  const text = findingText(finding([], `${inside} stopped, /elsewhere/n.wasm did not`));
  expect(text).toContain("fault: build/out/m.wasm stopped, /elsewhere/n.wasm did not\n");
});
