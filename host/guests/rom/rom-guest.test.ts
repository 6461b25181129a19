// What a ROM guest promises its VM and its author, shown with programs that run on it. See memory-map.ts.
import { describe, expect, test } from "vitest";
import { UserError } from "../../errors.ts";
import { AccessStatus } from "../bus.ts";
import { bootTest, countInterrupts, exitWithEax } from "./mock-bus.ts";

describe("ends of a run", () => {
  test.each([0, 1, 0xdeadbeef])("the exit code is the 32-bit value written: %i", async (code) => {
    const { run } = await bootTest(`mov $${code}, %eax; ${exitWithEax}`);
    expect(await run()).toEqual({ reason: "exit", code });
  });

  test("nothing is executed after the exit port", async () => {
    const { bus, run } = await bootTest(`mov $3, %al; outb %al, $EXIT_PORT; movl $1, 0xe0000000; hlt`);
    expect(await run()).toEqual({ reason: "exit", code: 3 });
    expect(bus.log).toEqual([]);
  });

  test("`stop` from the bus ends the run with that access", async () => {
    const { bus, run } = await bootTest("movl $1, 0xe0000000; movl $2, 0xe0000000; hlt");
    bus.answer = () => AccessStatus.stop;
    expect(await run()).toEqual({ reason: "stopped" });
    expect(bus.log).toEqual(["write memory e0000000 4 = 1"]);
  });

  test("stop() called inside the bus ends the run with that access", async () => {
    const { bus, guest, run } = await bootTest("start: mov 0xe0000000, %eax; jmp start");
    bus.answer = () => {
      guest.stop();
      return AccessStatus.done;
    };
    expect(await run()).toEqual({ reason: "stopped" });
    expect(bus.log).toHaveLength(1);
  });

  test("stop() from outside ends an endless loop, so the event loop gets its turn", async () => {
    const { guest, run } = await bootTest("start: jmp start", { instructionLimit: Number.POSITIVE_INFINITY });
    const ended = run();
    setImmediate(() => guest.stop());
    expect(await ended).toEqual({ reason: "stopped" });
  });

  test("hlt with interrupts off is the end, and the VM is not asked", async () => {
    const { run } = await bootTest("cli; hlt", {
      onHalt: () => {
        throw new Error("asked");
      },
    });
    expect(await run()).toEqual({ reason: "halted" });
  });

  test("returning from start is the end", async () => {
    const { run } = await bootTest("start: ret");
    expect(await run()).toEqual({ reason: "halted" });
  });

  test("hlt with interrupts on ends when the VM has nothing more to come", async () => {
    const { run } = await bootTest("sti; hlt", { onHalt: () => "stop" });
    expect(await run()).toEqual({ reason: "halted" });
  });

  const failures: [name: string, source: string, sentence: RegExp][] = [
    ["divide error", "nop\nmov $0, %ecx\ndiv %ecx", /^test\.s:3: the guest took a divide error \(#DE\)/],
    ["invalid opcode", "nop\n.byte 0x0f, 0x0b", /^test\.s:2: the guest took an invalid opcode \(#UD\)/],
    ["general protection", "mov $0xff, %eax\nmov %ax, %ds", /^test\.s:2: .*\(#GP\) with error code 0xfc/],
    ["unknown vector", "nop\nint $0x80", /vector above 0x2F/],
    ["triple fault", "lidt 0x100000\nmov $0, %ecx\ndiv %ecx", /^test\.s:3: the guest did what the processor cannot/],
    ["jump out of RAM", "mov $0x40000000, %eax\njmp *%eax", /left RAM \(at address 0x4/],
    ["endless loop", "nop\nstart: jmp start", /^test\.s:2: the guest was still running after 5000000 instructions/],
  ];
  test.each(failures)("%s: one sentence with its place", async (_, source, sentence) => {
    const end = await (await bootTest(source)).run();
    expect(end.reason).toBe("failed");
    expect(end.reason === "failed" ? String(end.error) : "").toMatch(sentence);
  });

  test("a time limit ends the run", async () => {
    const { run } = await bootTest("start: jmp start", { timeLimitMs: 0 });
    const end = await run();
    expect(end.reason === "failed" ? String(end.error) : "").toMatch(/after 0 ms/);
  });
});

describe("answers of the bus", () => {
  test.each([
    ["movb 0xe0000000, %al", 0xff],
    ["movw 0xe0000000, %ax", 0xffff],
    ["movl 0xe0000000, %eax", 0xffffffff],
    ["mov $0x300, %edx; inb %dx, %al", 0xff],
    ["mov $0x300, %edx; inw %dx, %ax", 0xffff],
  ])("a bus error reads as all ones: %s", async (instruction, code) => {
    const { bus, guest, run } = await bootTest(`mov $0, %eax; ${instruction}; ${exitWithEax}`);
    bus.answer = () => AccessStatus.busError;
    expect(await run()).toEqual({ reason: "exit", code });
    expect(guest.unansweredCount).toBe(1);
  });

  test("addresses and ports nobody claims read as all ones and do not reach the bus", async () => {
    const { bus, guest, run } = await bootTest(
      `movl $1, 0xd0000000; movl 0xd0000000, %ebx; inl $0x80, %eax; and %ebx, %eax; ${exitWithEax}`,
    );
    expect(await run()).toEqual({ reason: "exit", code: 0xffffffff });
    expect(bus.log).toEqual([]);
    expect(guest.unansweredCount).toBe(3);
  });

  const repeated: [instruction: string, last: string][] = [
    ["mov 0xe0000000, %eax", "read memory e0000000 4"],
    ["movw 0xe0000fff, %ax", "read memory e0000fff 2"],
    ["mov %eax, 0xe0000000", "write memory e0000000 4 = 0"],
    ["movq 0xe0000000, %mm0", "read memory e0000000 8"],
    ["mov $0x300, %dx; inl %dx, %eax", "read io 300 4"],
    ["push 0xe0000000", "read memory e0000000 4"],
  ];
  test.each(repeated)("noAdvance executes again: %s", async (instruction, access) => {
    const { bus, run } = await bootTest(`
      mov %esp, %ebx; mov $0, %eax
      ${instruction}
      mov %esp, %ecx; sub %ebx, %ecx; mov %ecx, %eax; ${exitWithEax}`);
    // Many times: what leaving the processor costs must not add up.
    bus.answer = () => (bus.log.length <= 5000 ? AccessStatus.noAdvance : AccessStatus.done);
    const code = instruction.startsWith("push") ? 0xfffffffc : 0;
    expect(await run()).toEqual({ reason: "exit", code });
    expect(bus.log).toHaveLength(5001);
    expect(new Set(bus.log)).toEqual(new Set([access]));
  });

  test("an interrupt gets in between two executions of an instruction", async () => {
    const { bus, guest, run } = await bootTest(`${countInterrupts(5)}
      mov 0xe0000000, %eax; mov seen, %eax; ${exitWithEax}`);
    bus.answer = () => {
      guest.setIrq(5, true);
      return bus.log.length === 1 ? AccessStatus.noAdvance : AccessStatus.done;
    };
    expect(await run()).toEqual({ reason: "exit", code: 1 });
  });
});

test.each([
  ["an error", new Error("the bus broke")],
  ["a WebAssembly fault", new WebAssembly.RuntimeError("unreachable")],
])("%s thrown by the bus comes out of run() as it is", async (_, thrown) => {
  const { bus, run } = await bootTest("mov 0xe0000000, %eax; hlt");
  bus.answer = () => {
    throw thrown;
  };
  await expect(run()).rejects.toBe(thrown);
});

describe("RAM and ranges", () => {
  test("RAM is the guest's and the host's", async () => {
    const { guest, run } = await bootTest(`mov 0x123456, %eax; movl $0x9a5b5c5d, 0x1ffffc; ${exitWithEax}`);
    guest.ram.set([1, 2, 3, 4], 0x123456);
    expect(await run()).toEqual({ reason: "exit", code: 0x04030201 });
    expect(new DataView(guest.ram.buffer, guest.ram.byteOffset).getUint32(0x1ffffc, true)).toBe(0x9a5b5c5d);
    expect(guest.ram).toHaveLength(2 * 1024 * 1024);
  });

  test("two regions in one 128 KiB block, with a hole between them", async () => {
    const { bus, run } = await bootTest("mov 0xe0001000, %eax; mov 0xe0001010, %eax; mov 0xe0001020, %eax; hlt", {
      windows: [
        [0xe0001000, 0x10],
        [0xe0001020, 0x10],
      ],
    });
    await run();
    expect(bus.log).toEqual(["read memory e0001000 4", "read memory e0001020 4"]);
  });

  test("the hole below 0xC0000 and the last page of memory can be claimed", async () => {
    const { bus, run } = await bootTest("movw 0xa0000, %ax; mov 0xfffffffc, %eax; mov %eax, 0xbfffc; hlt", {
      windows: [
        [0xa0000, 0x20000],
        [0xfffff000, 0x1000],
      ],
    });
    await run();
    expect(bus.log).toEqual(["read memory a0000 2", "read memory fffffffc 4", "write memory bfffc 4 = 44332211"]);
  });

  test("ranges come and go while the guest runs", async () => {
    const { bus, guest, run } = await bootTest(`mov $2, %ecx
     again: mov 0xe0000000, %eax; mov 0xd0000000, %eax; loop again; hlt`);
    bus.answer = () => {
      guest.release("memory", 0xe0000000, 0x2000);
      guest.claim("memory", 0xd0000000, 0x1000);
      return AccessStatus.done;
    };
    await run();
    expect(bus.log).toEqual(["read memory e0000000 4", "read memory d0000000 4", "read memory d0000000 4"]);
  });

  test.each([
    [{ windows: [[0x100000, 0x1000]] as const }, /overlaps RAM/],
    [{ windows: [[0xfee00000, 0x1000]] as const }, /overlaps the local APIC/],
    [{ windows: [[0xfffff000, 0x2000]] as const }, /does not fit/],
    [{ ports: [[0xe0, 0x10]] as const }, /overlaps the guest's own text, exit and fault ports/],
    [{ ports: [[0xf4, 1]] as const }, /overlaps the guest's own/],
    [{ ports: [[0x21, 1]] as const }, /overlaps the PC's interrupt controllers/],
    [{ ports: [[0xfff8, 0x10]] as const }, /does not fit/],
    [{ ramBytes: 4096 }, /cannot have 4096 bytes of RAM/],
  ])("refused: %j", async (options, sentence) => {
    const refusal = await bootTest("hlt", options).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UserError);
    expect(String(refusal)).toMatch(sentence);
  });
});

test("text comes out by lines, as UTF-8, and the port says it is there", async () => {
  const lines: string[] = [];
  const { run } = await bootTest(
    `mov $text, %esi
    next: lodsb; test %al, %al; jz end; outb %al, $TEXT_PORT; jmp next
    end: mov $0, %eax; inb $TEXT_PORT, %al; ${exitWithEax}
    .data
    text: .byte 0xc3, 0xa9, 10, 0x61, 0x62, 0`,
    { onOutput: (line) => lines.push(line) },
  );
  expect(await run()).toEqual({ reason: "exit", code: 0xe9 });
  expect(lines).toEqual(["é\n", "ab"]);
});

describe("determinism and life span", () => {
  const busy = `${countInterrupts(7)}
    mov $300, %edi
   poll: movw 0xe0000000, %ax; mov %eax, 0xe0000004
    test $7, %edi
    jnz no_halt
    hlt
   no_halt: dec %edi; jnz poll
    rdtsc
    mov %eax, 0xe0000008
    mov seen, %eax; ${exitWithEax}`;

  async function runBusy(): Promise<string[]> {
    const { bus, guest, run } = await bootTest(busy, {
      onHalt: () => {
        bus.log.push("halt");
        guest.setIrq(7, true);
        guest.setIrq(7, false);
        return "resume";
      },
    });
    bus.answer = () => {
      if (bus.log.length % 5 === 0) guest.setIrq(7, true);
      if (bus.log.length % 5 === 1) guest.setIrq(7, false);
      return AccessStatus.done;
    };
    return [...bus.log, JSON.stringify(await run()), ...bus.log];
  }

  test("three runs, two of them at the same time, make the same accesses", async () => {
    const first = await runBusy();
    const [second, third] = await Promise.all([runBusy(), runBusy()]);
    expect(first.length).toBeGreaterThan(600);
    expect(second).toEqual(first);
    expect(third).toEqual(first);
  });

  test("a guest runs once", async () => {
    const { run } = await bootTest("hlt");
    await run();
    await expect(run()).rejects.toThrow(/runs once/);
  });

  test("nothing is left open after a run", async () => {
    const open = () =>
      process.getActiveResourcesInfo().filter((kind) => /Timeout|Immediate|Worker|Port|File/.test(kind));
    const before = open();
    const { guest, run } = await bootTest("sti; hlt; hlt");
    await run();
    guest.destroy();
    const left = open();
    // What others had open may have been closed meanwhile.
    for (const kind of before) if (left.includes(kind)) left.splice(left.indexOf(kind), 1);
    expect(left).toEqual([]);
    expect(() => guest.ram).toThrow(/destroyed/);
  });
});
