import { Random } from "../explore/chooser.ts";
import { counts } from "../fuzz/found.ts";
import { Mutator } from "../fuzz/mutate.ts";
import {
  HI,
  isAccess,
  isIo,
  isWrite,
  LO,
  META,
  OPERATION_WORDS,
  type Program,
  ProgramBuffer,
  vcpuOf,
  widthOf,
} from "../fuzz/program.ts";
import { formatProgram } from "../fuzz/program-text.ts";
import type { FuzzedRegion } from "../fuzz/surface.ts";
import { addressOf, FuzzTarget } from "../fuzz/target.ts";
import { Values } from "../fuzz/values.ts";
import type { Finding } from "../gate/finding.ts";
import type { AccessWidth } from "../guests/bus.ts";
import { formatHex } from "../guests/script/line-format.ts";
import { stateDigest } from "../vm/snapshot.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import type { ConformanceOptions, TestVmOptions } from "./api.js";
import { DrivenVm, plainErrors, testFinding } from "./driven-vm.ts";
import { checkMore } from "./option-names.ts";
import { withPlan } from "./plan.ts";

const PROGRAMS = 200;
/** Registers read to see what a reset left. */
const REGISTERS_MAX = 1024;

/** See api.d.ts. */
export function deviceConformance(given: TestVmOptions | string, options: ConformanceOptions = {}): void {
  checkMore("deviceConformance", given, options, ["programs", "seed", "reset", "notReset"]);
  if (options.reset !== undefined && typeof options.reset !== "function")
    throw new Error("`reset` of deviceConformance() is a function: (vm) => vm.write(0x10000010, 1)");
  const make = () => plainErrors(() => withPlan(given, ({ plan }) => createVm(plan, { tellAccesses: false })));
  const conformance = new Conformance(make, options);
  conformance.sameAnswers();
  conformance.sizes();
  conformance.ending();
  if (options.reset !== undefined) conformance.reset(options.reset);
}

class Conformance {
  readonly #make: () => Vm;
  readonly #options: ConformanceOptions;
  readonly #target: FuzzTarget;
  readonly #programs: readonly Program[];
  readonly #buffer = new ProgramBuffer();

