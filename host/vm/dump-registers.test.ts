/**
 * Registers and the text of STATUS in a guest dump. Oracles: `struct elf_prstatus` of Linux for i386 (144 bytes, registers
 * at 72 in the order of `user_regs_struct`), the System V gABI, and what the vdev is written to say.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { type Core, readCore } from "../../test/support/elf-core.ts";
import { endingVdev, WRITE } from "../../test/support/ending-vdev.ts";
import { vmOf, write } from "../../test/support/vm.ts";
import { AT, watVdev } from "../../test/support/wat-vdev.ts";
import type { X86Registers } from "../guests/x86-registers.ts";
import type { RamPlan } from "./plan.ts";
import { VmSnapshot } from "./snapshot.ts";
import type { Vm } from "./vm.ts";

const EM_386 = 3;
const NOTE = { cpu: 0x5643, vm: 0x564d, status: 0x5653 } as const;
const DEVICE = 0x1c000000n;

const folder = mkdtempSync(join(tmpdir(), "vdevbox-registers-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let count = 0;

/** A VM that dumps, and its last dump. */
function dumping(ram: readonly RamPlan[] = [{ start: 0n, length: 0x10000n, writable: true }], module = endingVdev()) {
  const dump = join(folder, `r${count++}.core`);
  const { vm } = vmOf(module, { ram, dump }, { vdev: { name: "dog" } });
  const read = (number = 0) => readCore(readFileSync(number === 0 ? dump : `${dump}.${number}`));
  return { vm, read };
}

/** Every register another number. */
const REGISTERS: X86Registers = {
  eax: 0xa0000001,
  ecx: 0xa0000002,
  edx: 0xa0000003,
  ebx: 0xa0000004,
  esp: 0xa0000005,
  ebp: 0xa0000006,
  esi: 0xa0000007,
  edi: 0xa0000008,
  eip: 0xa0000009,
  eflags: 0x246,
  es: 0x11,
  cs: 0x12,
  ss: 0x13,
  ds: 0x14,
  fs: 0x15,
  gs: 0x16,
  tr: 0x17,
  ldtr: 0x18,
  cr0: 0x80000011,
  cr2: 0xdeadbeef,
  cr3: 0x7000,
  cr4: 0x600,
  gdtr: { base: 0xff028, limit: 0x17 },
  idtr: { base: 0x1000, limit: 0x7ff },
  halted: true,
};

function noteOf(core: Core, type: number) {
  return core.notes.find((note) => note.name === "vdevbox" && note.type === type);
}

describe("the registers of an x86 processor", () => {
  it("are an NT_PRSTATUS of i386 in an ELF32 file, where debuggers look for them", () => {
    const { vm, read } = dumping();
    vm.dump.registers = () => REGISTERS;
    expect(vm.control("dump")).toBe(true);
    const core = read();
    expect(core).toMatchObject({ bits: 32, machine: EM_386 });
    const [prstatus] = core.notes;
    expect(prstatus).toMatchObject({ name: "CORE", type: 1 });
    expect(prstatus!.bytes).toHaveLength(144);
    expect(prstatus!.bytes.readUInt32LE(24)).toBe(1); // a pid: gdb counts threads by it
    const words = Array.from({ length: 17 }, (_, i) => prstatus!.bytes.readUInt32LE(72 + 4 * i));
    const { eax, ebx, ecx, edx, esi, edi, ebp, esp, eip, eflags, cs, ds, es, fs, gs, ss } = REGISTERS;
    expect(words).toEqual([ebx, ecx, edx, esi, edi, ebp, eax, ds, es, fs, gs, 2 ** 32 - 1, eip, cs, eflags, esp, ss]);
  });

  it("have control and table registers in a note of vdevbox's", () => {
    const { vm, read } = dumping();
    vm.dump.registers = () => REGISTERS;
    vm.control("dump");
    expect(JSON.parse(noteOf(read(), NOTE.cpu)!.text)).toEqual({
      vcpu: 0,
      cr0: "0x80000011",
      cr2: "0xdeadbeef",
      cr3: "0x7000",
      cr4: "0x600",
      tr: "0x17",
      ldtr: "0x18",
      gdtr: { base: "0xff028", limit: "0x17" },
      idtr: { base: "0x1000", limit: "0x7ff" },
      halted: true,
    });
  });

  it("leave memory as it was: addresses, rights and bytes", () => {
    const { vm, read } = dumping([
      { start: 0n, length: 0x3000n, writable: true },
      { start: 0xfffff000n, length: 0x1000n, writable: false }, // up to the very end of 32 bits
    ]);
    vm.dump.registers = () => REGISTERS;
    write(vm, 0x2ffcn, 0xcafef00dn);
    vm.ram.ranges[1]!.bytes.fill(0x90);
    vm.control("dump");
    const { bits, segments } = read();
    expect(bits).toBe(32);
    const [, ...loads] = segments;
    expect(loads.map((load) => [load.virtual, load.physical, load.memoryBytes, load.flags])).toEqual([
      [0n, 0n, 0x3000n, 6],
      [0xfffff000n, 0xfffff000n, 0x1000n, 4],
    ]);
    expect(loads.map((load, i) => load.bytes.equals(vm.ram.ranges[i]!.bytes))).toEqual([true, true]);
    expect(loads[0]!.bytes.readUInt32LE(0x2ffc)).toBe(0xcafef00d);
  });

  it("are in an ELF64 file when memory lies where 32 bits do not reach", () => {
    const { vm, read } = dumping([
      { start: 0n, length: 0x1000n, writable: true },
      { start: 0xfffff000n, length: 0x2000n, writable: true },
    ]);
    vm.dump.registers = () => REGISTERS;
    vm.control("dump");
    const core = read();
    expect(core).toMatchObject({ bits: 64, machine: EM_386 });
    expect(core.segments[2]).toMatchObject({ virtual: 0xfffff000n, memoryBytes: 0x2000n });
    expect(core.notes[0]).toMatchObject({ name: "CORE", type: 1 });
  });

  it.each([
    ["no processor", undefined],
    ["one that is gone", () => undefined],
  ])("are not in the dump of a guest with %s", (_what, registers) => {
    const { vm, read } = dumping();
    vm.dump.registers = registers;
    vm.control("dump");
    const core = read();
    expect(core).toMatchObject({ bits: 64, machine: 0 });
    expect(core.notes.map(({ name, type }) => [name, type])).toEqual([["vdevbox", NOTE.vm]]);
  });
});

