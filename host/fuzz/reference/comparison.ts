import type { TrapRing } from "../../dispatcher/batch.ts";
import { UserError } from "../../errors.ts";
import type { Finding } from "../../gate/finding.ts";
import { AccessStatus } from "../../guests/bus.ts";
import { formatHex, formatPin } from "../../guests/script/line-format.ts";
import { joinHalves } from "../../memory/halves.ts";
import type { UndecidedMemory } from "../../memory/undecided-memory.ts";
import type { Vm } from "../../vm/vm.ts";
import { META, OPERATION, OPERATION_WORDS, operationOf, type ProgramBuffer } from "../program.ts";
import { commandOf } from "../program-text.ts";
import type { FuzzedRegion, Surface } from "../surface.ts";
import type { Witness } from "../target.ts";
import type { Reference, ReferenceAccess } from "./reference.ts";

/** Differences of one execution that are kept. */
const DIFFERENCES_MAX = 16;

/** Where a device and its reference were not of one mind. */
export interface Difference {
  readonly finding: Finding;
  /** Operations of the program up to there. */
  readonly length: number;
  /** Line of a script that holds behind them for the reference, and not for the device. */
  readonly expectation: string;
}

/** Whom a difference is told of, and what stays the same about it whatever the values are. */
interface Place {
  readonly vdev: number;
  readonly what: string;
}

/** Shows a reference all that a device is shown, and compares what they say. */
export class Comparison implements Witness {
  /** Of the last execution, each place once. */
  differences: Difference[] = [];
  readonly #vm: Vm;
  readonly #memory: UndecidedMemory;
  readonly #surface: Surface;
  readonly #reference: Reference;
  readonly #told = new Set<string>();
  #nowNs = 0n;
  /** Operations carried out, and accesses among them. */
  #length = 0;
  #accesses = 0;
  /** Answers of guest memory that the reference was told. */
  #heard = 0;
  #heardBytes = 0;
  /** Something happened that a reference cannot follow. */
  #isLost = false;

  constructor(vm: Vm, memory: UndecidedMemory, surface: Surface, reference: Reference) {
    this.#vm = vm;
    this.#memory = memory;
    this.#surface = surface;
    this.#reference = reference;
  }

  begin(): void {
    if (this.differences.length > 0) this.differences = [];
    this.#told.clear();
    if (this.#reference.memory !== undefined) this.#memory.heard = [];
    this.#heard = 0;
    this.#heardBytes = 0;
    this.#nowNs = this.#vm.nowNs;
    this.#length = 0;
    this.#accesses = 0;
    this.#isLost = false;
    this.#ask((reference) => reference.reset());
  }

  access(ring: TrapRing): void {
    this.#length++;
    this.#accesses++;
    if (!this.#follows()) return;
    const { space, lo, hi, width, vcpu, write, valueLo, valueHi } = ring.trap(0);
    const address = joinHalves(lo, hi);
    const region = this.#regionOf(space, address);
    const value = BigInt.asUintN(8 * width, joinHalves(valueLo, valueHi));
    const status = ring.status(0);
    if (region === undefined) {
      this.#atMemory(address, write ? value : undefined, width);
      return;
    }
    const offset = Number(address - region.start);
    if (offset + width > region.length || status === AccessStatus.noAdvance) {
      this.#isLost = true;
      return;
    }
    if (!region.widths.includes(width)) return; // the host refuses it, and no device sees it
    const at: ReferenceAccess = { space, address, offset, width, vcpu, vdev: region.vdev.name };
    this.#tellMemory();
    if (write) this.#compareWrite(at, region, value, status);
    else this.#compareRead(at, region, value, status);
    this.#after();
  }

  operation(program: ProgramBuffer, at: number): void {
    this.#length++;
    if (!this.#follows()) return;
    this.#tellMemory();
    if (operationOf(program.word(at, META)) !== OPERATION.clock) {
      const command = commandOf(this.#vm, program, at * OPERATION_WORDS);
      this.#ask((reference) => {
        if (command.kind === "input") reference.input?.(command.vdev, command.bytes);
        else if (command.kind === "writeBytes") reference.memory?.(command.address, command.bytes);
        else reference.other?.(command);
      });
    }
    this.#after();
  }

  /** Whether the device still does what it is told: behind a fault or the end of the VM there is nothing to compare. */
  #follows(): boolean {
    if (this.#isLost || this.#vm.ended !== undefined) return false;
    return this.#vm.findings.total === 0 || this.#vm.instances.every(({ stopped }) => stopped === undefined);
  }

  #after(): void {
    const { nowNs } = this.#vm;
    if (nowNs !== this.#nowNs) {
      const passed = nowNs - this.#nowNs;
      this.#nowNs = nowNs;
      this.#ask((reference) => reference.step?.(passed));
    }
    if (this.#reference.level !== undefined) this.#compareLevels();
  }

  #compareRead(at: ReferenceAccess, { vdev }: FuzzedRegion, value: bigint, status: AccessStatus): void {
    const answer = this.#ask((reference) => reference.read(at));
    if (answer === undefined) return;
    const expected = answer === "bus-error" ? answer : BigInt.asUintN(8 * at.width, BigInt(answer));
    const got = status === AccessStatus.busError ? "bus-error" : value;
    if (got === expected) return;
    const what = `a read of ${bytes(at.width)} at offset ${formatHex(BigInt(at.offset))} of ${at.vdev}`;
    const text = (one: bigint | "bus-error") => (one === "bus-error" ? "a bus error" : formatHex(one));
    this.#differ({ vdev: vdev.index, what }, text(got), text(expected), expectation(expected), at);
  }

  #compareWrite(at: ReferenceAccess, { vdev }: FuzzedRegion, value: bigint, status: AccessStatus): void {
    const expected = this.#ask((reference) => reference.write(at, value));
    if (expected === undefined) return;
    const got = status === AccessStatus.busError ? "bus-error" : "ok";
    if (got === expected) return;
    const what = `a write of ${bytes(at.width)} at offset ${formatHex(BigInt(at.offset))} of ${at.vdev}`;
    const text = (one: "ok" | "bus-error") => (one === "ok" ? "is taken" : "ends in a bus error");
    this.#differ({ vdev: vdev.index, what }, text(got), text(expected), expectation(expected), at);
  }

