/**
 * What a guest does with interrupts: x86 code on its own 8259, and a script. Oracles: the program, which counts what it
 * gets and exits with it; the 8259A's data sheet for what is lost; and a replay of the recording, without the guest.
 */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { troubledLines } from "../../host/cli/interrupt-summary.ts";
import { createSession, parseGuestSpec, type SessionEnd } from "../../host/cli/session.ts";
import { Recorder } from "../../host/recording/recorder.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { compileModules } from "./modules.ts";

let folder: string;
let remove: () => void;
beforeAll(async () => {
  ({ folder, remove } = await compileModules());
}, 60_000);
afterAll(() => remove());

interface Run {
  readonly vm: Vm;
  readonly end: SessionEnd;
  readonly recording: string;
}

/** Runs a guest, records it, and replays the recording. */
async function run(conf: string, guest: string, kind: "script" | "rom"): Promise<Run> {
  const file = join(folder, `guest.${kind}`);
  writeFileSync(file, guest);
  const early: VmEvent[] = [];
  const text: string[] = [];
  let recorder: Recorder | undefined;
  const pieces = [{ text: conf, file: "test.qvmconf" }];
  const session = await createSession({
    pieces,
    guest: parseGuestSpec(`${kind}:${file}`),
    listener: (event) => (recorder === undefined ? early.push(event) : recorder.event(event)),
    onOutput: () => {},
    modulePath: [folder],
  });
  recorder = new Recorder(session.vm, { guest: kind, pieces }, (part) => text.push(part));
  for (const event of early) recorder.event(event);
  const end = await session.run();
  recorder.end(end);
  session.close();
  const recording = text.join("");
  const again = replay(parseRecording(recording, "test.rec"), { modulePath: [folder] });
  expect(again.divergence).toBeUndefined();
  return { vm: session.vm, end, recording };
}

/** Registers a handler for a line that counts in `count`, the line still masked. */
const handler = (line: number, count: string) => `
    mov $on_${count}, %eax
    mov %eax, IRQ_HANDLERS + 4*${line}
    jmp past_${count}
on_${count}:
    incl ${count}
    ret
past_${count}:`;
const unmask = (line: number) => `
    in $0x21, %al
    and $${0xff & ~(1 << line)}, %al
    out %al, $0x21`;
const exit = "out %eax, $EXIT_PORT";
const CLIENT = "vdev client name dev loc 0xd0000000";

