import { UserError } from "../errors.ts";
import { type Actor, formatActor, parseActor } from "../explore/actor.ts";
import { formatStep } from "../guests/script/format-step.ts";
import { formatBytes } from "../guests/script/line-format.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { MAX_BYTES, type ScriptCommand, type ScriptStep } from "../guests/script/step.ts";
import type { GuestBytes } from "../memory/undecided-memory.ts";
import { LINE_ACTS } from "../vm/events.ts";
import { POWER_STATES } from "../vm/power.ts";
import type { Vm } from "../vm/vm.ts";
import {
  ANSWERS_MAX,
  accessMeta,
  CONTROLS,
  DECISIONS_MAX,
  HI,
  isIo,
  LO,
  META,
  NO_BYTES,
  OPERATION,
  OPERATION_WORDS,
  OPERATIONS_MAX,
  operationOf,
  otherMeta,
  type Program,
  TO_NEXT_TIMER,
  VALUE_HI,
  VALUE_LO,
  vcpuOf,
  widthOf,
} from "./program.ts";
import { addressOf } from "./target.ts";

/** Comments of a file that keep what a script cannot say. A script guest skips them. */
const ANSWERS = "# answers ";
const SCHEDULE = "# schedule";
/** Behind lines that were answers: whoever reads the answers does not need them. */
const ANSWERED = " # answered";

/** A program that is carried out several times. */
export interface RepeatedProgram {
  readonly program: Program;
  /** What vdevs found in memory that nobody had written: the script writes it first. */
  readonly answered: readonly GuestBytes[];
  readonly repeats: number;
  /** Lines behind it. */
  readonly shown?: readonly string[];
}

const NO_WORDS = new Int32Array();

/**
 * A program as a script that `vdevbox run --guest` runs.
 * @param answered what vdevs found in memory that nobody had written: the script writes it first
 */
export function formatProgram(vm: Vm, program: Program, answered: readonly GuestBytes[] = []): string {
  const lines: string[] = [];
  if (program.answers.length > 0) lines.push(`${ANSWERS}${formatBytes(program.answers)}`);
  for (const { address, bytes } of answered) {
    lines.push(formatStep({ kind: "writeBytes", address, bytes }) + ANSWERED);
  }
  if (program.schedule !== undefined) lines.push([SCHEDULE, ...program.schedule.map(formatActor)].join(" "));
  let vcpu = 0;
  for (let at = 0; at < program.words.length; at += OPERATION_WORDS) {
    const meta = program.words[at + META]!;
    const isAccess = operationOf(meta) <= OPERATION.write;
    if (isAccess && vcpuOf(meta) !== vcpu) {
      vcpu = vcpuOf(meta);
      lines.push(formatStep({ kind: "vcpu", vcpu }));
    }
    lines.push(formatStep(commandOf(vm, program, at)));
  }
  return lines.map((line) => `${line}\n`).join("");
}

/** A program as a script with all it takes to do what it did: memory as vdevs found it, and as often. */
export function scriptOf(vm: Vm, { program, answered, repeats, shown = [] }: RepeatedProgram): string {
  if (repeats === 1) return [formatProgram(vm, program, answered), ...shown.map((line) => `${line}\n`)].join("");
  const memory = formatProgram(vm, { ...program, words: NO_WORDS }, answered);
  const once = formatProgram(vm, { ...program, answers: NO_BYTES });
  const repeated = `${once.includes("vcpu ") ? "vcpu 0\n" : ""}${once}`.replaceAll(/^(?=.)/gm, "  ");
  return `${memory}repeat ${repeats} {\n${repeated}}\n`;
}