  #compareLevels(): void {
    for (const { pic, line, high, state } of this.#surface.lines) {
      const pin = formatPin(pic.name, line);
      const expected = this.#ask((reference) => reference.level?.(pin));
      if (expected === undefined || expected === high) continue;
      const word = (level: boolean) => (level ? "high" : "low");
      const vdev = this.#vm.vdevs.findIndex(({ name }) => name === state.sources[0]?.owner);
      const place = {
        vdev: Math.max(0, vdev),
        what: `the level of interrupt line ${pin}, ${word(expected)} by the reference`,
      };
      this.#differ(place, word(high), word(expected), `expect irq ${pin} ${expected ? "on" : "off"}`);
    }
  }

  #differ(place: Place, got: string, expected: string, expectation: string, at?: ReferenceAccess): void {
    const { what } = place;
    if (this.#told.has(what) || this.differences.length >= DIFFERENCES_MAX) return;
    this.#told.add(what);
    const vm = this.#vm;
    const { instance } = vm.vdevs[place.vdev]!;
    const subject = at === undefined ? what.replace(/, \w+ by the reference$/, "") : what;
    const where = at === undefined ? `behind operation ${this.#length}` : `access ${this.#accesses}`;
    const finding: Finding = {
      severity: "violation",
      rule: "reference",
      message: `${subject}: the device says ${got}, the reference ${expected}`,
      compared: {
        what,
        got,
        expected,
        where: at === undefined ? where : `${where}, at ${formatHex(at.address)}`,
      },
      situation: vm.context.situation(),
      vdev: vm.findings.nameOf(place.vdev),
      module: instance.module.file,
      stack: [],
      affected: [],
      advice: "Mend the device; or the reference, which may also answer undefined for what it does not judge.",
    };
    this.differences.push({ finding, length: this.#length, expectation });
  }

  #atMemory(address: bigint, value: bigint | undefined, width: number): void {
    if (value !== undefined && this.#vm.ram.holds(address, width)) {
      const bytes = new Uint8Array(8);
      new DataView(bytes.buffer).setBigUint64(0, value, true);
      this.#ask((reference) => reference.memory?.(address, bytes.subarray(0, width)));
    }
    this.#after();
  }

  /** Guest memory that the device found by reading it. */
  #tellMemory(): void {
    const { heard } = this.#memory;
    if (heard === undefined || this.#reference.memory === undefined) return;
    // The last one may have grown since.
    for (let i = Math.max(0, this.#heard - 1); i < heard.length; i++) {
      const { address, bytes } = heard[i]!;
      const from = i === this.#heard - 1 ? this.#heardBytes : 0;
      if (from < bytes.length) {
        this.#ask((reference) => reference.memory?.(address + BigInt(from), bytes.subarray(from)));
      }
      this.#heardBytes = bytes.length;
    }
    this.#heard = heard.length;
  }

  #regionOf(space: string, address: bigint): FuzzedRegion | undefined {
    return this.#surface.regions.find(
      (one) => one.space === space && address >= one.start && address < one.start + BigInt(one.length),
    );
  }

  /** @throws UserError when the reference does */
  #ask<T>(question: (reference: Reference) => T): T {
    try {
      return question(this.#reference);
    } catch (error) {
      if (error instanceof UserError) throw error;
      throw new UserError(`the reference failed: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
}

function bytes(width: number): string {
  return width === 1 ? "1 byte" : `${width} bytes`;
}

function expectation(expected: bigint | "ok" | "bus-error"): string {
  if (expected === "ok") return "expect ok";
  return expected === "bus-error" ? "expect error" : `expect ${formatHex(expected)}`;
}
