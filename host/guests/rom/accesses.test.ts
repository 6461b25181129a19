// Every width an x86 instruction can have, read and written, in memory and at ports, aligned and not, inside a page
// and over its end. Oracle: the operand sizes of the Intel SDM, volume 2, and little-endian memory. The mock answers
// reads with 0x8877665544332211.
import { describe, expect, test } from "vitest";
import { bootTest, exitWithEax } from "./mock-bus.ts";

/** Accesses made by `body`, and the guest's first eight bytes at 0x100000 when it ended. */
async function traps(body: string): Promise<{ log: string[]; stored: string }> {
  const { bus, guest, run } = await bootTest(`start: ${body}\n mov $0, %eax\n ${exitWithEax}`);
  expect(await run()).toEqual({ reason: "exit", code: 0 });
  return { log: bus.log, stored: Buffer.from(guest.ram.subarray(0x100000, 0x100010)).toString("hex") };
}

/** Instructions that read memory at `$`, how wide, and the bytes that reach RAM at 0x100000. */
const reads: [instruction: string, width: number, stored: string][] = [
  ["movb $, %al; movb %al, 0x100000", 1, "11"],
  ["movw $, %ax; movw %ax, 0x100000", 2, "1122"],
  ["movl $, %eax; movl %eax, 0x100000", 4, "11223344"],
  ["movzbl $, %eax; movl %eax, 0x100000", 1, "11000000"],
  ["movzwl $, %eax; movl %eax, 0x100000", 2, "11220000"],
  ["movswl $, %eax; movl %eax, 0x100000", 2, "11220000"],
  ["verr $", 2, ""],
  ["xor %eax, %eax; addw $, %ax; movl %eax, 0x100000", 2, "11220000"],
  ["xor %eax, %eax; orl $, %eax; movl %eax, 0x100000", 4, "11223344"],
  ["cmpw $5, $", 2, ""],
  ["testb $5, $", 1, ""],
  ["imulw $3, $, %ax", 2, ""],
  ["pushw $; pop %ax; movw %ax, 0x100000", 2, "1122"],
  ["push $; pop %eax; movl %eax, 0x100000", 4, "11223344"],
  ["bsfw $, %ax", 2, ""],
  ["cmovzw $, %ax", 2, ""],
  ["movq $, %mm0; movq %mm0, 0x100000", 8, "1122334455667788"],
  ["movd $, %mm0; movd %mm0, 0x100000", 4, "11223344"],
  ["pxor %mm0, %mm0; paddb $, %mm0; movq %mm0, 0x100000", 8, "1122334455667788"],
  ["movq $, %xmm0; movq %xmm0, 0x100000", 8, "1122334455667788"],
  ["movsd $, %xmm0; movq %xmm0, 0x100000", 8, "1122334455667788"],
  ["movss $, %xmm0; movq %xmm0, 0x100000", 4, "1122334400000000"],
  ["xorps %xmm0, %xmm0; movlps $, %xmm0; movq %xmm0, 0x100000", 8, "1122334455667788"],
  ["fldl $; fstpl 0x100000", 8, "1122334455667788"],
  ["flds $; fstps 0x100000", 4, "11223344"],
  ["fildl $; fistpl 0x100000", 4, "11223344"],
  ["fld1; .byte 0xdf, 0x2d; .long $; .byte 0xdf, 0x3d; .long 0x100000", 8, "1122334455667788"], // fild, fistp m64
  ["fldcw $; fninit", 2, ""],
];

const places: [where: string, address: string][] = [
  ["aligned", "0xe0000010"],
  ["unaligned", "0xe0000013"],
  ["over a page end", "0xe0000fff"],
];

describe.each(places)("a read %s reaches the bus once, with its width and value", (_, address) => {
  test.each(reads)("%s", async (instruction, width, stored) => {
    const body = instruction.replaceAll("$,", `${address},`).replace(/\$(?=;|$)/, address);
    const { log, stored: bytes } = await traps(body);
    expect(log).toEqual([`read memory ${address.slice(2)} ${width}`]);
    expect(bytes.slice(0, stored.length)).toBe(stored);
  });
});

const writes: [instruction: string, width: number, value: string][] = [
  ["movb $0x5a, $", 1, "5a"],
  ["movw $0x5a5b, $", 2, "5a5b"],
  ["movl $0x9a5b5c5d, $", 4, "9a5b5c5d"],
  ["mov $0x9a5b5c5d, %eax; movl %eax, $", 4, "9a5b5c5d"],
  ["mov $0x1234, %edx; movw %dx, $", 2, "1234"],
  ["pcmpeqb %mm0, %mm0; movq %mm0, $", 8, "ffffffffffffffff"],
  ["fldpi; fstpl $", 8, "400921fb54442d18"],
  ["fld1; fstps $", 4, "3f800000"],
  ["fninit; fnstcw $", 2, "37f"],
  ["stc; setc $", 1, "1"],
];

describe.each(places)("a write %s reaches the bus once, with its width and value", (_, address) => {
  test.each(writes)("%s", async (instruction, width, value) => {
    const { log } = await traps(instruction.replace(/\$$/, address));
    expect(log).toEqual([`write memory ${address.slice(2)} ${width} = ${value}`]);
  });
});

