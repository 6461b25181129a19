import { checkReset, parseReset } from "../explore/resets.ts";
import type { Finding } from "../gate/finding.ts";
import { formatHex, formatPin } from "../guests/script/line-format.ts";
import type { GuestBytes } from "../memory/undecided-memory.ts";
import type { Vm } from "../vm/vm.ts";
import { addressOfAccess, nameOfAccess, regionOfAccess } from "./access-name.ts";
import { type Answer, Answers } from "./answers.ts";
import type { Look, Shown } from "./look.ts";
import {
  accessMeta,
  beginningOf,
  lengthOf,
  META,
  NO_BYTES,
  OPERATION,
  OPERATION_WORDS,
  OPERATIONS_MAX,
  operationOf,
  otherMeta,
  type Program,
  ProgramBuffer,
} from "./program.ts";
import { formatProgram, parseProgram } from "./program-text.ts";
import type { FuzzedRegion } from "./surface.ts";
import type { FuzzTarget } from "./target.ts";

/** How a guest resets the devices, and what of them a reset leaves alone. */
export interface DeviceReset {
  readonly program: Program;
  /** Addresses of registers that are not compared. */
  readonly notReset: ReadonlySet<bigint>;
}

/** A reset as it is given. */
export interface GivenReset {
  /** Each an access as in a script, `writel 0x10000010 1`. */
  readonly lines: readonly string[];
  readonly notReset: readonly bigint[];
}

/** @throws UserError for what is no access of a vdev */
export function deviceReset(vm: Vm, { lines, notReset }: GivenReset): DeviceReset {
  checkReset(parseReset(lines), vm);
  return { program: parseProgram(vm, lines.join("\n"), "--reset"), notReset: new Set(notReset) };
}

/** What came of a program, a reset behind it, and accesses behind that. */
interface Outcome {
  readonly first: Program;
  /** What vdevs found in guest memory, if that is asked for: what the program found first comes last. */
  readonly heard: readonly GuestBytes[];
  readonly probe: Program;
  readonly passedNs: bigint;
  /** Of interrupt lines behind the reset. */
  readonly levels: readonly boolean[];
  readonly answers: readonly (Answer | undefined)[];
}

/** What the reset did not bring back. */
interface Kept {
  readonly finding: Finding;
  readonly shown: Shown;
  readonly heard: readonly GuestBytes[];
}

/**
 * Resets the devices behind a program, as their guest does, and compares them with devices that were never used: every
 * register that can be read, and then everything that the same program gets once more.
 */
export function resetLook(target: FuzzTarget, reset: DeviceReset): Look {
  const probe = new ResetProbe(target, reset);
  return {
    vm: target.vm,
    memory: target.memory,
    findings: () => (probe.kept === undefined ? [] : [probe.kept.finding]),
    shows: () => probe.kept?.shown,
    asked: {},
    tells: () => true,
    often: true,
    of: (program) => program,
    repeats: 1,
    execute: (program) => probe.execute(program.snapshot()),
  };
}

class ResetProbe {
  kept: Kept | undefined;
  readonly #target: FuzzTarget;
  readonly #reset: DeviceReset;
  readonly #registers: Program;
  readonly #buffer = new ProgramBuffer();
  readonly #answers = new Answers();
  readonly #startNs: bigint;

  constructor(target: FuzzTarget, reset: DeviceReset) {
    this.#target = target;
    this.#reset = reset;
    this.#startNs = target.vm.nowNs;
    this.#registers = readsOf(target.surface.regions);
  }

  execute(program: Program): void {
    this.kept = this.#compare(program, this.#registers);
    if (this.kept === undefined) this.kept = this.#compare(program, program);
    else this.kept = this.#alone(program) ?? this.kept;
    // The last execution was that of the device never used.
    const { memory } = this.#target;
    if (memory.heard !== undefined) memory.heard = [...(this.kept?.heard ?? [])];
  }

