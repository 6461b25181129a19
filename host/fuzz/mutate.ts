import type { Random } from "../explore/chooser.ts";
import type { Vm } from "../vm/vm.ts";
import { Drawer } from "./draw.ts";
import {
  ANSWERS_MAX,
  accessMeta,
  CONTROLS,
  carriesBlob,
  HI,
  isAccess,
  isIo,
  isWrite,
  LO,
  lengthOf,
  META,
  OPERATION,
  OPERATION_WORDS,
  OPERATIONS_MAX,
  operationOf,
  type Program,
  type ProgramBuffer,
  VALUE_HI,
  VALUE_LO,
  vcpuOf,
  widthOf,
} from "./program.ts";
import { steerBytes, steered } from "./steer.ts";
import type { Surface } from "./surface.ts";
import { addressOf } from "./target.ts";
import type { ComparedPair, Values } from "./values.ts";

/** Changes made to a program at once, at most. */
const CHANGES_MAX = 8;
/** Operations a change inserts or takes out, at most. */
const BLOCK_MAX = 6;
/** How often one operation is repeated, at most: FIFOs have up to that many places, and one more. */
const REPEAT_MAX = 40;

/** How often a program asks for STATUS, at most: vdevs write lines then, which takes as long as a hundred accesses. */
const STATUS_MAX = 2;
const STATUS = CONTROLS.indexOf("status");

/** What a program is changed with beside its own content. */
export interface Parents {
  /** Another program of the corpus. */
  other(): Program;
  /** Comparisons that the program's execution failed. */
  readonly pairs: readonly ComparedPair[];
  /** Addresses of guest memory that vdevs read. */
  readonly reads: readonly bigint[];
  /** Whether vdevs read guest memory the program had no answer for. */
  readonly isHungry: boolean;
}

type Change = (program: ProgramBuffer, parents: Parents) => void;

/** Changes programs, and makes new ones: accesses of registers, with what happens around them. */
export class Mutator {
  readonly #surface: Surface;
  readonly #drawer: Drawer;
  readonly #values: Values;
  readonly #random: Random;
  readonly #changes: readonly Change[];

  constructor(vm: Vm, surface: Surface, values: Values, random: Random) {
    this.#drawer = new Drawer(vm, surface, values, random);
    this.#surface = surface;
    this.#values = values;
    this.#random = random;
    this.#changes = this.#changesOf(surface);
  }

  /** Each as often as it is in the list. */
  #changesOf(surface: Surface): Change[] {
    const value: Change = (program) => this.#changeValue(program);
    const insert: Change = (program) => this.#insert(program);
    const changes: Change[] = [
      ...[value, value, value, value],
      (program) => this.#changeAddress(program),
      (program) => this.#changeAddress(program),
      (program) => this.#changeWidth(program),
      (program) => this.#turn(program),
      ...[insert, insert, insert],
      (program) => this.#remove(program),
      (program) => this.#remove(program),
      (program) => this.#repeat(program),
      (program) => this.#move(program),
      (program, parents) => this.#splice(program, parents.other()),
      (program, parents) => this.#splice(program, parents.other()),
      (program, parents) => this.#useComparison(program, parents.pairs),
      (program, parents) => this.#useComparison(program, parents.pairs),
      (program) => this.#drawer.insertOther(program),
    ];
    if (surface.cpus > 1) changes.push((program) => this.#changeVcpu(program));
    if (surface.ram) {
      const answers: Change = (program, parents) => this.#changeAnswers(program, parents);
      changes.push(answers, answers, answers);
    }
    return changes;
  }

  /** A program of a few accesses. */
  fresh(program: ProgramBuffer): void {
    program.count = 0;
    program.blobs = [];
    program.answersLength = 0;
    const count = program.open(0, 1 + this.#random.below(16));
    for (let at = 0; at < count; at++) this.#drawer.access(program, at);
  }

  mutate(program: ProgramBuffer, parents: Parents): void {
    const random = this.#random;
    let changes = 1;
    while (changes < CHANGES_MAX && random.below(2) === 0) changes++;
    for (; changes > 0; changes--) random.pick(this.#changes)(program, parents);
    limitStatus(program);
    if (program.count === 0) this.fresh(program);
  }

  // ---------------------------------------------------------------------------------------------------- changes

  #insert(program: ProgramBuffer): void {
    const random = this.#random;
    const at = random.below(program.count + 1);
    const count = program.open(at, 1 + random.below(random.below(4) === 0 ? BLOCK_MAX : 2));
    for (let i = 0; i < count; i++) this.#drawer.access(program, at + i);
  }

  #remove(program: ProgramBuffer): void {
    if (program.count < 2) return;
    const random = this.#random;
    const at = random.below(program.count);
    program.remove(at, Math.min(1 + random.below(BLOCK_MAX), program.count - at, program.count - 1));
  }

