/** The lock around the allocator. Oracle: mutual exclusion; the lock's word, as another thread would find it, is written by hand. */
import { describe, expect, it } from "vitest";
import { LOCK, SHARED_WORD } from "./pass.ts";
import { shared, vdevText, WORDS } from "./test-shared-modules.ts";

const WORD = (WORDS + SHARED_WORD.lock) / 4;

/** A bump allocator as the stub runtime has it, and what calls it. */
const TEXT = vdevText(`
  (import "qvm" "call" (func $call (param i32)))
  (import "env" "abort" (func $abort))
  (type $t (func (param i32)))
  (table 1 funcref) (elem (i32.const 0) $call)
  (global $~lib/rt/stub/offset (mut i32) (i32.const 32768))
  (global $device/count (mut i32) (i32.const 0))
  (func $__alloc (export "alloc") (param $bytes i32) (result i32) (local $at i32)
    (if (i32.gt_u (local.get $bytes) (i32.const 4096)) (then (call $abort) (unreachable)))
    (local.set $at (global.get $~lib/rt/stub/offset))
    (if (i32.eqz (local.get $bytes)) (then (return (i32.const -1))))
    (global.set $~lib/rt/stub/offset (i32.add (local.get $at) (local.get $bytes)))
    (local.get $at))
  (func (export "trap") (drop (global.get $~lib/rt/stub/offset)) (unreachable))
  (func (export "twice") (param $bytes i32) (result i32)
    (drop (global.get $~lib/rt/stub/offset))
    (drop (call $__alloc (local.get $bytes)))
    (call $__alloc (local.get $bytes)))
  (func (export "inlined") (param $how i32) (result i32)
    (global.set $~lib/rt/stub/offset (i32.add (global.get $~lib/rt/stub/offset) (i32.const 16)))
    (if (local.get $how)
      (then (call_indirect (type $t) (i32.const 2) (i32.const 0)))
      (else (call $call (i32.const 1))))
    (global.set $~lib/rt/stub/offset (i32.add (global.get $~lib/rt/stub/offset) (i32.const 16)))
    (global.get $~lib/rt/stub/offset))
  (func (export "count") (result i32)
    (global.set $device/count (i32.add (global.get $device/count) (i32.const 1)))
    (call $call (i32.const 3))
    (global.get $device/count))`);

interface Watched extends ReturnType<typeof shared> {
  readonly words: Int32Array;
  /** The lock's state at each call of the host, and each time the lock was found taken. */
  readonly seen: string[];
  onCall: () => void;
  onContended: () => void;
}

function watched(lock = true): Watched {
  const seen: string[] = [];
  const state = () => ["free", "taken", "contended"][words[WORD]!];
  const note = (what: string, then: () => void) => {
    seen.push(`${what} ${state()}`);
    then();
  };
  const imports = {
    qvm: { call: (which: number) => note(`call ${which}`, made.onCall) },
    env: { abort: () => note("abort", () => {}) },
    vdevbox: {
      contended: (address: number) => {
        expect(address / 4).toBe(WORD);
        if (seen.length > 100) throw new Error("nobody gives the lock back");
        note("wait", made.onContended);
      },
    },
  };
  const pair = shared(TEXT, { imports, lock });
  const words = new Int32Array(pair.memory.buffer);
  const made: Watched = { ...pair, words, seen, onCall: () => {}, onContended: () => {} };
  return made;
}

describe("the allocator's lock", () => {
  it("is free again after each way out", () => {
    const { first, words } = watched();
    expect([first.alloc(16), first.alloc(0), first.alloc(16)]).toEqual([32768, -1, 32784]);
    expect(first.twice(16)).toBe(32816);
    expect(words[WORD]).toBe(LOCK.free);
  });

  it("is waited for while another thread has it", () => {
    const one = watched();
    one.words[WORD] = LOCK.taken;
    let waits = 0;
    one.onContended = () => {
      // The other thread is in the middle of an allocation, and ends it in the third wait.
      if (++waits < 3) return;
      one.words[(WORDS + SHARED_WORD.globals) / 4]! += 64;
      one.words[WORD] = LOCK.free;
    };
    expect(one.another().alloc(16)).toBe(32768 + 64);
    expect(one.seen).toEqual(["wait contended", "wait contended", "wait contended"]);
    expect(one.words[WORD]).toBe(LOCK.free);
  });

  it("is what makes it wait: without it nothing does", () => {
    const { another, words, seen } = watched(false);
    words[WORD] = LOCK.taken;
    expect(another().alloc(16)).toBe(32768);
    expect(seen).toEqual([]);
  });

  it("is not held during calls out of the allocator, direct or indirect, and is held again behind them", () => {
    const one = watched();
    const other = one.another();
    one.onCall = () => expect(other.alloc(32)).toBeGreaterThan(0);
    expect(one.first.inlined(0)).toBe(32768 + 16 + 32 + 16);
    expect(one.first.inlined(1)).toBe(32768 + 2 * (16 + 32 + 16));
    expect(one.seen).toEqual(["call 1 free", "call 2 free"]);
    one.onCall = () => {
      one.words[WORD] = LOCK.taken;
    };
    one.onContended = () => {
      one.words[WORD] = LOCK.free;
    };
    one.first.inlined(0);
    expect(one.seen.slice(2)).toEqual(["call 1 free", "wait contended"]);
  });

  it("is not left behind by a call that never returns, nor by `unreachable`", () => {
    const one = watched();
    one.onCall = () => {
      throw new Error("the VM ends");
    };
    expect(() => one.first.inlined(0)).toThrow("the VM ends");
    expect(() => one.first.trap()).toThrow(WebAssembly.RuntimeError);
    expect(() => one.first.alloc(5000)).toThrow(WebAssembly.RuntimeError);
    expect(one.seen.at(-1)).toBe("abort free");
    expect(one.words[WORD]).toBe(LOCK.free);
    // Neither does the thread take it for its own now.
    one.words[WORD] = LOCK.taken;
    one.onContended = () => {
      one.words[WORD] = LOCK.free;
    };
    one.first.alloc(16);
    expect(one.seen.at(-1)).toBe("wait contended");
  });

  it("is left when the host throws while it is waited for", () => {
    const one = watched();
    one.words[WORD] = LOCK.taken;
    one.onContended = () => {
      throw new Error("the VM ends");
    };
    expect(() => one.first.alloc(16)).toThrow("the VM ends");
    one.words[WORD] = LOCK.free;
    one.onContended = () => {};
    expect([one.first.alloc(16), one.words[WORD]]).toEqual([32768, LOCK.free]);
  });

  it("is taken only by what touches the allocator's variables", () => {
    const one = watched();
    one.words[WORD] = LOCK.taken;
    expect(one.first.count()).toBe(1);
    expect(one.seen).toEqual(["call 3 taken"]);
  });
});
