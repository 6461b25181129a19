/** Memory put back by what was written. Oracle: the module without instrumentation, and a full copy of its memory. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BLOCK_BYTES, DIRTY, DirtyPass } from "./dirty.ts";
import { instrument } from "./instrument.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import { MEMORY_HOOKS } from "./pass.ts";
import { PAGE, perform, plainModule, type Step, step, TEXT } from "./test-memory-steps.ts";
import { type Exports, wat } from "./test-modules.ts";

const dirty = new DirtyPass();
const compiled = new WebAssembly.Module(
  instrument(wat(TEXT), { id: "test", passes: [memoryGuardPass(), dirty] }).bytes,
);

function guarded(): Exports {
  return new WebAssembly.Instance(compiled, { [MEMORY_HOOKS.module]: { [MEMORY_HOOKS.grown]: () => {} } }).exports;
}

/** What the module has, as it sees it. */
const visible = (exports: Exports) => Buffer.from(exports.memory.buffer, 0, exports[MEMORY_HOOKS.pages].value * PAGE);
const marksOf = (exports: Exports) =>
  new Uint8Array(exports.memory.buffer, dirty.result.marks.address, dirty.result.marks.length);

/** Steps without what only the host of another pass knows of. */
const steps = (maxLength: number) => fc.array(step, { maxLength });
const run = (exports: Exports, some: readonly Step[]) => some.map((one) => perform(exports, one));

describe("a module whose memory is put back by what was written", () => {
  it("does what it does without, out-of-bounds faults included", () => {
    fc.assert(
      fc.property(steps(30), (some) => {
        const plain: Exports = new WebAssembly.Instance(plainModule).exports;
        const marked = guarded();
        for (const one of some) expect(perform(marked, one)).toEqual(perform(plain, one));
        expect(visible(marked).equals(Buffer.from(plain.memory.buffer))).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  it("has the bytes and the size it had when it was kept, whatever it did since", () => {
    fc.assert(
      fc.property(steps(20), fc.array(steps(20), { maxLength: 4 }), (before, runs) => {
        const exports = guarded();
        run(exports, before);
        exports.__vdevbox_keep();
        const kept = Buffer.from(visible(exports));
        for (const some of runs) {
          const grew = () => visible(exports).length > kept.length;
          run(exports, some);
          const hasGrown = grew();
          expect(exports.__vdevbox_reset()).toBe(hasGrown ? kept.length / PAGE : 0);
          expect(visible(exports).equals(kept)).toBe(true);
          expect(marksOf(exports).some((mark) => mark !== 0)).toBe(false);
        }
        // Memory that it grows by again is as new.
        run(exports, [{ op: "grow", pages: 3 - kept.length / PAGE }]);
        expect(
          visible(exports)
            .subarray(kept.length)
            .every((byte) => byte === 0),
        ).toBe(true);
      }),
      { numRuns: 120 },
    );
  });

  it("keeps what is kept last", () => {
    fc.assert(
      fc.property(steps(10), steps(10), steps(10), (first, second, third) => {
        const exports = guarded();
        run(exports, first);
        exports.__vdevbox_keep();
        run(exports, second);
        exports.__vdevbox_keep();
        const kept = Buffer.from(visible(exports));
        run(exports, third);
        exports.__vdevbox_reset();
        expect(visible(exports).equals(kept)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("leaves nothing of what is reserved to the module: its own marks are all that its stores change there", () => {
    fc.assert(
      fc.property(steps(30), (some) => {
        const exports = guarded();
        const { marks } = dirty.result;
        const above = () => Buffer.from(exports.memory.buffer.slice(3 * PAGE));
        const before = above();
        run(exports, some);
        const after = above();
        after.fill(0, marks.address - 3 * PAGE, marks.address - 3 * PAGE + marks.length);
        expect(after.equals(before)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("marks the blocks that were written to, and no others", () => {
    const exports = guarded();
    exports.__vdevbox_keep();
    const marked = () => [...marksOf(exports).entries()].flatMap(([block, mark]) => (mark === DIRTY ? [block] : []));
    exports["i32.load 0"](5 * BLOCK_BYTES);
    expect(marked()).toEqual([]);
    exports["i32.store8 0"](7 * BLOCK_BYTES - 1);
    exports["i64.store 2"](9 * BLOCK_BYTES - 5);
    exports.fill(20 * BLOCK_BYTES - 1, 0, 2 * BLOCK_BYTES + 2);
    exports.copy(30 * BLOCK_BYTES, 0, 0);
    exports.copy(32 * BLOCK_BYTES, 0, 1);
    expect(marked()).toEqual([6, 9, 19, 20, 21, 22, 32]);
  });
});
