import {
  carriesBlob,
  isAccess,
  isWrite,
  META,
  type Program,
  type ProgramBuffer,
  VALUE_HI,
  VALUE_LO,
  vcpuOf,
} from "./program.ts";

const ATTEMPTS = 6000;
const TRIM_ATTEMPTS = 200;

/**
 * Makes a program as short and as plain as it gets: first fewer operations, then simpler values, then less memory.
 * @param holds executes what is in the buffer and says whether it still does what it is kept for
 * @param attempts executions spent on it, at most
 * @returns a program for which `holds` holds
 */
export function shorten(program: Program, buffer: ProgramBuffer, holds: () => boolean, attempts = ATTEMPTS): Program {
  const shortening = new Shortening(program, buffer, holds, attempts);
  for (let round = 0; round < 4; round++) {
    const before = shortening.changes;
    shortening.operations();
    shortening.values();
    shortening.answers();
    if (shortening.changes === before) break;
  }
  return shortening.program;
}

/** Takes operations out of a program of a corpus, as far as that is cheap. */
export function trim(program: Program, buffer: ProgramBuffer, holds: () => boolean): Program {
  const shortening = new Shortening(program, buffer, holds, TRIM_ATTEMPTS);
  shortening.operations();
  return shortening.program;
}

class Shortening {
  program: Program;
  /** Attempts that held. */
  changes = 0;
  readonly #buffer: ProgramBuffer;
  readonly #holds: () => boolean;
  #left: number;

  constructor(program: Program, buffer: ProgramBuffer, holds: () => boolean, attempts: number) {
    this.#left = attempts;
    this.program = program;
    this.#buffer = buffer;
    this.#holds = holds;
  }

  /** Takes out blocks, large ones first. */
  operations(): void {
    for (let size = this.#count; size >= 1; size = Math.floor(size / 2)) {
      for (let at = this.#count - 1; at >= 0; at -= size) {
        const first = Math.max(0, at - size + 1);
        this.#try(() => {
          if (this.#buffer.count <= 1) return false;
          this.#buffer.remove(first, Math.min(size, this.#buffer.count - first));
          return true;
        });
      }
    }
  }

  values(): void {
    for (let at = 0; at < this.#count; at++) {
      if (isWrite(this.#meta(at))) {
        this.#try(() => this.#set(at, VALUE_HI, 0));
        if (!this.#try(() => this.#set(at, VALUE_LO, 0))) this.#bits(at);
      }
      this.#try(() => this.#set(at, META, withoutVcpu(this.#buffer.word(at, META))));
      if (carriesBlob(this.#meta(at))) this.#blob(at);
    }
  }

  /** Bytes nobody took, then those that may be zero. */
  answers(): void {
    for (let size = this.program.answers.length; size >= 1; size = Math.floor(size / 2)) {
      this.#try(() => {
        if (this.#buffer.answersLength < size) return false;
        this.#buffer.answersLength -= size;
        return true;
      });
    }
    for (let at = 0; at < this.program.answers.length; at++) {
      this.#try(() => {
        if (this.#buffer.answers[at] === 0) return false;
        this.#buffer.answers[at] = 0;
        return true;
      });
    }
  }

  get #count(): number {
    this.#buffer.load(this.program);
    return this.#buffer.count;
  }

  #meta(at: number): number {
    this.#buffer.load(this.program);
    return this.#buffer.word(at, META);
  }

  /** Clears the bits of a value that need not be set, high ones first. */
  #bits(at: number): void {
    for (let bit = 31; bit >= 0; bit--) {
      this.#try(() => this.#set(at, VALUE_LO, this.#buffer.word(at, VALUE_LO) & ~(1 << bit)));
    }
  }

  #blob(at: number): void {
    for (;;) {
      const shorter = this.#try(() => {
        const index = this.#buffer.word(at, VALUE_LO);
        const blob = this.#buffer.blobs[index]!;
        if (blob.length < 2) return false;
        this.#buffer.blobs[index] = blob.subarray(0, blob.length >> 1);
        return true;
      });
      if (!shorter) return;
    }
  }

  #set(at: number, word: number, value: number): boolean {
    if (this.#buffer.word(at, word) === value) return false;
    this.#buffer.setWord(at, word, value);
    return true;
  }

  /** @param change of the buffer, which has the program; false when there is nothing to change */
  #try(change: () => boolean): boolean {
    if (this.#left === 0) return false;
    this.#buffer.load(this.program);
    if (!change()) return false;
    this.#left--;
    if (!this.#holds()) return false;
    this.program = this.#buffer.snapshot(); // executing it may have shortened its steps of time
    this.changes++;
    return true;
  }
}

function withoutVcpu(meta: number): number {
  return isAccess(meta) && vcpuOf(meta) !== 0 ? meta & 0x00ff_ffff : meta;
}
