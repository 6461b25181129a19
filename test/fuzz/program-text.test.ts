/** Programs as scripts. Oracle: what is written and read again is the same program; scripts that `run` knows are read. */
import { describe, expect, it } from "vitest";
import { Random } from "../../host/explore/chooser.ts";
import { Mutator } from "../../host/fuzz/mutate.ts";
import { lengthOf, OPERATION_WORDS, type Program, ProgramBuffer } from "../../host/fuzz/program.ts";
import { commandOf, formatProgram, parseProgram } from "../../host/fuzz/program-text.ts";
import { surfaceOf } from "../../host/fuzz/surface.ts";
import { Values } from "../../host/fuzz/values.ts";
import { parseScript } from "../../host/guests/script/parse-script.ts";
import { compiledVdev } from "../support/compiled-vdev.ts";

const BOARD = "ram 0x80000000,1M\ncpu\ncpu\nvdev pl011 loc 0x9000000 intr gic:33 hostdev -\n";
const lab = compiledVdev("pl011");

/** A program after many changes. */
function drawn(seed: number): Program {
  const { vm } = lab(BOARD);
  const random = new Random(seed);
  const surface = surfaceOf(vm);
  const mutator = new Mutator(vm, surface, new Values(surface, [0x1234n, 0xffff_0000_0000n], random), random);
  const buffer = new ProgramBuffer();
  mutator.fresh(buffer);
  const other = buffer.snapshot();
  const pairs = [{ got: 1n, wanted: 77n }];
  for (let i = 0; i < 40; i++)
    mutator.mutate(buffer, { other: () => other, pairs, reads: [0x8000_0010n], isHungry: i % 2 === 0 });
  return buffer.snapshot();
}

describe("a program as a script", () => {
  it("is the same program when it is read again, whatever it does", () => {
    const { vm } = lab(BOARD);
    const kinds = new Set<string>();
    for (let seed = 1; seed <= 150; seed++) {
      const program = drawn(seed);
      const text = formatProgram(vm, program);
      expect(formatProgram(vm, parseProgram(vm, text, "p.script"))).toBe(text);
      for (const { kind } of parseScript(text, "p.script")) kinds.add(kind);
      for (let at = 0; at < program.words.length; at += OPERATION_WORDS) kinds.add(commandOf(vm, program, at).kind);
    }
    const made = ["read", "write", "clockStep", "input", "flow", "irqAct", "control", "vcpu"];
    expect([...kinds].sort()).toEqual(expect.arrayContaining(made));
  });

  it("tells of memory that vdevs found filled, for `run`, and does not read that twice", () => {
    const { vm } = lab(BOARD);
    const program = parseProgram(vm, "# answers 0x0102\nreadl 0x9000018\n", "p.script");
    expect([...program.answers]).toEqual([1, 2]);
    const answered = [{ address: 0x8000_0000n, bytes: Uint8Array.of(1, 2) }];
    const text = formatProgram(vm, program, answered);
    expect(text).toBe("# answers 0x0102\nwrite 0x80000000 2 0x0102 # answered\nreadl 0x9000018\n");
    const again = parseProgram(vm, text, "p.script");
    expect([again.words, again.answers]).toEqual([program.words, program.answers]);
  });

  it("may be one a user wrote: repetition, bytes, expectations", () => {
    const { vm } = lab(BOARD);
    const script = "repeat 3 {\nwritel 0x9000000 0x41\n}\nexpect ok\nread 0x9000000 2\nwrite 0x80000010 3 0x010203\n";
    const program = parseProgram(vm, script, "p.script");
    expect(lengthOf(program)).toBe(3 + 2 + 1);
    expect(program.blobs).toEqual([Uint8Array.of(1, 2, 3)]);
  });

  it.each([
    ["clock_set 5\n", 'p.script:1:1: a program of the fuzzer cannot hold "clock_set 5"'],
    ["input nobody 0x41\n", "p.script:1:1: there is no vdev nobody"],
    ["vcpu 2\nreadl 0\n", "p.script:1:1: there is no vCPU 2"],
    ["irq_take nowhere:1\n", "p.script:1:1: there is no controller nowhere"],
    ["repeat 600 {\nreadl 0\n}\n", "p.script:2:1: a program of the fuzzer has at most 512 operations"],
    ["rubbish\n", "p.script:1:1: "],
  ])("%j is refused: %s", (text, message) => {
    const { vm } = lab(BOARD);
    let said = "";
    try {
      parseProgram(vm, text, "p.script");
    } catch (error) {
      said = String(error);
    }
    expect(said).toContain(message);
  });
});