describe("x86 code", () => {
  it("sees an edge that came while its line was masked, and one of two that came while interrupts were off", async () => {
    const { vm, end } = await run(
      `ram 0,1M\n${CLIENT} intr 8259:5`,
      `start: ${handler(5, "five")}
    movl $1, 0xD0000000
    movl $2, 0xD0000000
    ${unmask(5)}
    sti
    nop
    jmp one
one: cli
    movl $1, 0xD0000000
    movl $2, 0xD0000000
    movl $1, 0xD0000000
    sti
    nop
    jmp two
two: movl $2, 0xD0000000
    mov five, %eax
    ${exit}
.bss
five: .long 0`,
      "rom",
    );
    expect(end.exitCode).toBe(2);
    expect(vm.lines.report()).toEqual([
      expect.objectContaining({ line: "8259:5", raised: 3, masked: 1, lost: 1, taken: 2, spurious: 0, high: false }),
    ]);
    expect(troubledLines(vm.lines.report())).toEqual(["8259:5 was raised 3 times: 1 lost, 1 while masked"]);
  });

  it("shares a line between an ioapic of another name and the 8259, and takes it until both let go", async () => {
    const { vm, end } = await run(
      `ram 0,1M\nvdev ioapic name pic0\n${CLIENT} intr 8259:4 extra pic0:4`,
      // Level-triggered: the handler lets go of one source each time it runs.
      `start: ${handler(4, "four")}
    mov $0x10, %al
    mov $0x4d0, %dx
    outb %al, %dx
    mov $quiet, %eax
    mov %eax, IRQ_HANDLERS + 4*4
    movl $1, 0xD0000000
    movl $1, 0xD0000008
    ${unmask(4)}
    sti
    nop
    jmp on
quiet:
    incl four
    cmpl $2, four
    je second
    movl $2, 0xD0000000
    ret
second:
    movl $2, 0xD0000008
    ret
on: mov $100, %ecx
spin: loop spin
    mov four, %eax
    ${exit}
.bss
four: .long 0`,
      "rom",
    );
    expect(end.exitCode).toBe(2);
    expect(vm.lines.high()).toEqual([]);
    expect(vm.lines.report().map(({ line, taken, spurious }) => [line, taken, spurious])).toEqual([
      ["8259:4", 1, 0],
      ["pic0:4", 1, 0],
    ]);
  });

  it("is told nothing of a level that went before it let it in: a spurious interrupt", async () => {
    const { vm, end } = await run(
      `ram 0,1M\n${CLIENT} intr 8259:6`,
      `start: ${handler(6, "six")}
    mov $0x40, %al
    mov $0x4d0, %dx
    outb %al, %dx
    ${unmask(6)}
    movl $1, 0xD0000000
    movl $2, 0xD0000000
    sti
    nop
    jmp on
on: mov six, %eax
    ${exit}
.bss
six: .long 0`,
      "rom",
    );
    expect(end.exitCode).toBe(0);
    expect(vm.lines.report()).toEqual([expect.objectContaining({ line: "8259:6", raised: 1, spurious: 1, taken: 0 })]);
  });

  it("gets a message as the vector its 8259 would deliver; others do not reach it, and it is said", async () => {
    const { end, recording } = await run(
      `ram 0,1M\n${CLIENT}`,
      `start: ${handler(6, "six")}
    ${unmask(6)}
    sti
    movl $0xFEE00000, 0xD000000C
    movl $0x26, 0xD0000010
    mov $100, %ecx
spin: loop spin
    movl $0x41, 0xD0000010
    mov six, %eax
    ${exit}
.bss
six: .long 0`,
      "rom",
    );
    expect(end.exitCode).toBe(1);
    expect(recording).toContain("msi dev 0xfee00000 0x26 => apic:38");
    expect(recording).toMatch(/log warn qvm "a message for vector 0x41 does not reach the guest/);
  });

  it.each(["gic:40", "ioapic:16"])("does not get %s, which is said the first time it rises", async (pin) => {
    const guest = `start: movl $1, 0xD0000000
    movl $2, 0xD0000000
    movl $1, 0xD0000000
    ret`;
    const { recording } = await run(`ram 0,1M\n${CLIENT} intr ${pin}`, guest, "rom");
    const told = `log warn qvm "${pin} does not reach the guest: x86 code takes lines 0 to 15 of 8259 and ioapic"`;
    expect(recording.split(told)).toHaveLength(2);
    const { recording: heard } = await run(`ram 0,1M\n${CLIENT} intr ioapic:5`, guest, "rom");
    expect(heard).not.toContain("does not reach");
  });
});

describe("a script", () => {
  const CONF = `vdev pic name pic0 loc 0x1c000000 intr gic:40
    vdev client name a loc 0x1c010000 intr pic0:2
    vdev client name b loc 0x1c020000 intr gic:41`;

  it("drives a controller and takes what waits; acts on lines are inputs of its recording", async () => {
    const { end, recording } = await run(
      CONF,
      `irq_enable gic:40
      writel 0x1c010000 1
      expect irq pic0:2 on
      expect irq gic:40 on
      irq_take gic:40
      expect 1
      writel 0x1c000008 0xff     # acknowledged, but still up: it waits again
      expect irq gic:40 on
      writel 0x1c010000 2
      expect irq gic:40 off
      irq_take gic 40            # nothing is there
      expect 0
      irq_count gic 40 spurious
      expect 1
      irq_count pic0:2 taken
      expect 1
      irq_take pic0:2            # the guest of a vdev works with its registers
      expect error
      irq_enable gic:41 edge
      writel 0x1c020000 1
      writel 0x1c020000 2
      writel 0x1c020000 1
      irq_count gic:41 lost
      expect 1
      irq_take gic:41
      expect 1
      irq_take gic:41
      expect 0
      irq_disable gic:41
      writel 0x1c020000 2
      writel 0x1c020000 1
      irq_count gic:41 masked
      expect 1
      irq_enable nowhere:1
      expect error`,
      "script",
    );
    expect(end.script).toMatchObject({ failed: 0, expectations: 14 });
    expect(recording).toContain("irq_act gic:40 enable\n");
    expect(recording).toContain("irq_guest pic0:2 - ack\n");
    expect(recording).toContain("irq_note gic:41 lost\n");
  });

  it("takes messages for vectors", async () => {
    const { end } = await run(
      CONF,
      `writel 0x1c01000c 0xfee00000
      writel 0x1c010010 0x41
      irq_take apic 0x41
      expect 1
      irq_count apic 0x41 raised
      expect 1
      irq_take apic 0x42
      expect 0`,
      "script",
    );
    expect(end.script).toMatchObject({ failed: 0 });
  });
});
