import type { Actor } from "../explore/actor.ts";
import type { AccessWidth } from "../guests/bus.ts";

/** 32-bit words of one operation: the layout of a record of the dispatcher's ring, which thus gets accesses as they are. */
export const OPERATION_WORDS = 6;
/** Operations of a program, at most. */
export const OPERATIONS_MAX = 512;
/** Bytes of answers to a vdev that reads guest memory, at most. */
export const ANSWERS_MAX = 4096;

/** Decisions of a schedule, at most: behind them nobody disturbs. */
export const DECISIONS_MAX = 20_000;

export const NO_BYTES: Uint8Array = new Uint8Array(0);

/** Words of an operation. An address, and a time in nanoseconds, is two halves. */
export const LO = 0;
export const HI = 1;
export const META = 2;
export const VALUE_LO = 4;
export const VALUE_HI = 5;

/** What an operation does: the second byte of META. The dispatcher knows the first two. */
export const OPERATION = {
  read: 0,
  write: 1,
  /** Time passes: LO and HI nanoseconds; all ones: up to the next timer. */
  clock: 2,
  /** The guest writes its own memory: blob VALUE_LO at LO, HI. */
  memory: 3,
  /** The host sends bytes: blob VALUE_LO to vdev LO. */
  input: 4,
  /** The host takes output of vdev LO or, with VALUE_LO 0, no more. */
  flow: 5,
  /** The guest acts on line HI of controller LO: act VALUE_LO of LINE_ACTS. */
  line: 6,
  /** A pulse with code VALUE_LO for vdev LO. */
  pulse: 7,
  /** CPU LO gets state VALUE_LO of POWER_STATES. */
  power: 8,
  /** VALUE_LO of CONTROLS. */
  control: 9,
} as const;

/** What reaches a VM from outside. `terminate` ends the program. */
export const CONTROLS = ["status", "button", "terminate"] as const;

/** Both halves of the nanoseconds of a `clock` that goes up to the next timer. */
export const TO_NEXT_TIMER = -1;

const IO = 1 << 16;

/** The META word of an access. @param vcpu 0 to 255 */
export function accessMeta(isWrite: boolean, isIo: boolean, width: AccessWidth, vcpu: number): number {
  return width | ((isWrite ? OPERATION.write : OPERATION.read) << 8) | (isIo ? IO : 0) | (vcpu << 24);
}

/** The META word of anything else. */
export function otherMeta(operation: number): number {
  return operation << 8;
}

export function operationOf(meta: number): number {
  return (meta >>> 8) & 0xff;
}

export function isAccess(meta: number): boolean {
  return operationOf(meta) <= OPERATION.write;
}

export function isWrite(meta: number): boolean {
  return operationOf(meta) === OPERATION.write;
}

export function isIo(meta: number): boolean {
  return (meta & IO) !== 0;
}

export function widthOf(meta: number): AccessWidth {
  return (meta & 0xff) as AccessWidth;
}

export function vcpuOf(meta: number): number {
  return meta >>> 24;
}

/**
 * A guest as a fuzzer makes it: operations one after another, bytes that they carry, and bytes that the guest's memory
 * turns out to hold where a vdev reads it and nobody has written. Never changed once made.
 */
export interface Program {
  /** OPERATION_WORDS each. */
  readonly words: Int32Array;
  readonly blobs: readonly Uint8Array[];
  readonly answers: Uint8Array;
  /**
   * Set where vCPUs make their accesses at the same time: who went on whenever there was a choice. Executed one operation
   * after another it is a program like any other, and a buffer takes it so.
   */
  readonly schedule?: readonly Actor[];
}

export function lengthOf(program: Program): number {
  return program.words.length / OPERATION_WORDS;
}

/** Its first operations. */
export function beginningOf({ words, ...rest }: Program, length: number): Program {
  return { ...rest, words: words.slice(0, length * OPERATION_WORDS) };
}

/** Without one of its operations. */
export function withoutOperation({ words, ...rest }: Program, at: number): Program {
  const isOther = (_: number, word: number) => Math.floor(word / OPERATION_WORDS) !== at;
  return { ...rest, words: words.filter(isOther) };
}

/** A program in the making. */
export class ProgramBuffer {
  readonly words = new Int32Array(OPERATIONS_MAX * OPERATION_WORDS);
  count = 0;
  blobs: Uint8Array[] = [];
  readonly answers = new Uint8Array(ANSWERS_MAX);
  answersLength = 0;

  load({ words, blobs, answers }: Program): void {
    this.words.set(words);
    this.count = words.length / OPERATION_WORDS;
    if (blobs.length > 0 || this.blobs.length > 0) this.blobs = blobs.slice();
    if (answers.length > 0) this.answers.set(answers);
    this.answersLength = answers.length;
  }

  /** Puts in place of an operation, or behind the last, what another program has at `from`. */
  copy(at: number, { words, blobs }: Program, from: number): void {
    const source = from * OPERATION_WORDS;
    const target = at * OPERATION_WORDS;
    for (let i = 0; i < OPERATION_WORDS; i++) this.words[target + i] = words[source + i]!;
    if (carriesBlob(this.words[target + META]!)) {
      this.words[target + VALUE_LO] = this.blobs.push(blobs[words[source + VALUE_LO]!]!) - 1;
    }
  }

  set(at: number, lo: number, hi: number, meta: number, valueLo: number, valueHi: number): void {
    const target = at * OPERATION_WORDS;
    const { words } = this;
    words[target + LO] = lo;
    words[target + HI] = hi;
    words[target + META] = meta;
    words[target + VALUE_LO] = valueLo;
    words[target + VALUE_HI] = valueHi;
  }

  word(at: number, word: number): number {
    return this.words[at * OPERATION_WORDS + word]!;
  }

  setWord(at: number, word: number, value: number): void {
    this.words[at * OPERATION_WORDS + word] = value;
  }

  /** Makes room for operations before `at`, as far as there is. @returns how many fit; what is in them is arbitrary */
  open(at: number, count: number): number {
    const room = Math.min(count, OPERATIONS_MAX - this.count);
    const from = at * OPERATION_WORDS;
    this.words.copyWithin(from + room * OPERATION_WORDS, from, this.count * OPERATION_WORDS);
    this.count += room;
    return room;
  }

  /** Takes operations out. */
  remove(at: number, count: number): void {
    const from = at * OPERATION_WORDS;
    this.words.copyWithin(from, from + count * OPERATION_WORDS, this.count * OPERATION_WORDS);
    this.count -= count;
  }

  /** What the buffer holds, for good: of reads no values, and only the blobs that are used. */
  snapshot(): Program {
    const words = this.words.slice(0, this.count * OPERATION_WORDS);
    const blobs: Uint8Array[] = [];
    for (let at = 0; at < words.length; at += OPERATION_WORDS) {
      words[at + 3] = 0;
      const meta = words[at + META]!;
      if (operationOf(meta) === OPERATION.read) words.fill(0, at + VALUE_LO, at + OPERATION_WORDS);
      else if (carriesBlob(meta)) words[at + VALUE_LO] = blobs.push(this.blobs[words[at + VALUE_LO]!]!) - 1;
    }
    return { words, blobs, answers: this.answers.slice(0, this.answersLength) };
  }
}

/** Whether VALUE_LO is the index of a blob. */
export function carriesBlob(meta: number): boolean {
  const operation = operationOf(meta);
  return operation === OPERATION.memory || operation === OPERATION.input;
}
