// Oracle for addresses and places: memory-map.ts; for encodings: the Intel SDM, volume 2.
import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.ts";
import { assembleRom } from "./assemble.ts";
import { BSS_START, PROGRAM_START } from "./memory-map.ts";

function refusal(source: string): string {
  try {
    assembleRom(source, "guest.s");
  } catch (error) {
    expect(error).toBeInstanceOf(UserError);
    return String(error);
  }
  throw new Error("it was assembled");
}

describe("what cannot be assembled is told with file, line and column", () => {
  const table: [source: string, sentence: RegExp][] = [
    ["start: nop\n  frobnicate %eax\n", /^guest\.s:2:3: cannot assemble this: unknown opcode at "frobnicate"/],
    ["nop\nnop\n mov %eax", /^guest\.s:3:\d+: cannot assemble this/],
    ["nop\n mov nowhere, %eax", /^guest\.s:2:2: "nowhere" is not defined/],
    ["jmp nowhere", /^guest\.s:1:1: "nowhere" is not defined/],
    ["a: nop\na: nop", /^guest\.s:2:1: cannot assemble this/],
    ["here: movl $here, 0x1000", /^guest\.s:1:7: .*load an address into a register first/],
    ["foo\nbar", /^guest\.s:1:1: .*\(and 1 more\)/],
    ["  \n", /^guest\.s: the program is empty/],
    [`.ascii "${"x".repeat(0x1000)}"\n`.repeat(32), /^guest\.s: the program has 131072 bytes/],
  ];
  test.each(table)("%#", (source, sentence) => {
    expect(refusal(source)).toMatch(sentence);
  });
});

test("sections are placed and labels in each other's resolved", () => {
  const image = assembleRom(
    `start: mov $word, %eax
            mov zero, %ebx
            call start
     .data
     word: .long start, word, zero
     .bss
     pad: .long 0
     zero: .long 0`,
    "guest.s",
  );
  expect(image.entry).toBe(PROGRAM_START);
  const word = image.addressOf("word")!;
  expect(image.addressOf("zero")).toBe(BSS_START + 4);
  const view = new DataView(image.bytes.buffer);
  expect(view.getUint32(1, true)).toBe(word); // b8 imm32
  expect(view.getUint32(7, true)).toBe(BSS_START + 4); // 8b 1d disp32
  expect(view.getInt32(12, true)).toBe(-16); // e8 rel32, from the next instruction
  const data = [0, 4, 8].map((i) => view.getUint32(word - PROGRAM_START + i, true));
  expect(data).toEqual([PROGRAM_START, word, BSS_START + 4]);
});

test("the names of the memory map can be used, unless the program has its own", () => {
  const bytes = (source: string) => [...assembleRom(source, "guest.s").bytes.subarray(0, 2)];
  expect(bytes("outb %al, $EXIT_PORT")).toEqual([0xe6, 0xf4]);
  expect(bytes("outb %al, $EXIT_PORT\n.equ EXIT_PORT, 0x12")).toEqual([0xe6, 0x12]);
});

test("Intel syntax", () => {
  const { bytes } = assembleRom(".intel_syntax noprefix\nmov eax, 5\n", "guest.s");
  expect([...bytes.subarray(0, 5)]).toEqual([0xb8, 5, 0, 0, 0]);
});

test("without a label `start` the program begins at its first byte", () => {
  expect(assembleRom("nop", "guest.s").entry).toBe(PROGRAM_START);
  expect(assembleRom("nop\nstart: nop", "guest.s").entry).toBe(PROGRAM_START + 1);
});

test("addresses lead back to lines", () => {
  const image = assembleRom("start:\n nop\n\n mov $1, %eax\n.data\n x: .long 5", "guest.s");
  expect(image.lineAt(PROGRAM_START)).toBe(2);
  expect(image.lineAt(PROGRAM_START + 3)).toBe(4);
  expect(image.lineAt(image.addressOf("x")! + 1)).toBe(6);
  expect(image.lineAt(0xff000)).toBeUndefined();
});