  /** The first register that is not as after a reset may be so without reads of others before it. */
  #alone(program: Program): Kept | undefined {
    const { finding, shown } = this.kept!;
    const last = shown.lines.length;
    if (last < 3) return undefined;
    for (let at = 0; at < lengthOf(this.#registers); at++) {
      const words = this.#registers.words.slice(at * OPERATION_WORDS, (at + 1) * OPERATION_WORDS);
      if (this.#what(words, 0) !== finding.compared?.what) continue;
      return this.#compare(program, { words, blobs: [], answers: NO_BYTES });
    }
    return undefined;
  }

  #compare(program: Program, probe: Program): Kept | undefined {
    const used = this.#outcome(program, probe);
    if (used === undefined) return undefined;
    const fresh = this.#outcome(this.#around(used.first, used.passedNs), used.probe);
    if (fresh === undefined || fresh.passedNs !== used.passedNs) return undefined;
    const line = used.levels.findIndex((level, i) => level !== fresh.levels[i]);
    if (line >= 0) return this.#keptLevel(used, line);
    const at = used.answers.findIndex((answer, i) => answer !== fresh.answers[i] && this.#isCompared(used.probe, i));
    const expected = fresh.answers[at];
    const got = used.answers[at];
    // What is to be made again, and the end of the VM, are no answers to compare.
    if (expected === undefined || got === undefined || isOpen(expected) || isOpen(got)) return undefined;
    return this.#keptAnswer(used, at, got, expected);
  }

  /** @returns undefined when something went wrong, which others tell */
  #outcome(program: Program, probe: Program): Outcome | undefined {
    const { vm, surface, memory } = this.#target;
    const buffer = this.#buffer;
    buffer.load(program);
    this.#target.execute(buffer);
    let heard = memory.heard ?? [];
    const first = buffer.snapshot();
    if (!this.#runs) return undefined;
    const passedNs = vm.nowNs - this.#startNs;
    buffer.load(this.#reset.program);
    this.#target.goOn(buffer);
    heard = [...(memory.heard ?? []), ...heard];
    const levels = surface.lines.map(({ high }) => high);
    memory.restore(); // what is behind the reset finds guest memory as it is at the start
    buffer.load(probe);
    this.#target.goOn(buffer, this.#answers);
    heard = [...(memory.heard ?? []), ...heard];
    if (!this.#runs) return undefined;
    return { first, heard, probe: buffer.snapshot(), passedNs, levels, answers: this.#answers.all };
  }

  get #runs(): boolean {
    const { vm } = this.#target;
    return vm.ended === undefined && vm.instances.every(({ stopped }) => stopped === undefined);
  }

  /** What of a program is not the device: its host, its interrupt controllers, and time. */
  #around(program: Program, ns: bigint): Program {
    const { words } = program;
    const kept: number[] = [];
    for (let at = 0; at < words.length; at += OPERATION_WORDS) {
      const operation = operationOf(words[at + META]!);
      if (operation === OPERATION.flow || operation === OPERATION.line || operation === OPERATION.power)
        kept.push(...words.subarray(at, at + OPERATION_WORDS));
    }
    const half = (value: bigint) => Number(BigInt.asIntN(32, value));
    if (ns > 0n) kept.push(half(ns), half(ns >> 32n), otherMeta(OPERATION.clock), 0, 0, 0);
    return { words: Int32Array.from(kept), blobs: [], answers: NO_BYTES };
  }

  #isCompared({ words }: Program, at: number): boolean {
    return !this.#reset.notReset.has(addressOfAccess(words, at));
  }

  #keptAnswer(used: Outcome, at: number, got: Answer, expected: Answer): Kept {
    const { probe } = used;
    const what = this.#what(probe.words, at);
    const behind = formatProgram(this.#target.vm, { ...beginningOf(probe, at + 1), answers: NO_BYTES });
    const expectation =
      expected === "ok"
        ? "expect ok"
        : expected === "bus-error"
          ? "expect error"
          : `expect ${formatHex(expected as bigint)}`;
    const vdev = regionOfAccess(this.#target.surface, probe.words, at)?.vdev.index ?? 0;
    return this.#told(used, { vdev, what, got: textOf(got), expected: textOf(expected) }, [behind, expectation]);
  }

  #keptLevel(used: Outcome, at: number): Kept {
    const { pic, line } = this.#target.surface.lines[at]!;
    const high = used.levels[at]!;
    const word = (level: boolean) => (level ? "high" : "low");
    const pin = formatPin(pic.name, line);
    const what = `the level of interrupt line ${pin} after a reset`;
    const expectation = `expect irq ${pin} ${high ? "off" : "on"}`;
    return this.#told(used, { vdev: 0, what, got: word(high), expected: word(!high) }, [expectation]);
  }

  #told(
    { first, heard }: Outcome,
    { vdev, what, got, expected }: { vdev: number; what: string; got: string; expected: string },
    behind: readonly string[],
  ): Kept {
    const { vm } = this.#target;
    const before = formatProgram(vm, { ...first, answers: NO_BYTES });
    const reset = formatProgram(vm, this.#reset.program);
    const lines = [before.includes("vcpu ") ? "vcpu 0" : "", reset, ...behind]
      .join("\n")
      .split("\n")
      .filter((text) => text !== "");
    const finding: Finding = {
      severity: "violation",
      rule: "reset",
      message: `${what}: ${got}, and ${expected} when the device was never used`,
      compared: { what, got, expected, where: `behind ${lengthOf(first)} operations and the reset` },
      situation: vm.context.situation(),
      vdev: vm.findings.nameOf(vdev),
      module: vm.vdevs[vdev]!.instance.module.file,
      stack: [],
      affected: [],
      advice: "Reset this, too; or say that it is to stay (--not-reset ADDR, `notReset` in tests).",
    };
    return { finding, shown: { length: lengthOf(first), lines }, heard };
  }

  #what(words: Int32Array, at: number): string {
    return `${nameOfAccess(this.#target.surface, words, at)} after a reset`;
  }
}

/** Reads of every register, as wide as the vdev takes them, up to four bytes where it does. */
function readsOf(regions: readonly FuzzedRegion[]): Program {
  const buffer = new ProgramBuffer();
  for (const { space, start, length, widths } of regions) {
    const width = widths.includes(4) ? 4 : widths[0]!;
    const meta = accessMeta(false, space === "io", width, 0);
    for (let offset = 0; offset + width <= length && buffer.count < OPERATIONS_MAX; offset += width) {
      const address = start + BigInt(offset);
      const half = (value: bigint) => Number(BigInt.asIntN(32, value));
      buffer.set(buffer.count++, half(address), half(address >> 32n), meta, 0, 0);
    }
  }
  return buffer.snapshot();
}

function isOpen(answer: Answer): boolean {
  return answer === "stop" || answer === "no-advance";
}

function textOf(answer: Answer): string {
  if (typeof answer === "bigint") return formatHex(answer);
  return answer === "bus-error" ? "a bus error" : answer;
}
