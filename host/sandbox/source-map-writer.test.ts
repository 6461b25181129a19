/** Source maps of rewritten modules. Oracle: the original map, asked through the OffsetMap. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { instrument } from "./passes/instrument.ts";
import { MemoryAccessPass } from "./passes/memory-access.ts";
import { wat } from "./passes/test-modules.ts";
import { locate, readSourceMap } from "./source-map.ts";
import { moveSourceMap } from "./source-map-writer.ts";
import { readModule } from "./wasm/read-module.ts";
import { walkBody } from "./wasm/walk.ts";

const bytes = wat(`(module (memory (export "memory") 1 2)
  (func (export "go") (param i32) (result i32)
    (i32.store offset=8 (local.get 0) (i32.load (local.get 0)))
    (drop (memory.grow (i32.const 1)))
    (call $other (i32.load8_u offset=3 (local.get 0))))
  (func $other (param i32) (result i32) (i32.add (memory.size) (i32.load (local.get 0)))))`);

const VLQ = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/** Base 64 VLQ as revision 3 of the format has it, for numbers below 2^9. */
function vlq(value: number): string {
  const signed = value < 0 ? -2 * value + 1 : 2 * value;
  return signed < 32 ? VLQ[signed]! : VLQ[32 + (signed & 31)]! + VLQ[signed >> 5]!;
}

/** Where compilers put places: at the beginnings of instructions. */
function instructionOffsets(): number[] {
  const module = readModule(bytes);
  const offsets: number[] = [];
  for (const func of module.functions) walkBody(module, func, ({ offset }) => offsets.push(offset));
  return offsets;
}

describe("moveSourceMap", () => {
  it("gives every byte of the rewritten bodies the place it has through the OffsetMap", () => {
    const segment = fc.tuple(fc.boolean(), fc.nat(1), fc.nat(40), fc.nat(30));
    const chosen = fc.subarray([...instructionOffsets(), 0], { minLength: 1 });
    const segments = fc.array(segment, { minLength: 100, maxLength: 100 });
    fc.assert(
      fc.property(chosen, segments, (offsets, places) => {
        let [at, source, line, column] = [0, 0, 0, 0];
        const mappings = offsets
          .sort((a, b) => a - b)
          .map((offset, i) => {
            const [hasPlace, inSource, atLine, atColumn] = places[i]!;
            const step = vlq(offset - at);
            at = offset;
            if (!hasPlace) return step;
            const rest = [inSource - source, atLine - line, atColumn - column].map(vlq).join("");
            [source, line, column] = [inSource, atLine, atColumn];
            return step + rest;
          });
        const json = JSON.stringify({ version: 3, sources: ["a.ts", "b.ts"], names: [], mappings: mappings.join() });
        const shown = instrument(bytes, { id: "test", passes: [new MemoryAccessPass()] });
        const moved = readSourceMap(moveSourceMap(json, shown.offsets));
        const map = readSourceMap(json);
        const { functions } = readModule(shown.bytes);
        for (const { code } of functions.slice(0, 2)) {
          for (let at = code.start; at < code.end; at++) {
            expect(moved.resolve(at, code)).toEqual(locate({ map, offsets: shown.offsets }, at));
          }
        }
      }),
    );
  });
});