  constructor(make: () => Vm, options: ConformanceOptions) {
    this.#make = make;
    this.#options = options;
    this.#target = new FuzzTarget(make());
    const { surface, vm } = this.#target;
    if (surface.regions.length === 0) throw new Error("no vdev has a place where a guest could reach it");
    const random = new Random(options.seed ?? 1);
    const mutator = new Mutator(vm, surface, new Values(surface, [], random), random);
    this.#programs = Array.from({ length: options.programs ?? PROGRAMS }, () => {
      const buffer = new ProgramBuffer();
      mutator.fresh(buffer);
      const before = buffer.snapshot();
      mutator.mutate(buffer, { other: () => before, pairs: [], reads: [], isHungry: false });
      return buffer.snapshot();
    });
  }

  /** One guest twice, in the same VM put back and in another: the same outcomes, values and state; and nothing wrong. */
  sameAnswers(): void {
    const other = new FuzzTarget(this.#make());
    const start = stateDigest(this.#target.vm);
    if (stateDigest(other.vm) !== start) throw new Error("two VMs of one configuration do not start in the same state");
    for (const program of this.#programs) {
      const first = this.#outcome(this.#target, program);
      const finding = this.#finding();
      const again = this.#outcome(this.#target, program);
      // The place of a lock that is kept is put down the second time.
      if (finding !== undefined) this.#fail(testFinding(this.#finding() ?? finding).text, program);
      if (again !== first) {
        this.#fail("after a snapshot is put back, the same guest gets other answers", program);
      }
      if (this.#outcome(other, program) !== first)
        this.#fail("two equal VMs answer the same guest differently", program);
      this.#target.restore();
      if (stateDigest(this.#target.vm) !== start) this.#fail("a snapshot put back is not the state it was", program);
    }
  }

  /** Accesses of sizes the factory does not take end in a bus error, and change nothing. */
  sizes(): void {
    const { vm, surface } = this.#target;
    for (const region of surface.regions) {
      for (const width of refusedWidths(region)) {
        for (const offset of [0, width * 2].filter((at) => at + width <= region.length)) {
          for (const isRead of [true, false]) this.#refused(vm, region, offset, width, isRead);
        }
      }
    }
  }

  #refused(vm: Vm, { space, start, vdev }: FuzzedRegion, offset: number, width: AccessWidth, isRead: boolean): void {
    this.#target.restore();
    const before = memoryOf(vm);
    const driven = new DrivenVm(() => vm);
    const address = start + BigInt(offset);
    const access = { space, width };
    const { status } = isRead ? driven.tryRead(address, access) : driven.tryWrite(address, ~0n, access);
    const what = `a ${isRead ? "read" : "write"} of ${width} bytes at ${formatHex(address)}, which ${vdev.name} does not take,`;
    if (status !== "bus-error") throw new Error(`${what} ended with ${status} and not with a bus error`);
    if (memoryOf(vm) !== before) throw new Error(`${what} changed the state of the device`);
  }

  /** The VM ends after each program, and nothing is wrong then. */
  ending(): void {
    for (const program of this.#programs) {
      this.#outcome(this.#target, program);
      const { vm } = this.#target;
      vm.terminate();
      const finding = this.#finding();
      if (finding !== undefined) this.#fail(testFinding(finding).text, program);
    }
    this.#target.restore();
  }

  /** After a reset every register reads as at the start. */
  reset(reset: NonNullable<ConformanceOptions["reset"]>): void {
    const { vm } = this.#target;
    const driven = new DrivenVm(() => vm);
    const kept = new Set((this.#options.notReset ?? []).map(BigInt));
    this.#target.restore();
    const addresses = registersOf(this.#target).filter(({ address }) => !kept.has(address));
    const read = () =>
      addresses.map(({ address, region: { space }, width }) => driven.tryRead(address, { space, width }));
    reset(driven); // what a reset leaves in a device that was never used is what it leaves in any
    const first = read();
    for (const program of this.#programs) {
      this.#outcome(this.#target, program);
      if (vm.ended !== undefined) continue;
      reset(driven);
      const after = read();
      const at = after.findIndex(({ status, value }, i) => status !== first[i]!.status || value !== first[i]!.value);
      if (at < 0) continue;
      const where = formatHex(addresses[at]!.address);
      const [was, is] = [first[at]!, after[at]!].map(({ value }) => formatHex(value));
      this.#fail(`after a reset, the register at ${where} reads ${is} and not ${was}`, program);
    }
  }

  /** What the last program did wrong first. */
  #finding(): Finding | undefined {
    return this.#target.vm.findings.all.find(counts);
  }

  /** What came of a program, as one text. */
  #outcome(target: FuzzTarget, program: Program): string {
    this.#buffer.load(program);
    target.execute(this.#buffer);
    const { vm } = target;
    return [stateDigest(vm), vm.ended?.reason, ...answersAfter(target, program)].join("\n");
  }

  #fail(sentence: string, program: Program): never {
    const script = formatProgram(this.#target.vm, program).trimEnd();
    throw new Error(`${sentence}\nafter this script:\n${script}`);
  }
}

/** What the accesses of a program get when they are made once more behind it. */
function answersAfter({ vm }: FuzzTarget, { words }: Program): string[] {
  const answers: string[] = [];
  for (let at = 0; at < words.length; at += OPERATION_WORDS) {
    const meta = words[at + META]!;
    if (!isAccess(meta) || isWrite(meta)) continue;
    const space = isIo(meta) ? "io" : "memory";
    const [lo, hi] = [words[at + LO]! >>> 0, words[at + HI]! >>> 0];
    const status = vm.read(space, lo, hi, widthOf(meta), vcpuOf(meta));
    answers.push(`${status} ${addressOf(vm.valueLo, vm.valueHi)}`);
  }
  return answers;
}

function refusedWidths({ widths, vdev, space, length }: FuzzedRegion): AccessWidth[] {
  if (vdev.factory.sizes === 0) return [];
  const all: AccessWidth[] = space === "io" ? [1, 2, 4] : [1, 2, 4, 8];
  return all.filter(
    (width) => !widths.includes(width) && ((vdev.factory.sizes >>> width) & 1) === 0 && width <= length,
  );
}

/** Module memory and interrupt lines: what an access that is refused must not touch. */
function memoryOf(vm: Vm): string {
  return `${vm.instances.map(({ bytes }) => Buffer.from(bytes).toString("latin1")).join()}${vm.interrupts.digest()}`;
}

function registersOf({ surface }: FuzzTarget) {
  return surface.regions.flatMap((region) => {
    const width = region.widths.includes(4) ? 4 : region.widths[0]!;
    const count = Math.min(REGISTERS_MAX, Math.floor(region.length / width));
    return Array.from({ length: count }, (_, i) => ({ address: region.start + BigInt(i * width), region, width }));
  });
}
