/** Which instructions an edge stands for. Oracle: a module that tells the host itself what it runs. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { edgeSpans } from "./edge-spans.ts";
import { EdgePass } from "./passes/edges.ts";
import { instrument } from "./passes/instrument.ts";
import { memoryGuardPass } from "./passes/memory-guard.ts";
import { MEMORY_HOOKS } from "./passes/pass.ts";
import { run, wat } from "./passes/test-modules.ts";
import { OP } from "./wasm/opcodes.ts";
import { readModule } from "./wasm/read-module.ts";
import { walkBody } from "./wasm/walk.ts";

/** A statement; numbers choose the bit of the argument it looks at, and labels modulo what is there. */
type Statement =
  | { readonly kind: "mark" | "return" }
  | { readonly kind: "br" | "br_if" | "br_table"; readonly bit: number; readonly labels: readonly number[] }
  | {
      readonly kind: "if";
      readonly bit: number;
      readonly yes: readonly Statement[];
      readonly no?: readonly Statement[];
    }
  | { readonly kind: "block" | "loop"; readonly body: readonly Statement[] };

const { statements } = fc.letrec<{ statements: readonly Statement[]; statement: Statement }>((tie) => ({
  statements: fc.array(tie("statement"), { maxLength: 5 }),
  statement: fc.oneof(
    { maxDepth: 5, depthSize: "small" },
    fc.record({ kind: fc.constantFrom("mark" as const, "mark" as const, "mark" as const, "return" as const) }),
    fc.record({
      kind: fc.constantFrom("br" as const, "br_if" as const, "br_if" as const, "br_table" as const),
      bit: fc.nat(15),
      labels: fc.array(fc.nat(5), { minLength: 1, maxLength: 4 }),
    }),
    fc.record(
      { kind: fc.constant("if" as const), bit: fc.nat(15), yes: tie("statements"), no: tie("statements") },
      { requiredKeys: ["kind", "bit", "yes"] },
    ),
    fc.record({ kind: fc.constantFrom("block" as const, "loop" as const), body: tie("statements") }),
  ),
}));

/** Writes statements as text; every mark, and every statement, is told by a number of its own. */
class Writer {
  #marks = 0;

  text(some: readonly Statement[], open: readonly string[]): string {
    return [...some.map((one) => `${this.#mark()} ${this.#statement(one, open)}`), this.#mark()].join("\n");
  }

  #mark(): string {
    return `i32.const ${this.#marks++} call $mark`;
  }

  #statement(one: Statement, open: readonly string[]): string {
    const bits = (bit: number, mask: number) => `local.get 0 i32.const ${bit} i32.shr_u i32.const ${mask} i32.and`;
    switch (one.kind) {
      case "mark":
        return "";
      case "return":
        return "return";
      case "if": {
        const otherwise = one.no === undefined ? "" : `else ${this.text(one.no, ["if", ...open])}`;
        return `${bits(one.bit, 1)} if ${this.text(one.yes, ["if", ...open])} ${otherwise} end`;
      }
      case "block":
        return `block ${this.text(one.body, ["block", ...open])} end`;
      case "loop": {
        // A few turns in all: local 1 is counted down.
        const turn = "local.get 1 i32.const 1 i32.sub local.tee 1 i32.const 0 i32.gt_s br_if 0";
        return `loop ${this.text(one.body, ["loop", ...open])} ${turn} end`;
      }
      default:
        return this.#branch(one, open, bits);
    }
  }

  /** Branches go forward only: to anything but loops. */
  #branch(
    { kind, bit, labels }: Extract<Statement, { bit: number; labels: readonly number[] }>,
    open: readonly string[],
    bits: (bit: number, mask: number) => string,
  ): string {
    const forward = [...open.keys(), open.length].filter((label) => open[label] !== "loop");
    const chosen = labels.map((label) => forward[label % forward.length]!);
    if (kind === "br") return `br ${chosen[0]}`;
    if (kind === "br_if") return `${bits(bit, 1)} br_if ${chosen[0]}`;
    return `${bits(bit, 7)} br_table ${chosen.join(" ")}`;
  }
}

describe("the spans of the edges that were taken", () => {
  it("hold just the instructions that ran", () => {
    fc.assert(
      fc.property(statements, fc.array(fc.nat(0xffff), { minLength: 1, maxLength: 3 }), (some, inputs) => {
        const original = wat(`(module (import "test" "mark" (func $mark (param i32))) (memory (export "memory") 1 1)
          (func (export "run") (param i32 i32) ${new Writer().text(some, [])}))`);
        const pass = new EdgePass();
        const { bytes } = instrument(original, { id: "test", passes: [memoryGuardPass(), pass] });
        const ran = new Set<number>();
        const exports = run(bytes, {
          test: { mark: (number: number) => ran.add(number) },
          [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} },
        });
        for (const input of inputs) exports.run(input, 3);
        const { edges, counters } = pass.result;
        const module = readModule(original);
        const spans = edgeSpans(module, edges);
        const counts = new Uint8Array(exports.memory.buffer, counters.address, counters.length);
        const covered = new Set<number>();
        let last = 0;
        walkBody(module, module.functions[0]!, ({ opcode, offset, immediates }) => {
          if (opcode === OP.i32Const) last = immediates[0]!;
          const isIn = (edge: number) => spans[edge]!.some(({ start, end }) => offset >= start && offset < end);
          if (opcode === OP.call && edges.some((_, edge) => counts[edge]! > 0 && isIn(edge))) covered.add(last);
        });
        const ascending = (numbers: Iterable<number>) => [...numbers].sort((a, b) => a - b);
        expect(ascending(covered)).toEqual(ascending(ran));
      }),
      { numRuns: 150 },
    );
  });

  it("are found in reasonable time where every label of a wide switch leads elsewhere", () => {
    const labels = 3000;
    const text = `(module (memory 1 1) (func (export "run") (param i32)
      ${"block ".repeat(90)} local.get 0 br_table ${Array.from({ length: labels }, (_, i) => i % 90).join(" ")} ${"end nop ".repeat(90)}))`;
    const pass = new EdgePass();
    const original = wat(text);
    instrument(original, { id: "test", passes: [memoryGuardPass(), pass] });
    const spans = edgeSpans(readModule(original), pass.result.edges);
    expect(spans).toHaveLength(1 + labels);
    // Label i leaves i + 1 blocks: what is behind has as many fewer `end` and `nop` of a byte each, and one `end` more.
    const lengths = spans.slice(1, 91).map((ranges) => ranges.map(({ start, end }) => end - start));
    expect(lengths).toEqual(Array.from({ length: 90 }, (_, i) => [2 * (90 - i - 1) + 1 + 1]));
  });
});
