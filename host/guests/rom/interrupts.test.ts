// How interrupt lines reach a ROM guest, and what hlt does. Oracles: the 8259's data sheet for edge and level triggering,
// the Intel SDM, volume 3, for when an interrupt is taken.
import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.ts";
import { AccessStatus } from "../bus.ts";
import { bootTest, countInterrupts, exitWithEax } from "./mock-bus.ts";

describe("interrupts", () => {
  test.each([1, 5, 8, 15])("line %i reaches its handler, which is told the line", async (line) => {
    const { bus, guest, run } = await bootTest(`${countInterrupts(line)}
      movl $1, 0xe0000000
      mov $1000, %ecx
     spin: cmpl $0, seen
      jne got
      dec %ecx
      jnz spin
     got: mov seen, %eax; shl $8, %eax; or seen_line, %eax; ${exitWithEax}`);
    bus.answer = () => {
      guest.setIrq(line, true);
      guest.setIrq(line, false);
      return AccessStatus.done;
    };
    expect(await run()).toEqual({ reason: "exit", code: 0x100 | line });
  });

  test("a line raised in the middle of an instruction is taken after it, registers and stack unharmed", async () => {
    const { bus, guest, run } = await bootTest(`${countInterrupts(3)}
      mov %esp, %ebx
      push 0xe0000000
     wait: cmpl $0, seen
      je wait
      pop %eax
      sub %esp, %ebx
      add %ebx, %eax
      ${exitWithEax}`);
    bus.valueLo = 0x1234;
    bus.answer = () => {
      guest.setIrq(3, true);
      return AccessStatus.done;
    };
    expect(await run()).toEqual({ reason: "exit", code: 0x1234 });
  });

  test("while interrupts are off, or its line is masked, the guest is left alone", async () => {
    const { bus, guest, run } = await bootTest(`${countInterrupts(4)}
      cli
      movl $1, 0xe0000000
      nop; mov seen, %ebx
      sti
      nop; jmp over
     over: mov seen, %eax; shl $4, %eax; or %ebx, %eax; ${exitWithEax}`);
    bus.answer = () => {
      guest.setIrq(4, true);
      guest.setIrq(6, true); // masked
      return AccessStatus.done;
    };
    expect(await run()).toEqual({ reason: "exit", code: 0x10 });
  });

  test("hlt hands over to the VM; the handler of a line it sets runs before the instruction behind hlt", async () => {
    let asked = 0;
    const { guest, run } = await bootTest(`${countInterrupts(0)} hlt; mov seen, %eax; ${exitWithEax}`, {
      onHalt: () => {
        asked += 1;
        guest.setIrq(0, true);
        return "resume";
      },
    });
    expect(await run()).toEqual({ reason: "exit", code: 1 });
    expect(asked).toBe(1);
  });

  test("hlt ends after an event that does not interrupt, so that a program can poll by events", async () => {
    const { bus, run } = await bootTest(
      `sti
      wait: hlt; cmpl $3, 0xe0000000; jb wait
       mov $0, %eax; ${exitWithEax}`,
      {
        onHalt: () => {
          bus.valueLo += 1;
          return "resume";
        },
      },
    );
    bus.valueLo = 0;
    expect(await run()).toEqual({ reason: "exit", code: 0 });
    expect(bus.log).toHaveLength(3);
  });

  test("edge-triggered: a line that stays up interrupts once; level-triggered: until it goes down", async () => {
    const program = (mode: number) => `${countInterrupts(5)}
      mov $${mode}, %al
      mov $0x4d0, %dx
      outb %al, %dx
      mov $take, %eax
      mov %eax, IRQ_HANDLERS + 4 * 5
      jmp ready
     take: incl seen; cmpl $3, seen; jb more
      movl $0, 0xe0000000
     more: ret
     ready: movl $1, 0xe0000000
      mov $100, %ecx
     spin: loop spin
      mov seen, %eax; ${exitWithEax}`;
    for (const [mode, times] of [
      [0, 1],
      [1 << 5, 3],
    ]) {
      const { bus, guest, run } = await bootTest(program(mode));
      bus.answer = (entry) => {
        guest.setIrq(5, entry.endsWith("= 1"));
        return AccessStatus.done;
      };
      expect(await run()).toEqual({ reason: "exit", code: times });
    }
  });

  test("a line that does not exist is refused", async () => {
    const { guest } = await bootTest("hlt");
    expect(() => guest.setIrq(16, true)).toThrow(UserError);
  });
});
