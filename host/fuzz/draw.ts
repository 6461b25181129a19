import type { Random } from "../explore/chooser.ts";
import type { AccessWidth } from "../guests/bus.ts";
import { LINE_ACTS } from "../vm/events.ts";
import { POWER_STATES } from "../vm/power.ts";
import type { Vm } from "../vm/vm.ts";
import {
  accessMeta,
  CONTROLS,
  HI,
  LO,
  META,
  OPERATION,
  OPERATION_WORDS,
  otherMeta,
  type ProgramBuffer,
  TO_NEXT_TIMER,
  VALUE_HI,
  VALUE_LO,
} from "./program.ts";
import type { FuzzedRegion, Surface } from "./surface.ts";
import type { Values } from "./values.ts";

/** Registers that half of the drawn accesses go to: those at the beginning of a region. */
const FIRST_REGISTERS = 16;
const INPUT_BYTES_MAX = 40;

/** Draws operations: accesses of registers, and what happens around them. */
export class Drawer {
  readonly #surface: Surface;
  readonly #vm: Vm;
  readonly #values: Values;
  readonly #random: Random;

  constructor(vm: Vm, surface: Surface, values: Values, random: Random) {
    this.#vm = vm;
    this.#surface = surface;
    this.#values = values;
    this.#random = random;
  }

  access(program: ProgramBuffer, at: number): void {
    const { regions, cpus } = this.#surface;
    const random = this.#random;
    const region = random.pick(regions);
    const width = this.#width(region);
    const isWriting = random.below(2) === 0;
    const vcpu = cpus > 1 ? random.below(Math.min(cpus, 256)) : 0;
    const offset = this.offset(region, width);
    const meta = accessMeta(isWriting, region.space === "io", width, vcpu);
    if (isWriting) this.#values.draw();
    this.setAddress(program, at, region, offset);
    program.setWord(at, META, meta);
    program.setWord(at, VALUE_LO, isWriting ? this.#values.lo : 0);
    program.setWord(at, VALUE_HI, isWriting ? this.#values.hi : 0);
  }

  setAddress(program: ProgramBuffer, at: number, region: FuzzedRegion, offset: number): void {
    const start = region.start;
    const lo = Number(BigInt.asUintN(32, start)) + offset;
    program.setWord(at, LO, lo | 0);
    program.setWord(at, HI, Number(BigInt.asIntN(32, start >> 32n)) + (lo > 0xffff_ffff ? 1 : 0));
  }

  /** A width the vdev takes; now and then one it does not. */
  #width(region: FuzzedRegion): AccessWidth {
    const random = this.#random;
    if (random.below(64) !== 0) {
      const { widths } = region;
      // Most registers have the width of most accesses.
      return widths.includes(4) && random.below(4) !== 0 ? 4 : random.pick(widths);
    }
    return region.space === "io" ? random.pick([1, 2, 4] as const) : random.pick([1, 2, 4, 8] as const);
  }

  /** Where an access of that width begins inside a region; now and then not aligned. */
  offset({ length }: FuzzedRegion, width: AccessWidth): number {
    const random = this.#random;
    const places = Math.max(1, Math.floor(length / width));
    const near = Math.min(places, FIRST_REGISTERS);
    const place = random.below(2) === 0 ? random.below(near) : random.below(places);
    const offset = place * width;
    if (random.below(64) === 0) return Math.max(0, Math.min(length - width, offset + random.below(width)));
    return offset;
  }

  /** Something that is no access, of what there is. */
  insertOther(program: ProgramBuffer): void {
    const random = this.#random;
    const surface = this.#surface;
    const at = random.below(program.count + 1);
    const isTimed = this.#vm.clock.pending > 0 || this.#vm.timers.all.length > 0;
    const kinds: (() => void)[] = [() => this.#drawClock(program, at)];
    if (isTimed) kinds.push(kinds[0]!, kinds[0]!, kinds[0]!);
    if (surface.inputs.length > 0) kinds.push(...Array(3).fill(() => this.#drawInput(program, at)));
    if (surface.outputs.length > 0) {
      kinds.push(() => this.#drawFlow(program, at));
    }
    if (surface.lines.length > 0) kinds.push(() => this.#drawLineAct(program, at));
    if (surface.power) {
      const state = () => random.below(POWER_STATES.length);
      kinds.push(() => program.set(at, random.below(surface.cpus), 0, otherMeta(OPERATION.power), state(), 0));
    }
    if (random.below(8) === 0) kinds.push(() => this.#drawControl(program, at));
    if (program.open(at, 1) === 1) random.pick(kinds)();
  }

  #drawClock(program: ProgramBuffer, at: number): void {
    const random = this.#random;
    if (random.below(3) === 0) {
      program.set(at, TO_NEXT_TIMER, TO_NEXT_TIMER, otherMeta(OPERATION.clock), 0, 0);
      return;
    }
    const ns = this.#time();
    program.set(at, ns | 0, Math.floor(ns / 2 ** 32), otherMeta(OPERATION.clock), 0, 0);
  }

  /** Nanoseconds, up to days, as many of each magnitude: such as people choose and devices count, or nearly so, or any. */
  #time(): number {
    const random = this.#random;
    const near = 2 ** random.below(24);
    switch (random.below(4)) {
      case 0:
        return Math.max(1, (1 + random.below(16)) * 10 ** (3 + random.below(9)) + (random.below(3) - 1) * near);
      case 1:
        return Math.floor(2 ** (10 + random.below(39)) * (1 + random.below(0x10000) / 0x10000));
      default:
        return 2 ** (10 + random.below(32)) + random.below(1024);
    }
  }

  #drawInput(program: ProgramBuffer, at: number): void {
    const random = this.#random;
    const bytes = new Uint8Array(1 + random.below(random.below(4) === 0 ? INPUT_BYTES_MAX : 4));
    for (let i = 0; i < bytes.length; i++) bytes[i] = random.next();
    const blob = program.blobs.push(bytes) - 1;
    program.set(at, random.pick(this.#surface.inputs).index, 0, otherMeta(OPERATION.input), blob, 0);
  }

  /** A host that takes output or takes none: half of these from the start, so that what is before it fills. */
  #drawFlow(program: ProgramBuffer, at: number): void {
    const random = this.#random;
    const takes = random.below(2);
    const vdev = random.pick(this.#surface.outputs).index;
    const isFirst = takes === 0 && random.below(2) === 0;
    if (isFirst) program.words.copyWithin(OPERATION_WORDS, 0, at * OPERATION_WORDS);
    program.set(isFirst ? 0 : at, vdev, 0, otherMeta(OPERATION.flow), takes, 0);
  }

  #drawLineAct(program: ProgramBuffer, at: number): void {
    const random = this.#random;
    const { pic, line } = random.pick(this.#surface.lines);
    const index = this.#vm.interrupts.controllers.all.indexOf(pic);
    // Levels and edges are the board's; a guest masks, lets in and takes.
    const act = LINE_ACTS.indexOf(random.pick(["enable", "disable", "take", "take"] as const));
    program.set(at, index, line, otherMeta(OPERATION.line), act, 0);
  }

  #drawControl(program: ProgramBuffer, at: number): void {
    const controls = this.#surface.button ? [0, 1, 2] : [0, 2];
    program.set(at, 0, 0, otherMeta(OPERATION.control), this.#random.pick(controls) % CONTROLS.length, 0);
  }
}
