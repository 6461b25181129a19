/** The memory-access pass. Oracle: the module without it, and what the names of the instructions say. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SITE } from "../memory-sites.ts";
import { instrument } from "./instrument.ts";
import { MemoryAccessPass, type MemoryInstrumentation } from "./memory-access.ts";
import { MEMORY_HOOKS, SHADOW } from "./pass.ts";
import { bytesOf, LIMIT, NAMES, PAGE, perform, plainModule, step, TEXT } from "./test-memory-steps.ts";
import { type Exports, wat } from "./test-modules.ts";

interface Told {
  readonly start: number;
  readonly bytes: number;
  readonly kind: number;
}

interface Watched {
  readonly exports: Exports;
  readonly told: Told[];
  readonly done: MemoryInstrumentation;
  readonly words: Uint32Array;
  setEpoch(epoch: number): void;
}

const modules = new Map<string, { compiled: WebAssembly.Module; pass: MemoryAccessPass }>();

function instrumented(text: string): { compiled: WebAssembly.Module; pass: MemoryAccessPass } {
  const known = modules.get(text);
  if (known !== undefined) return known;
  const pass = new MemoryAccessPass();
  const { bytes } = instrument(wat(text), { id: "test", passes: [pass] });
  const made = { compiled: new WebAssembly.Module(bytes), pass };
  modules.set(text, made);
  return made;
}

/** A host that knows no more than the pass's own description: it throws beyond the module's size and shows nothing. */
function watched(text: string): Watched {
  const { compiled, pass } = instrumented(text);
  const told: Told[] = [];
  let exports: Exports = {};
  const check = (start: number, length: number) => {
    if (start + length > exports[MEMORY_HOOKS.pages].value * PAGE) {
      throw new WebAssembly.RuntimeError("memory access out of bounds");
    }
  };
  const hooks = {
    access(address: number, site: number) {
      const { sites } = pass.result;
      const kind = sites.kind(site);
      const start = (kind & SITE.global) !== 0 ? sites.offset(site) : (address >>> 0) + sites.offset(site);
      if ((kind & SITE.global) === 0) check(start, sites.bytes(site));
      told.push({ start, bytes: sites.bytes(site), kind });
    },
    bulk(address: number, source: number, length: number, site: number) {
      const kind = pass.result.sites.kind(site);
      check(address >>> 0, length >>> 0);
      if ((kind & SITE.read) !== 0) check(source >>> 0, length >>> 0);
      told.push({ start: address >>> 0, bytes: length >>> 0, kind });
    },
    grown() {},
  };
  exports = new WebAssembly.Instance(compiled, { [MEMORY_HOOKS.module]: hooks }).exports;
  const words = new Uint32Array(exports.memory.buffer);
  const setEpoch = (epoch: number) => {
    const at = (pass.result.layout.control + SHADOW.epoch) / 4;
    words[at] = words[at + 1] = (epoch << SHADOW.epochShift) | SHADOW.mark;
  };
  setEpoch(1);
  return { exports, told, done: pass.result, words, setEpoch };
}

/** Shows bytes as touched, as docs of the pass say cells are. */
function show({ words }: Watched, epoch: number, start: number, bytes: number, writes: boolean): void {
  for (let at = start; at < start + bytes; at++) {
    const cell = ((writes ? 2 : 1) * LIMIT + (at & ~3)) / 4;
    const key = ((epoch << SHADOW.epochShift) | (writes ? SHADOW.write : 0)) >>> 0;
    words[cell] = ((words[cell]! & ~15) >>> 0 === key ? words[cell]! : key) | (1 << (at & 3));
  }
}

