import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";

/** Bytes that are compared at once. */
const BLOCK = 1024;
/** Changed words of one module that are looked at: a picture or a packet says little more with each. */
const WORDS = 256;
/** Values from 0 on that are each of a kind of their own. */
const SMALL = 16;
/** Kinds of values: small ones, one for each number of bits, then one for each constant. */
const KINDS = 1024;
const FIRST_CONSTANT = SMALL + 33;

interface Start {
  readonly instance: ModuleInstance;
  readonly words: Int32Array;
  readonly statics: readonly (number | bigint)[];
}

/**
 * Tells states that vdevs are in from each other, coarsely: which words of their memory and which statics are not what they
 * were at the start, and what kind of value each has. What belongs to threads alone, as locals, is no part of it.
 */
export class StateKinds {
  readonly #starts: readonly Start[];
  readonly #constants: ReadonlyMap<number, number>;

  /**
   * @param vm at the start
   * @param constants that the modules compare with: each is a kind of value
   */
  constructor(vm: Vm, constants: readonly number[]) {
    this.#starts = vm.instances.map((instance) => ({
      instance,
      words: wordsOf(instance).slice(),
      statics: instance.ownGlobals(),
    }));
    const known = constants.slice(0, KINDS - FIRST_CONSTANT);
    this.#constants = new Map(known.map((value, i) => [value | 0, FIRST_CONSTANT + i]));
  }

  /** Of the state that the vdevs are in now: a number for each word and static that has changed, with its kind of value. */
  now(): number[] {
    const kinds: number[] = [];
    let base = 0;
    for (const start of this.#starts) {
      if (start.instance.stopped === undefined) {
        this.#memory(start, base, kinds);
        this.#statics(start, base + start.words.length, kinds);
      }
      base += start.words.length + start.statics.length;
    }
    return kinds;
  }

  #memory({ instance, words }: Start, base: number, kinds: number[]): void {
    const now = wordsOf(instance);
    const own = [...instance.frameRanges(), ...(instance.coroutines?.blocks() ?? [])];
    const before = Buffer.from(words.buffer, words.byteOffset, words.byteLength);
    const after = Buffer.from(now.buffer, now.byteOffset, words.byteLength);
    let left = WORDS;
    for (let block = 0; block < after.length && left > 0; block += BLOCK) {
      if (after.compare(before, block, block + BLOCK, block, block + BLOCK) === 0) continue;
      for (let at = block >> 2; at < (block + BLOCK) >> 2 && left > 0; at++) {
        if (now[at] === words[at] || own.some(([start, end]) => start <= at << 2 && at << 2 < end)) continue;
        kinds.push((base + at) * KINDS + this.#kindOf(now[at]!));
        left--;
      }
    }
  }

  #statics({ instance, statics }: Start, base: number, kinds: number[]): void {
    for (const [i, value] of instance.ownGlobals().entries()) {
      if (value === statics[i]) continue;
      kinds.push((base + i) * KINDS + this.#kindOf(Number(BigInt.asIntN(32, BigInt(Math.trunc(Number(value)) || 0)))));
    }
  }

  /** @param value signed, 32 bits */
  #kindOf(value: number): number {
    if (value >= 0 && value < SMALL) return value;
    return this.#constants.get(value) ?? SMALL + 32 - Math.clz32(value);
  }
}

function wordsOf({ bytes }: ModuleInstance): Int32Array {
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.length >> 2);
}