describe("the text of STATUS", () => {
  const statusOf = (core: Core) => noteOf(core, NOTE.status)?.text;
  /** What SIGUSR2 does. */
  const sigusr2 = (vm: Vm) => {
    vm.control("status");
    vm.control("dump");
  };

  it("is in the dump that is asked for with it", () => {
    const { vm, read } = dumping();
    write(vm, DEVICE, 0n);
    write(vm, DEVICE, 0n);
    sigusr2(vm);
    expect(statusOf(read())).toBe("dog: status 2\n");
  });

  it("is not in a dump without one, nor in a later one, of which it would not be true", () => {
    const { vm, read } = dumping();
    vm.control("dump");
    expect(statusOf(read(0))).toBeUndefined();
    sigusr2(vm);
    write(vm, DEVICE, BigInt(WRITE.dump));
    expect(statusOf(read(2))).toBeUndefined();
    sigusr2(vm);
    vm.clockStep(1n);
    vm.control("dump");
    expect([statusOf(read(3)), statusOf(read(4))]).toEqual(["dog: status 1\n", undefined]);
  });

  it("is that of the moment the VM was put back to", () => {
    const { vm, read } = dumping();
    const quiet = new VmSnapshot(vm);
    vm.control("status");
    const asked = new VmSnapshot(vm);
    quiet.restore();
    vm.control("dump");
    expect(statusOf(read())).toBeUndefined();
    asked.restore();
    vm.control("dump");
    expect(statusOf(read())).toBe("dog: status 0\n");
  });

  it("is empty, and not missing, when vdevs have nothing to say", () => {
    const { vm, read } = dumping(undefined, watVdev({ fields: "" }));
    sigusr2(vm);
    expect(statusOf(read())).toBe("");
  });

  it("is cut at a mebibyte, whatever a vdev says", () => {
    const talkative = watVdev({
      fields: `(import "qvm" "qvm_report" (func $report (param i32 i32)))
        (data (i32.const ${AT.scratch + 512}) "${"x".repeat(3500)}\\00")`,
      control: `(local $i i32)
        (if (i32.eqz (local.get $ctrl)) (then
          (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
        (if (i32.eq (local.get $ctrl) (i32.const 4)) (then (loop $more
          (call $report (i32.const ${AT.scratch + 512}) (i32.const ${AT.scratch}))
          (local.set $i (i32.add (local.get $i) (i32.const 1)))
          (br_if $more (i32.lt_u (local.get $i) (i32.const 1000))))))
        (i32.const 0)`,
    });
    const { vm, read } = dumping(undefined, talkative);
    sigusr2(vm);
    const text = statusOf(read())!;
    expect(text.length).toBeGreaterThan(1 << 19);
    expect(Buffer.byteLength(text)).toBeLessThanOrEqual((1 << 20) + 4);
    expect(text.endsWith("x\n…\n")).toBe(true);
  });
});