describe("a module whose memory accesses are shown", () => {
  it("does what it does without, out-of-bounds faults included", () => {
    fc.assert(
      fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
        const plain: Exports = new WebAssembly.Instance(plainModule).exports;
        const shown = watched(TEXT);
        let epoch = 1;
        for (const one of steps) {
          if (one.op === "epoch") shown.setEpoch(++epoch);
          const before = shown.told.length;
          expect(perform(shown.exports, one)).toEqual(perform(plain, one));
          // What was let through once is shown, so that later steps take the way inside WebAssembly.
          for (const { start, bytes, kind } of shown.told.slice(before)) {
            show(shown, epoch, start, Math.min(bytes, 64), (kind & SITE.write) !== 0);
          }
        }
        const size = plain.memory.buffer.byteLength;
        const bytes = (memory: WebAssembly.Memory) => Buffer.from(memory.buffer, 0, size);
        expect(bytes(shown.exports.memory).equals(bytes(plain.memory))).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it.each(NAMES)("tells of %s with address, size and direction, once an epoch unless atomic", (name) => {
    const shown = watched(TEXT);
    const isAtomic = name.includes("atomic");
    const writes = !/\.load/.test(name);
    const reads = !/\.store/.test(name);
    const kind = (reads ? SITE.read : 0) | (writes ? SITE.write : 0) | (isAtomic ? SITE.atomic : 0);
    const expected = { start: 1024, bytes: bytesOf(name), kind };
    const access = () => shown.exports[`${name} 0`](1024);
    access();
    expect(shown.told).toEqual([expected]);
    show(shown, 1, expected.start, expected.bytes, writes);
    access();
    expect(shown.told).toHaveLength(isAtomic ? 2 : 1);
    shown.setEpoch(2);
    access();
    expect(shown.told).toHaveLength(isAtomic ? 3 : 2);
    expect(shown.told.at(-1)).toEqual(expected);
  });

  it("adds the instruction's own offset to the address", () => {
    const shown = watched(TEXT);
    shown.exports["i32.load8_u 2"](10);
    expect(shown.told).toEqual([{ start: 15, bytes: 1, kind: SITE.read }]);
  });

  it("lets bytes through that are shown, and no others of their word", () => {
    const shown = watched(TEXT);
    show(shown, 1, 101, 2, false);
    const toldOf = (name: string, at: number) => {
      const before = shown.told.length;
      shown.exports[`${name} 0`](at);
      return shown.told.length > before;
    };
    const bytes = [100, 101, 102, 103].map((at) => toldOf("i32.load8_u", at));
    expect(bytes).toEqual([true, false, false, true]);
    expect([100, 101, 102, 103].map((at) => toldOf("i32.load16_u", at))).toEqual([true, false, true, true]);
    expect(toldOf("i32.load", 100)).toBe(true);
    show(shown, 1, 100, 8, false);
    expect([toldOf("i32.load", 100), toldOf("i32.load", 104), toldOf("i64.load", 100)]).toEqual([false, false, false]);
    expect([toldOf("i64.load", 104), toldOf("i32.load16_u", 103), toldOf("i32.store8", 100)]).toEqual([
      true,
      true,
      true,
    ]);
  });

  it("tells of named globals by their index, and not of the compiler's", () => {
    const shown = watched(`(module (memory (export "memory") 1 3)
      (global $vdevs/x/total (mut i32) (i32.const 0)) (global $~lib/rt/stub/offset (mut i32) (i32.const 0))
      (global $vdevs/x/limit i32 (i32.const 3))
      (func (export "go") (result i32)
        (global.set $vdevs/x/total (i32.const 1))
        (global.set $~lib/rt/stub/offset (global.get $vdevs/x/limit))
        (global.get $vdevs/x/total)))`);
    shown.exports.go();
    expect(shown.told).toEqual([
      { start: 0, bytes: 4, kind: SITE.global | SITE.write },
      { start: 0, bytes: 4, kind: SITE.global | SITE.read },
    ]);
  });

  it("shows code of the SDK by which of the author's calls it was entered", () => {
    const shown = watched(`(module (memory (export "memory") 1 3)
      (func $~lib/memory/copy (param i32) (i32.store (local.get 0) (i32.const 1)))
      (func $vdevs/x/vread (export "go") (param i32) (call $~lib/memory/copy (local.get 0))))`);
    shown.exports.go(64);
    const { sites, layout } = shown.done;
    const caller = shown.words[(layout.control + SHADOW.caller) / 4]! & ~SHADOW.mark;
    expect(sites.kind(caller)).toBe(SITE.call);
    expect(shown.told[0]!.kind).toBe(SITE.write | SITE.library);
  });
});