describe("instructions with several accesses", () => {
  const table: [name: string, body: string, log: string[]][] = [
    [
      "read, modify, write of 16 bits",
      "addw $1, 0xe0000003",
      ["read memory e0000003 2", "write memory e0000003 2 = 2212"],
    ],
    [
      "cmpxchg8b that succeeds",
      `mov $0x44332211, %eax; mov $0x88776655, %edx; mov $1, %ebx; mov $2, %ecx
       mov $0xe0000000, %edi; lock cmpxchg8b (%edi)`,
      ["read memory e0000000 8", "write memory e0000000 8 = 200000001"],
    ],
    [
      "cmpxchg of 16 bits that fails writes the old value back",
      "mov $1, %eax; mov $0xe0000000, %edi; lock cmpxchgw %cx, (%edi)",
      ["read memory e0000000 2", "write memory e0000000 2 = 2211"],
    ],
    [
      "rep movsw between two regions",
      "mov $0xe0000100, %esi; mov $0xe0000201, %edi; mov $2, %ecx; rep movsw",
      [
        "read memory e0000100 2",
        "write memory e0000201 2 = 2211",
        "read memory e0000102 2",
        "write memory e0000203 2 = 2211",
      ],
    ],
    [
      "rep stosl into a region, backwards",
      "std; mov $0xe0000104, %edi; mov $7, %eax; mov $2, %ecx; rep stosl; cld",
      ["write memory e0000104 4 = 7", "write memory e0000100 4 = 7"],
    ],
    ["a 128-bit read is two of 64", "movups 0xe0000004, %xmm0", ["read memory e0000004 8", "read memory e000000c 8"]],
    [
      "a 128-bit read over a page end is two of 64",
      "movups 0xe0000ffb, %xmm0",
      ["read memory e0000ffb 8", "read memory e0001003 8"],
    ],
    [
      "a 128-bit write is two of 64",
      "xorps %xmm0, %xmm0; movups %xmm0, 0xe0000ff5",
      ["write memory e0000ff5 8 = 0", "write memory e0000ffd 8 = 0"],
    ],
    ["an 80-bit float is 64 and 16", "fldt 0xe0000000", ["read memory e0000000 8", "read memory e0000008 2"]],
    ["lidt is 16 and 32", "mov $0xe0000000, %eax; lidt (%eax)", ["read memory e0000000 2", "read memory e0000002 4"]],
    [
      "two bytes one after the other stay two",
      "movb 0xe0000000, %al; movb 0xe0000001, %ah",
      ["read memory e0000000 1", "read memory e0000001 1"],
    ],
    [
      "the same 16-bit read twice stays two",
      "mov $2, %ecx\nagain: movw 0xe0000000, %ax; loop again",
      ["read memory e0000000 2", "read memory e0000000 2"],
    ],
  ];
  test.each(table)("%s", async (_, body, log) => {
    expect((await traps(body)).log).toEqual(log);
  });
});

describe("ports", () => {
  const table: [body: string, log: string, stored: string][] = [
    ["mov $0x300, %dx; inb %dx, %al; movb %al, 0x100000", "read io 300 1", "11"],
    ["mov $0x300, %dx; inw %dx, %ax; movw %ax, 0x100000", "read io 300 2", "1122"],
    ["mov $0x301, %dx; inw %dx, %ax; movw %ax, 0x100000", "read io 301 2", "1122"],
    ["mov $0x300, %dx; inl %dx, %eax; movl %eax, 0x100000", "read io 300 4", "11223344"],
    ["mov $0x30f, %dx; inl %dx, %eax; movl %eax, 0x100000", "read io 30f 4", "11223344"],
    ["mov $0x300, %dx; mov $0x9a5b5c5d, %eax; outb %al, %dx", "write io 300 1 = 5d", ""],
    ["mov $0x301, %dx; mov $0x9a5b5c5d, %eax; outw %ax, %dx", "write io 301 2 = 5c5d", ""],
    ["mov $0x300, %dx; mov $0x9a5b5c5d, %eax; outl %eax, %dx", "write io 300 4 = 9a5b5c5d", ""],
    ["mov $0x300, %dx; mov $0x100000, %edi; insw", "read io 300 2", "1122"],
  ];
  test.each(table)("%s", async (body, log, stored) => {
    const result = await traps(body);
    expect(result.log).toEqual([log]);
    expect(result.stored.slice(0, stored.length)).toBe(stored);
  });
});

test("with paging on, an access inside a page is joined and one over its end comes in bytes", async () => {
  // One 4 MiB page each: 0 and 0x40000000 onto 0, and 0xC0000000 onto 0xE0000000.
  const { bus, run } = await bootTest(`
    start: movl $0x83, 0x100000
     movl $0x83, 0x100400
     movl $0xe0000083, 0x100c00
     mov %cr4, %eax
     or $0x10, %eax
     mov %eax, %cr4
     mov $0x100000, %eax
     mov %eax, %cr3
     mov %cr0, %eax
     or $0x80000000, %eax
     mov %eax, %cr0
     # on from here at another linear address than the physical one
     mov $there, %eax
     add $0x40000000, %eax
     jmp *%eax
    there: mov $0, %eax
     movw 0xc0000010, %ax
     movq 0xc0000010, %mm0
     movl %eax, 0xc0000010
     movw 0xc0000fff, %bx
     mov $0, %eax
     ${exitWithEax}`);
  expect(await run()).toEqual({ reason: "exit", code: 0 });
  expect(bus.log).toEqual([
    "read memory e0000010 2",
    "read memory e0000010 8",
    "write memory e0000010 4 = 2211",
    "read memory e0000fff 1",
    "read memory e0001000 1",
  ]);
});
