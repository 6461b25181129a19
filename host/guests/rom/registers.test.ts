// The registers of a ROM guest's processor. Oracles: what the program put into them, and the Intel SDM, volume 1 (3.4.3:
// EFLAGS) and volume 3 (2.4: table registers, 2.5: control registers).
import { describe, expect, test } from "vitest";
import { AccessStatus } from "../bus.ts";
import type { X86Registers } from "../x86-registers.ts";
import { bootTest, exitWithEax } from "./mock-bus.ts";

const FLAG = { carry: 1, always1: 2, zero: 0x40, interrupt: 0x200, direction: 0x400 } as const;

/** The registers inside the first access of a program. */
async function inAccess(
  source: string,
): Promise<{ seen: X86Registers; lineOf: (address: number) => number | undefined }> {
  const { bus, guest, run } = await bootTest(`${source}\n movl $0, 0xe0000000\n mov $0, %eax\n ${exitWithEax}`);
  let seen: X86Registers | undefined;
  bus.answer = () => {
    seen ??= guest.registers();
    return AccessStatus.done;
  };
  expect(await run()).toEqual({ reason: "exit", code: 0 });
  return { seen: seen!, lineOf: (address) => guest.image.lineAt(address) };
}

describe("the registers of the processor", () => {
  test("are what the program put there", async () => {
    const { seen } = await inAccess(`start:
      mov $0x81000001, %eax; mov $0x81000002, %ebx; mov $0x81000003, %ecx; mov $0x81000004, %edx
      mov $0x81000005, %esi; mov $0x81000006, %edi; mov $0x81000007, %ebp; mov $0x80000, %esp`);
    expect(seen).toMatchObject({ eax: 0x81000001, ebx: 0x81000002, ecx: 0x81000003, edx: 0x81000004 });
    expect(seen).toMatchObject({ esi: 0x81000005, edi: 0x81000006, ebp: 0x81000007, esp: 0x80000 });
    expect(seen).toMatchObject({ cs: 0x08, ds: 0x10, es: 0x10, ss: 0x10, halted: false });
  });

  test("have eip at the instruction that makes the access, which has not changed anything yet", async () => {
    const { seen, lineOf } = await inAccess(`start:
      mov $7, %eax
      nop
      xchg %eax, 0xe0000ffc
      nop`);
    expect(lineOf(seen.eip)).toBe(4);
    expect(seen.eax).toBe(7);
  });

  test.each([
    ["stc; cld", FLAG.carry, FLAG.direction],
    ["clc; std", FLAG.direction, FLAG.carry],
    ["xor %eax, %eax", FLAG.zero, FLAG.carry],
    ["mov $1, %eax; sub $2, %eax", FLAG.carry, FLAG.zero],
    ["sti", FLAG.interrupt, 0],
    ["sti; nop; cli", 0, FLAG.interrupt],
  ])("have the flags after %s", async (program, set, clear) => {
    const { seen } = await inAccess(`start: ${program}`);
    expect(seen.eflags & (set | clear)).toBe(set);
    expect(seen.eflags & FLAG.always1).toBe(FLAG.always1);
  });

  test("tell of tables and of control registers", async () => {
    const { seen } = await inAccess(`start:
      mov $idtr_here, %eax; lidt (%eax)
      mov $0x5000, %eax; mov %eax, %cr3; mov $0x12345678, %eax; mov %eax, %cr2
      jmp go
      idtr_here: .word 0x3ff
      .long 0x1000
      go: mov $0x600, %eax; mov %eax, %cr4`);
    expect(seen.idtr).toEqual({ base: 0x1000, limit: 0x3ff });
    expect(seen).toMatchObject({ cr2: 0x12345678, cr3: 0x5000, cr4: 0x600 });
    expect(seen.cr0 & 0x80000001).toBe(1); // protection on, paging off
  });

  test("count eip from the base of the code segment", async () => {
    // A code descriptor with base 0x1000: a far jump to L - 0x1000 in it goes on at L.
    const { seen } = await inAccess(`start:
      mov $table, %eax; lgdt (%eax)
      push $0x18; mov $there, %eax; sub $0x1000, %eax; push %eax; lret
      table: .word 0x1f
      .long descriptors
      descriptors: .quad 0, 0x00cf9a000000ffff, 0x00cf92000000ffff, 0x00cf9a001000ffff
      there: nop
      here: mov %eax, 0xe0000000
      nop; push $0x08; push $back; lret
      back: nop`);
    expect(seen.cs).toBe(0x18);
    expect(seen.eax).toBe(seen.eip - 1); // eax is the offset of `there`, a nop of one byte before the access
  });

  test("have eip behind a hlt while the guest waits in it, and are none when the machine is gone", async () => {
    let seen: X86Registers | undefined;
    const { guest, run } = await bootTest("start: sti\nhlt\nnop\nnop", {
      onHalt: () => {
        seen = guest.registers();
        return "stop";
      },
    });
    await run();
    expect(seen).toMatchObject({ halted: true });
    expect(guest.image.lineAt(seen!.eip)).toBe(3);
    guest.destroy();
    expect(guest.registers()).toBeUndefined();
  });
});