/** The operation at a word of a program, as a script has it. */
export function commandOf(vm: Vm, program: Pick<Program, "words" | "blobs">, at: number): ScriptCommand {
  const { words, blobs } = program;
  const meta = words[at + META]!;
  const lo = words[at + LO]!;
  const hi = words[at + HI]!;
  const value = words[at + VALUE_LO]!;
  switch (operationOf(meta)) {
    case OPERATION.clock:
      return lo === TO_NEXT_TIMER && hi === TO_NEXT_TIMER
        ? { kind: "clockStep" }
        : { kind: "clockStep", ns: addressOf(lo, hi) };
    case OPERATION.memory:
      return { kind: "writeBytes", address: addressOf(lo, hi), bytes: blobs[value]! };
    case OPERATION.input:
      return { kind: "input", vdev: vm.vdevs[lo]!.name, bytes: blobs[value]! };
    case OPERATION.flow:
      return { kind: "flow", vdev: vm.vdevs[lo]!.name, takes: value !== 0 };
    case OPERATION.line:
      return { kind: "irqAct", pic: vm.interrupts.controllers.all[lo]!.name, line: hi, act: LINE_ACTS[value]! };
    case OPERATION.pulse:
      return { kind: "pulse", vdev: vm.vdevs[lo]!.name, code: value };
    case OPERATION.power:
      return { kind: "power", cpu: lo, state: POWER_STATES[value]! };
    case OPERATION.control:
      return { kind: "control", what: CONTROLS[value]! };
    default:
      return accessOf(words, at);
  }
}

function accessOf(words: Int32Array, at: number): ScriptCommand {
  const meta = words[at + META]!;
  const space = isIo(meta) ? "io" : "memory";
  const width = widthOf(meta);
  const address = addressOf(words[at + LO]!, words[at + HI]!);
  if (operationOf(meta) === OPERATION.read) return { kind: "read", space, width, address };
  const value = BigInt.asUintN(8 * width, addressOf(words[at + VALUE_LO]!, words[at + VALUE_HI]!));
  return { kind: "write", space, width, address, value };
}

/**
 * Reads a script as a program: one of a corpus, or one a user wrote. What it expects and prints is left out.
 * @throws UserError for what is no script, and for what a program cannot hold
 */
