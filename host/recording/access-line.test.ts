/** Oracle: the line as the format documents it, and the word-by-word reader, which takes it with two blanks as well. */
import { describe, expect, it } from "vitest";
import { parseAccessLine } from "./access-line.ts";
import { parseRecording } from "./text.ts";

const wholly = (line: string) => {
  const text = `# vdevbox recording 1\nseed 0x0\nguest none\n${line}\nend exit=0 state=00\n`;
  return [...parseRecording(text, "r").events][0];
};

describe("an access of a recording is the same read at once or word by word", () => {
  const lines = [
    "readb 0x0 vcpu=0 => ok 0xff",
    "readq 0xffffffffffffffff vcpu=1023 => ok 0xffffffffffffffff",
    "readl 0xe0000000 vcpu=0 => error",
    "readw 0xe0000000 vcpu=3 => retry",
    "writel 0xe0000000 0x12345678 vcpu=0 => ok",
    "writeq 0xe0000000 0x0 vcpu=0 => stop",
    "inb 0xffff vcpu=0 => ok 0x0",
    "outl 0x3f8 0xffffffff vcpu=0 => error",
  ];
  for (const line of lines) {
    it(line, () => {
      const event = parseAccessLine(line);
      expect(event).toBeDefined();
      expect(event).toEqual(wholly(line.replace(" ", "  ")));
    });
  }
});

describe("what is no access is left to the reader that says why", () => {
  const lines = [
    "readb 0x0 vcpu=0 => ok 0x100",
    "readl 0x0 vcpu=0 => ok",
    "readl 0x0 vcpu=0 => error 0x1",
    "readl 0x0 0x1 vcpu=0 => ok 0x1",
    "writel 0x0 vcpu=0 => ok",
    "writel 0x0 0x1 vcpu=0 => ok 0x1",
    "inq 0x3f8 vcpu=0 => ok 0x0",
    "inb 0x10000 vcpu=0 => ok 0x0",
    "readl 0x0 vcpu=1024 => ok 0x0",
    "readl 0x0 vcpu=0 => done",
    "readl 0x10000000000000000 vcpu=0 => ok 0x0",
  ];
  for (const line of lines) {
    it(line, () => {
      expect(parseAccessLine(line)).toBeUndefined();
      expect(() => wholly(line)).toThrow(/./);
    });
  }
});
