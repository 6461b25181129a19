/** What is left of a program: oracles are conditions whose shortest program is known by reasoning. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  accessMeta,
  LO,
  lengthOf,
  OPERATION,
  OPERATION_WORDS,
  otherMeta,
  type Program,
  ProgramBuffer,
  VALUE_LO,
} from "../../host/fuzz/program.ts";
import { shorten } from "../../host/fuzz/shorten.ts";

const WRITE = accessMeta(true, false, 4, 3);
const READ = accessMeta(false, false, 4, 0);

function programOf(operations: readonly [address: number, meta: number, value: number][]): Program {
  const words = operations.flatMap(([address, meta, value]) => [address, 0, meta, 0, value, 0]);
  return { words: Int32Array.from(words), blobs: [], answers: Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8) };
}

function operations({ words }: Program): [number, number, number][] {
  return Array.from({ length: words.length / OPERATION_WORDS }, (_, i) => [
    words[i * OPERATION_WORDS + LO]!,
    words[i * OPERATION_WORDS + 2]!,
    words[i * OPERATION_WORDS + VALUE_LO]!,
  ]);
}

describe("a program is made shorter", () => {
  it("to the two writes it takes, with the one bit that matters, on the first vCPU", () => {
    const noise = Array.from({ length: 60 }, (_, i): [number, number, number] => [i, i % 2 === 0 ? READ : WRITE, i]);
    const program = programOf([...noise, [0x100, WRITE, 0xff], ...noise, [0x200, WRITE, 0x77], ...noise]);
    const buffer = new ProgramBuffer();
    const holds = () => {
      let armed = false;
      for (let at = 0; at < buffer.count; at++) {
        const address = buffer.word(at, LO);
        if (address === 0x100) armed = (buffer.word(at, VALUE_LO) & 8) !== 0;
        if (address === 0x200 && armed) return true;
      }
      return false;
    };
    const short = shorten(program, buffer, holds);
    const write = accessMeta(true, false, 4, 0);
    expect(operations(short)).toEqual([
      [0x100, write, 8],
      [0x200, write, 0],
    ]);
    expect(short.answers).toEqual(new Uint8Array(0));
  });

  it("keeps the answers that matter, the others zero", () => {
    const buffer = new ProgramBuffer();
    const holds = () => buffer.answersLength >= 6 && buffer.answers[2] === 3;
    const short = shorten(programOf([[0, READ, 0]]), buffer, holds);
    expect([...short.answers]).toEqual([0, 0, 3, 0, 0, 0]);
  });

  it("keeps bytes that operations carry, as few as it takes", () => {
    const input = otherMeta(OPERATION.input);
    const blob = Uint8Array.from({ length: 40 }, (_, i) => i);
    const program = {
      ...programOf([
        [0, READ, 0],
        [0, input, 0],
      ]),
      blobs: [blob],
    };
    const buffer = new ProgramBuffer();
    const holds = () => {
      const at = Array.from({ length: buffer.count }, (_, i) => i).find((i) => buffer.word(i, 2) === input);
      return at !== undefined && buffer.blobs[buffer.word(at, VALUE_LO)]!.length >= 3;
    };
    const short = shorten(program, buffer, holds);
    expect(lengthOf(short)).toBe(1);
    expect([...short.blobs[0]!]).toEqual([0, 1, 2, 3, 4]); // halved: 40, 20, 10, 5
  });

  it("never to one that does not hold", () => {
    const addresses = fc.uniqueArray(fc.nat(20), { minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(addresses, fc.array(fc.nat(20), { maxLength: 40 }), (wanted, noise) => {
        const all = [...noise, ...wanted, ...noise];
        const buffer = new ProgramBuffer();
        const has = (program: Program) =>
          wanted.every((one) => operations(program).some(([address]) => address === one));
        const short = shorten(programOf(all.map((one) => [one, READ, 0])), buffer, () => has(buffer.snapshot()));
        expect(has(short)).toBe(true);
        expect(lengthOf(short)).toBe(wanted.length);
      }),
    );
  });
});
