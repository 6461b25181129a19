// Programs that break the processor under them. Oracles: the Intel SDM (volume 3, 4.3 paging, 6.10 the IDT), and that
// it is the guest that fails: one line, with the line of its source, and nothing thrown at the host.
import { expect, test } from "vitest";
import { bootTest, exitWithEax } from "./mock-bus.ts";
import type { RomGuestOptions } from "./rom-guest.ts";

/** How a guest's run ends, in words. */
async function endOf(source: string, options: Partial<RomGuestOptions> = {}): Promise<string> {
  const end = await (await bootTest(source, options)).run();
  return end.reason === "failed" ? `${end.error}` : JSON.stringify(end);
}

const pagingOn = "mov %cr0, %eax\nor $0x80000000, %eax\nmov %eax, %cr0";

/** Page directory at 0x100000: the first 4 MiB at `linear` and, for the code that turns it on, at 0 too. */
const paged = (linear: number) => `
  mov %cr4, %eax; or $0x10, %eax; mov %eax, %cr4 # pages of 4 MiB
  movl $0x83, 0x100000
  movl $0x83, 0x100000 + ${(linear >>> 22) * 4}
  mov $0x100000, %eax; mov %eax, %cr3
  ${pagingOn}`;

const broken: [name: string, source: string, sentence: RegExp][] = [
  [
    "paging on with no page directory",
    `mov $0, %eax\nmov %eax, %cr3\n${pagingOn}\nl: jmp l`,
    /^test\.s:6: the guest took a page fault \(#PF\), .*CR3 is 0x0/,
  ],
  ["every bit of CR0", "mov $-1, %eax\nmov %eax, %cr0\nl: jmp l", /^test\.s:3: the guest took a page fault \(#PF\)/],
  [
    "an IDT that is not mapped",
    `${paged(0)}\nmovw $0x7ff, 0x2000; movl $0xc0000000, 0x2002; lidt 0x2000\nmov 0x80000000, %eax`,
    /^test\.s:10: the guest took a page fault .*CR2 0xc0000070\)/, // gate 14, 8 bytes a gate
  ],
  [
    "a stack that is not mapped",
    `${paged(0)}\nmov $0xc0000010, %esp\nmov 0x80000000, %eax`,
    /^test\.s:10: the guest took a page fault/,
  ],
  [
    "an exception with its stack outside RAM",
    "nop\nmov $0x90000000, %esp\nint3\nl: jmp l",
    /^test\.s:3: the guest took a breakpoint \(#BP\), .* stack outside RAM \(ESP is 0x8ffffff/,
  ],
  [
    "a fault with its stack in a vdev's region",
    "mov $0xe0000100, %esp\nnop\nmov $0, %ecx\ndiv %ecx",
    /^test\.s:4: the guest took a divide error \(#DE\), .* stack outside RAM/,
  ],
];

test.each(broken)("%s is told with its line", async (_, source, sentence) => {
  const text = await endOf(source);
  expect(text).toMatch(sentence);
  expect(text.split("\n")).toHaveLength(1);
});

test("code that is not the guest's is told in one line, without places in the emulator", async () => {
  const text = await endOf("nop\njmp 0xfffffff0");
  expect(text).toMatch(/^test\.s: the guest did what the processor cannot \(.*\), in bytes that are not its program/);
  expect(text).not.toMatch(/\n|\.rs|panicked/);
});

test("an interrupt that ends HLT and finds no IDT is the guest's failure", async () => {
  const booted = await bootTest(
    `${paged(0)}
     movw $0x7ff, 0x2000; movl $0xc0000000, 0x2002; lidt 0x2000
     mov $0xfe, %al; outb %al, $0x21
     sti; hlt
     l: jmp l`,
    {
      onHalt: () => {
        booted.guest.setIrq(0, true);
        return "resume";
      },
    },
  );
  const end = await booted.run();
  expect(end.reason === "failed" ? `${end.error}` : "").toMatch(/^test\.s:12: the guest took a page fault/);
});

test("the bus is never reached with the host's stack nearly full", async () => {
  const depth = (left = 0): number => {
    try {
      return depth(left + 1);
    } catch {
      return left;
    }
  };
  const whole = depth();
  let least = whole;
  // Each page fault reads its gate from the bus and faults again on the stack.
  const booted = await bootTest(
    `movl $0xe0000083, 0x100e00 # 4 MiB at 0xE0000000, where they are
     ${paged(0)}
     movw $0x7ff, 0x2000; movl $0xe0000000, 0x2002; lidt 0x2000
     mov $0xc0000010, %esp
     mov 0x80000000, %eax`,
  );
  let reads = 0;
  booted.bus.answer = (entry) => {
    // An interrupt gate, present, for selector 8 and address 0xF0000 (SDM volume 3, 6.11).
    const isHigh = /[4c] \d$/.test(entry);
    booted.bus.valueLo = isHigh ? 0x000f8e00 : 0x00080000;
    booted.bus.valueHi = 0x000f8e00;
    if (++reads % 20 === 0) least = Math.min(least, depth());
    return 0;
  };
  const end = await booted.run();
  expect(end.reason === "failed" ? `${end.error}` : "").toMatch(/^test\.s:12: the guest took a page fault/);
  expect(reads).toBeGreaterThan(20);
  expect(least).toBeGreaterThan(whole / 2);
});

test("with paging on, code may run at addresses above the end of RAM", async () => {
  const text = await endOf(`${paged(0x40000000)}
    mov $high, %eax; add $0x40000000, %eax; jmp *%eax
    high: mov $200000, %ecx
    more: dec %ecx; jnz more
    mov $9, %eax; ${exitWithEax}`);
  expect(text).toBe('{"reason":"exit","code":9}');
});