  /** One operation many times, as one fills a FIFO; or a block once more. */
  #repeat(program: ProgramBuffer): void {
    const random = this.#random;
    if (program.count === 0) return;
    const at = random.below(program.count);
    const length = random.below(2) === 0 ? 1 : Math.min(1 + random.below(BLOCK_MAX), program.count - at);
    const times = 1 + random.below(random.below(2) === 0 ? 3 : Math.floor(REPEAT_MAX / length));
    const opened = program.open(at + length, Math.min(times * length, OPERATIONS_MAX - program.count));
    const { words } = program;
    for (let i = 0; i < opened; i++) {
      const from = (at + (i % length)) * OPERATION_WORDS;
      words.copyWithin((at + length + i) * OPERATION_WORDS, from, from + OPERATION_WORDS);
    }
  }

  /** Two operations change places. */
  #move(program: ProgramBuffer): void {
    if (program.count < 2) return;
    const random = this.#random;
    const a = random.below(program.count) * OPERATION_WORDS;
    const b = random.below(program.count) * OPERATION_WORDS;
    const { words } = program;
    for (let i = 0; i < OPERATION_WORDS; i++) [words[a + i], words[b + i]] = [words[b + i]!, words[a + i]!];
  }

  /** A part of another program: behind this one's beginning, or in the middle of it. */
  #splice(program: ProgramBuffer, other: Program): void {
    const random = this.#random;
    const length = lengthOf(other);
    if (length === 0) return;
    const from = random.below(length);
    const at = random.below(program.count + 1);
    if (random.below(2) === 0) program.count = at;
    const wanted = random.below(2) === 0 ? length - from : Math.min(1 + random.below(BLOCK_MAX), length - from);
    const count = program.open(at, wanted);
    for (let i = 0; i < count; i++) program.copy(at + i, other, from + i);
    if (other.answers.length > 0 && random.below(2) === 0) {
      program.answers.set(other.answers);
      program.answersLength = other.answers.length;
    }
  }

  #changeValue(program: ProgramBuffer): void {
    const random = this.#random;
    const at = this.#pick(program, isWrite);
    if (at < 0) {
      this.#insert(program);
      return;
    }
    const lo = program.word(at, VALUE_LO);
    switch (random.below(5)) {
      case 0:
        program.setWord(at, VALUE_LO, lo ^ (1 << random.below(Math.min(32, 8 * widthOf(program.word(at, META))))));
        return;
      case 1:
        program.setWord(at, VALUE_LO, (lo + random.below(33) - 16) | 0);
        return;
      case 2: {
        const from = this.#pick(program, isWrite);
        program.setWord(at, VALUE_LO, program.word(from, VALUE_LO));
        program.setWord(at, VALUE_HI, program.word(from, VALUE_HI));
        return;
      }
      default:
        this.#values.draw();
        program.setWord(at, VALUE_LO, this.#values.lo);
        program.setWord(at, VALUE_HI, this.#values.hi);
    }
  }

  #changeAddress(program: ProgramBuffer): void {
    const at = this.#pick(program, isAccess);
    if (at < 0) return;
    const meta = program.word(at, META);
    const space = isIo(meta) ? "io" : "memory";
    const width = widthOf(meta);
    const address = addressOf(program.word(at, LO), program.word(at, HI));
    const region = this.#surface.regions.find(
      (one) => one.space === space && address >= one.start && address < one.start + BigInt(one.length),
    );
    if (region === undefined || this.#random.below(2) === 0) {
      if (region !== undefined) this.#drawer.setAddress(program, at, region, this.#drawer.offset(region, width));
      return;
    }
    const step = (this.#random.below(2) === 0 ? 1 : -1) * width;
    const offset = Number(address - region.start) + step;
    if (offset >= 0 && offset + width <= region.length) this.#drawer.setAddress(program, at, region, offset);
  }

  #changeWidth(program: ProgramBuffer): void {
    const at = this.#pick(program, isAccess);
    if (at < 0) return;
    const meta = program.word(at, META);
    const widths = isIo(meta) ? ([1, 2, 4] as const) : ([1, 2, 4, 8] as const);
    program.setWord(at, META, accessMeta(isWrite(meta), isIo(meta), this.#random.pick(widths), vcpuOf(meta)));
  }

  /** A read becomes a write, or the other way. */
  #turn(program: ProgramBuffer): void {
    const at = this.#pick(program, isAccess);
    if (at < 0) return;
    const meta = program.word(at, META);
    program.setWord(at, META, accessMeta(!isWrite(meta), isIo(meta), widthOf(meta), vcpuOf(meta)));
    if (isWrite(meta)) return;
    this.#values.draw();
    program.setWord(at, VALUE_LO, this.#values.lo);
    program.setWord(at, VALUE_HI, this.#values.hi);
  }

  #changeVcpu(program: ProgramBuffer): void {
    const at = this.#pick(program, isAccess);
    if (at < 0) return;
    const meta = program.word(at, META);
    const vcpu = this.#random.below(Math.min(this.#surface.cpus, 256));
    program.setWord(at, META, accessMeta(isWrite(meta), isIo(meta), widthOf(meta), vcpu));
  }

  /** What vdevs will find in guest memory. */
  #changeAnswers(program: ProgramBuffer, { isHungry, reads }: Parents): void {
    const random = this.#random;
    const length = program.answersLength;
    if (length === 0 || (isHungry && random.below(2) === 0)) {
      const more = Math.min(isHungry || length > 0 ? 1 + random.below(32) : 0, ANSWERS_MAX - length);
      for (let i = 0; i < more; i++) program.answers[length + i] = random.below(3) === 0 ? random.next() : 0;
      program.answersLength = length + more;
      return;
    }
    if (random.below(8) === 0) {
      program.answersLength = random.below(length + 1);
      return;
    }
    // Fields of descriptors lie on their own width.
    const width = 1 << random.below(4);
    const at = Math.floor(random.below(length) / width) * width;
    // A list comes back to where it has been.
    if (reads.length > 0 && random.below(4) === 0) this.#values.set(random.pick(reads));
    else this.#values.draw();
    const value = [this.#values.lo, this.#values.hi];
    for (let i = 0; i < width && at + i < length; i++) program.answers[at + i] = value[i >> 2]! >>> (8 * (i & 3));
  }

  /** Makes a comparison that failed hold, if what it compared comes from the program as it is or nearly so. */
  #useComparison(program: ProgramBuffer, pairs: readonly ComparedPair[]): void {
    if (pairs.length === 0) return;
    const random = this.#random;
    const pair = random.pick(pairs);
    if (program.answersLength > 0 && random.below(2) === 0) {
      steerBytes(program.answers.subarray(0, program.answersLength), pair, random);
      return;
    }
    const start = this.#pick(program, isWrite);
    if (start < 0) return;
    const at = this.#carrierOf(program, pair.got, start);
    const value = addressOf(program.word(at, VALUE_LO), program.word(at, VALUE_HI));
    this.#values.set(steered(value, pair, random));
    program.setWord(at, VALUE_LO, this.#values.lo);
    program.setWord(at, VALUE_HI, this.#values.hi);
  }

  /** The first write from `start` on, in a circle, that carries this value; `start` when there is none. */
  #carrierOf(program: ProgramBuffer, value: bigint, start: number): number {
    for (let i = 0; i < program.count; i++) {
      const at = (start + i) % program.count;
      const meta = program.word(at, META);
      if (!isWrite(meta)) continue;
      const bits = 8 * widthOf(meta);
      const carried = addressOf(program.word(at, VALUE_LO), program.word(at, VALUE_HI));
      if (BigInt.asUintN(bits, carried) === BigInt.asUintN(bits, value)) return at;
    }
    return start;
  }

  /** An operation of some kind, at random; -1 when there is none. */
  #pick(program: ProgramBuffer, fits: (meta: number) => boolean): number {
    if (program.count === 0) return -1;
    const first = this.#random.below(program.count);
    for (let i = 0; i < program.count; i++) {
      const at = (first + i) % program.count;
      const meta = program.word(at, META);
      if (!carriesBlob(meta) && operationOf(meta) <= OPERATION.write && fits(meta)) return at;
    }
    return -1;
  }
}

/** Takes out what asks for STATUS more often than a program may. */
function limitStatus(program: ProgramBuffer): void {
  let asked = 0;
  for (let at = program.count - 1; at >= 0; at--) {
    const isStatus = operationOf(program.word(at, META)) === OPERATION.control && program.word(at, VALUE_LO) === STATUS;
    if (isStatus && ++asked > STATUS_MAX) program.remove(at, 1);
  }
}
