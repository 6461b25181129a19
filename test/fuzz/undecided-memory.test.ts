/** Guest memory that is made up as vdevs read it. Oracle: the rule that a byte, once seen, stays what it was. */
import { describe, expect, it } from "vitest";
import { ProgramBuffer } from "../../host/fuzz/program.ts";
import { GuestRam } from "../../host/memory/guest-ram.ts";
import { UndecidedMemory } from "../../host/memory/undecided-memory.ts";

const START = 0x8000_0000n;

function memoryOf(bytes: Uint8Array) {
  const ram = new GuestRam();
  ram.add({ start: START, bytes, writable: true });
  ram.add({ start: 0n, bytes: Uint8Array.of(9, 9, 9, 9), writable: false });
  return { ram, memory: new UndecidedMemory(ram) };
}

function answering(...answers: number[]): ProgramBuffer {
  const program = new ProgramBuffer();
  program.answers.set(answers);
  program.answersLength = answers.length;
  return program;
}

describe("guest memory nobody has written", () => {
  it("holds what the program says, in the order it is read, and goes on holding it", () => {
    const { ram, memory } = memoryOf(new Uint8Array(65536));
    memory.heard = [];
    memory.begin(answering(1, 2, 3, 4, 5, 6));
    expect([...ram.read(START + 0x100n, 2)!]).toEqual([1, 2]);
    expect([...ram.read(START + 0xffen, 4)!]).toEqual([3, 4, 5, 6]); // across two pages
    expect([...ram.read(START + 0x100n, 2)!]).toEqual([1, 2]);
    expect([...ram.read(START + 0x101n, 2)!]).toEqual([2, 0]); // nothing left to say
    expect([memory.taken, memory.wanted]).toEqual([6, 1]);
    expect(memory.heard).toEqual([
      { address: START + 0x100n, bytes: Uint8Array.of(1, 2) },
      { address: START + 0xffen, bytes: Uint8Array.of(3, 4, 5, 6) },
    ]);
  });

  it("is what was written where somebody wrote, guest or vdev", () => {
    const { ram, memory } = memoryOf(new Uint8Array(65536));
    memory.begin(answering(1, 2, 3));
    ram.store(START + 1n, Uint8Array.of(0));
    ram.write(START + 3n, Uint8Array.of(7));
    expect([...ram.read(START, 5)!]).toEqual([1, 0, 2, 7, 3]);
  });

  it("is put back for the next program, and what was there at the start stays", () => {
    const bytes = new Uint8Array(65536);
    bytes[5000] = 42;
    const { ram, memory } = memoryOf(bytes);
    memory.begin(answering(1, 2, 3));
    expect([...ram.read(START + 4999n, 2)!]).toEqual([0, 42]); // a page the vdevs filled is as they left it
    ram.store(START + 4999n, Uint8Array.of(8, 8));
    ram.read(START + 20_000n, 3);
    expect(memory.isTouched).toBe(true);
    memory.restore();
    expect(memory.isTouched).toBe(false);
    expect(bytes.indexOf(1)).toBe(-1);
    expect(bytes.subarray(4998, 5002)).toEqual(Uint8Array.of(0, 0, 42, 0));
    memory.begin(answering(5));
    expect([...ram.read(START + 20_000n, 1)!]).toEqual([5]);
  });

  it("leaves ROM alone, and reads that reach out of RAM are refused as ever", () => {
    const { ram, memory } = memoryOf(new Uint8Array(65536));
    memory.begin(answering(1, 2, 3));
    expect([...ram.read(0n, 4)!]).toEqual([9, 9, 9, 9]);
    expect(ram.read(START + 65534n, 4)).toBeUndefined();
    expect(memory.taken).toBe(0);
  });
});