export function parseProgram(vm: Vm, text: string, file: string): Program {
  const first = /^# answers 0x([0-9a-f]*)$/m.exec(text)?.[1];
  const kept = first === undefined ? text : text.replace(/^.* # answered$/gm, "");
  const answers = first === undefined ? NO_BYTES : Uint8Array.from(Buffer.from(first, "hex").subarray(0, ANSWERS_MAX));
  const reader = new ProgramReader(vm);
  for (const step of parseScript(kept, file)) reader.add(step);
  const schedule = scheduleOf(kept, file);
  return {
    words: Int32Array.from(reader.words),
    blobs: reader.blobs,
    answers,
    ...(schedule !== undefined && { schedule }),
  };
}

function scheduleOf(text: string, file: string): Actor[] | undefined {
  const words = /^# schedule((?: .*)?)$/m.exec(text)?.[1]?.split(" ").filter(Boolean);
  return words?.slice(0, DECISIONS_MAX).map((word) => {
    const actor = parseActor(word);
    if (actor === undefined) throw new UserError(`nobody is called "${word}" in \`${SCHEDULE}\``, { file });
    return actor;
  });
}

class ProgramReader {
  readonly words: number[] = [];
  readonly blobs: Uint8Array[] = [];
  readonly #vm: Vm;
  #vcpu = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  add(step: ScriptStep): void {
    switch (step.kind) {
      case "repeat":
        for (let i = 0; i < step.count; i++) for (const inner of step.body) this.add(inner);
        return;
      case "together":
        for (const inner of step.body) this.add(inner);
        return;
      case "read":
      case "write": {
        const meta = accessMeta(step.kind === "write", step.space === "io", step.width, this.#vcpu);
        const value = step.kind === "write" ? step.value : 0n;
        this.#push(step, low(step.address), high(step.address), meta, low(value), high(value));
        return;
      }
      case "readBytes":
        for (let i = 0; i < step.size; i++) {
          const address = step.address + BigInt(i);
          this.#push(step, low(address), high(address), accessMeta(false, false, 1, this.#vcpu), 0, 0);
        }
        return;
      case "writeBytes":
        this.#bytes(step, step.address, step.bytes);
        return;
      case "memset":
        this.#bytes(step, step.address, new Uint8Array(step.size).fill(step.byte));
        return;
      case "clockStep": {
        const [lo, hi] = step.ns === undefined ? [TO_NEXT_TIMER, TO_NEXT_TIMER] : [low(step.ns), high(step.ns)];
        this.#push(step, lo, hi, otherMeta(OPERATION.clock), 0, 0);
        return;
      }
      case "vcpu":
        if (step.vcpu >= this.#vm.plan.cpus) throw new UserError(`there is no vCPU ${step.vcpu}`, step.place);
        this.#vcpu = step.vcpu;
        return;
      case "print":
      case "expect":
      case "irq":
      case "irqCount":
        return;
      default:
        this.#other(step);
    }
  }

  #other(step: ScriptStep): void {
    const push = (operation: number, lo: number, hi: number, value: number) =>
      this.#push(step, lo, hi, otherMeta(operation), value, 0);
    switch (step.kind) {
      case "input":
        push(OPERATION.input, this.#vdev(step, step.vdev), 0, this.blobs.push(step.bytes) - 1);
        return;
      case "flow":
        push(OPERATION.flow, this.#vdev(step, step.vdev), 0, step.takes ? 1 : 0);
        return;
      case "pulse":
        push(OPERATION.pulse, this.#vdev(step, step.vdev), 0, step.code);
        return;
      case "irqAct": {
        const pic = this.#vm.interrupts.controllers.all.findIndex(({ name }) => name === step.pic);
        if (pic < 0) throw new UserError(`there is no controller ${step.pic}`, step.place);
        push(OPERATION.line, pic, step.line, LINE_ACTS.indexOf(step.act));
        return;
      }
      case "power":
        if (step.cpu >= this.#vm.plan.cpus) throw new UserError(`there is no CPU ${step.cpu}`, step.place);
        push(OPERATION.power, step.cpu, 0, POWER_STATES.indexOf(step.state));
        return;
      case "control": {
        const control = (CONTROLS as readonly string[]).indexOf(step.what);
        if (control >= 0) push(OPERATION.control, 0, 0, control);
        return;
      }
      default:
        throw new UserError(`a program of the fuzzer cannot hold "${formatStep(step)}"`, step.place);
    }
  }

  /** Bytes in guest memory are one operation; where a vdev is, each is an access. */
  #bytes(step: ScriptStep, address: bigint, bytes: Uint8Array): void {
    if (bytes.length <= MAX_BYTES && this.#vm.ram.holds(address, bytes.length)) {
      const blob = this.blobs.push(bytes) - 1;
      this.#push(step, low(address), high(address), otherMeta(OPERATION.memory), blob, 0);
      return;
    }
    for (const [i, byte] of bytes.entries()) {
      const at = address + BigInt(i);
      this.#push(step, low(at), high(at), accessMeta(true, false, 1, this.#vcpu), byte, 0);
    }
  }

  #vdev(step: ScriptStep, name: string): number {
    const index = this.#vm.vdevs.findIndex((vdev) => vdev.name === name);
    if (index < 0) throw new UserError(`there is no vdev ${name}`, step.place);
    return index;
  }

  #push(step: ScriptStep, lo: number, hi: number, meta: number, valueLo: number, valueHi: number): void {
    if (this.words.length / OPERATION_WORDS >= OPERATIONS_MAX) {
      throw new UserError(`a program of the fuzzer has at most ${OPERATIONS_MAX} operations`, step.place);
    }
    this.words.push(lo, hi, meta, 0, valueLo, valueHi);
  }
}

function low(value: bigint): number {
  return Number(BigInt.asIntN(32, value));
}

function high(value: bigint): number {
  return Number(BigInt.asIntN(32, value >> 32n));
}
