import type { SourcePlace } from "../../errors.ts";
import { AccessStatus } from "../bus.ts";
import type { Answer } from "./answer.ts";
import { formatAnswer, matches } from "./answer.ts";
import { formatExpectation, formatStep } from "./format-step.ts";
import { brief, formatHex, formatPin } from "./line-format.ts";
import type { ScriptMachine, ScriptRead } from "./machine.ts";
import { noLineSentence, PendingMistake } from "./name-mistake.ts";
import type { ScriptFinding, ScriptOutput, ScriptResult } from "./script-result.ts";
import type { Expectation, ScriptCommand, ScriptStep } from "./step.ts";
import { accessesOf, type TogetherAccess } from "./together.ts";

/** How often an access that does not advance is executed again before the script gives up on it. */
export const MAX_RETRIES = 1000;
/** Findings that are kept; `failed` counts on. */
export const MAX_FINDINGS = 1000;

/** Steps after which other work of the process gets its turn. */
const STEPS_PER_TURN = 2000;

/** Virtual time that passes in one go: a longer step goes in pieces, as many timers may fire in it. */
const CLOCK_PIECE_NS = 10_000_000_000n;
/** Timers that may fire in a piece before the next is made shorter, and that must before it is not made longer. */
const PIECE_ALARMS_MAX = 10_000;
const PIECE_ALARMS_MIN = 1000;

/** What was done between two values of `steps`: a step, or much work; or what is to be waited for, with whether to go on. */
type Turn = "step" | "long" | Promise<boolean>;

/**
 * Runs a script. A failed expectation is a finding and the run goes on. Signals and timers of the process get their turn
 * in between: a long script can be interrupted.
 *
 * When the VM ends, expectations about what ended it are still checked; from the next command that needs the VM on,
 * nothing is. If that leaves an expectation unchecked, the first of them is a finding: a test must not pass because
 * the VM died early.
 */
export async function runScript(
  steps: readonly ScriptStep[],
  machine: ScriptMachine,
  out: ScriptOutput,
): Promise<ScriptResult> {
  const run = new ScriptRun(machine, out);
  let count = 0;
  for (const turn of run.steps(steps)) {
    if (turn instanceof Promise) {
      if (!(await turn)) break;
    } else if (turn === "step" && ++count % STEPS_PER_TURN !== 0) continue;
    const was = machine.stopped;
    await new Promise((resolve) => setImmediate(resolve));
    if (machine.stopped && !was) break; // interrupted from outside: not even what needs no VM goes on
  }
  return run.finish();
}

/** Commands that the VM carries out. */
type MachineCommand = Exclude<ScriptCommand, { kind: "print" | "vcpu" | "repeat" | "together" | "expect" }>;

class ScriptRun {
  readonly #machine: ScriptMachine;
  readonly #out: ScriptOutput;
  readonly #findings: ScriptFinding[] = [];
  #failed = 0;
  #expectations = 0;
  #held = 0;
  #accesses = 0;
  #errors = 0;
  #skipped = 0;
  #skippedExpectation: ScriptStep | undefined;
  #vcpu = 0;
  /** Where a step of time ends of which only the last piece is left. */
  #waitEndNs: bigint | undefined;
  #stopped = false;
  /** True once a command was not carried out because the VM had ended. */
  #ended = false;
  readonly #mistake = new PendingMistake();
  #last: { readonly step: ScriptStep; readonly answer: Answer } | undefined;

  constructor(machine: ScriptMachine, out: ScriptOutput) {
    this.#machine = machine;
    this.#out = out;
    this.#stopped = machine.stopped;
  }

  /** Carries out steps, one between two values, and a long one in pieces. */
  *steps(steps: readonly ScriptStep[]): Generator<Turn> {
    for (const step of steps) {
      this.#tellMistake(step);
      if (this.#ended) this.#skip(step);
      else if (step.kind === "repeat") {
        for (let round = 0; round < step.count && !this.#ended; round++) {
          yield* this.steps(step.body);
          yield "step";
        }
      } else {
        if (!this.#stopped) yield* this.#longWait(step);
        this.#step(step);
      }
      yield "step";
    }
  }

  /** Lets all but the last piece of a long step of time pass; the step itself is the last. */
  *#longWait(step: ScriptStep): Generator<Turn> {
    const machine = this.#machine;
    if (step.kind !== "clockStep" && step.kind !== "clockSet") return;
    this.#waitEndNs = undefined;
    if (step.ns === undefined) {
      if (machine.wait !== undefined) yield machine.wait();
      return;
    }
    const end = step.kind === "clockSet" ? step.ns : machine.clockNow() + step.ns;
    if (machine.wait !== undefined) {
      this.#waitEndNs = end;
      yield machine.wait(end);
      return;
    }
    let piece = CLOCK_PIECE_NS;
    while (end - machine.clockNow() > piece && !machine.stopped) {
      const before = machine.alarmsFired;
      machine.clockStep(piece);
      this.#waitEndNs = end;
      yield "long";
      const fired = machine.alarmsFired - before;
      if (fired < PIECE_ALARMS_MIN) piece *= 2n;
      else if (fired > PIECE_ALARMS_MAX && piece > 1n) piece /= 2n;
    }
  }

  finish(): ScriptResult {
    this.#tellMistake();
    const unchecked = this.#skippedExpectation;
    if (unchecked !== undefined) {
      const text = formatStep(unchecked);
      this.#finding(unchecked.place, `"${brief(text)}" was not reached: the VM had ended`, text, "nothing");
    }
    return {
      findings: this.#findings,
      failed: this.#failed,
      expectations: this.#expectations,
      held: this.#held,
      accesses: this.#accesses,
      errors: this.#errors,
      skipped: this.#skipped,
      stopped: this.#stopped,
    };
  }

  #step(step: Exclude<ScriptStep, { kind: "repeat" }>): void {
    switch (step.kind) {
      case "print":
        this.#out.print(step.text);
        return;
      case "vcpu":
        this.#vcpu = step.vcpu;
        return;
      case "together":
        if (!this.#stopped) this.#together(step.body);
        else {
          this.#ended = true;
          this.#skip(step);
        }
        return;
      case "expect": {
        const failed = this.#failed;
        this.#expect(step, step.expectation);
        if (this.#failed === failed) this.#held++;
        return;
      }
    }
    if (this.#stopped) {
      this.#ended = true;
      this.#skip(step);
      return;
    }
    const answer = this.#carryOut(step, step);
    this.#stopped ||= answer.kind === "stop" || this.#machine.stopped;
    this.#last = { step, answer };
    this.#out.answer?.(step, formatAnswer(answer));
  }

  #skip(step: ScriptStep): void {
    if (step.kind === "expect" && step.expectation.kind === "stop") {
      this.#expectations++; // the VM has ended, which is what it says
      this.#held++;
      return;
    }
    this.#skipped++;
    if (step.kind === "expect") this.#skippedExpectation ??= step;
    if (step.kind === "repeat" || step.kind === "together") for (const inner of step.body) this.#skip(inner);
  }

  #carryOut(command: MachineCommand, step: ScriptStep): Answer {
    switch (command.kind) {
      case "read":
        return this.#read(command, step);
      case "write":
        return this.#write(command, step);
      case "readBytes":
        return this.#readBytes(command.address, command.size, step);
      case "writeBytes":
        return this.#writeBytes(command.address, command.bytes, step);
      case "memset":
        return this.#writeBytes(command.address, new Uint8Array(command.size).fill(command.byte), step);
      case "clockStep":
        if (command.ns === undefined) this.#machine.clockStep();
        else
          this.#machine.clockStep(
            this.#waitEndNs === undefined ? command.ns : this.#waitEndNs - this.#machine.clockNow(),
          );
        return { kind: "value", value: this.#machine.clockNow() };
      case "clockSet":
        return this.#clockSet(command.ns, step);
      case "irq": {
        const level = this.#machine.irqLevel(command.pic, command.line);
        if (level !== undefined) return { kind: "value", value: level ? 1n : 0n };
        return this.#noLine(step, command);
      }
      case "irqAct": {
        const found = this.#machine.irqAct(command.pic, command.line, command.act);
        if (found === undefined) return this.#noLine(step, command);
        return command.act === "take" ? { kind: "value", value: found ? 1n : 0n } : { kind: "ok" };
      }
      case "irqCount": {
        const count = this.#machine.irqCount(command.pic, command.line, command.count);
        if (count === undefined) return this.#noLine(step, command);
        return { kind: "value", value: BigInt(count) };
      }
      case "control":
        if (this.#machine.control(command.what)) return { kind: "ok" };
        return { kind: "error", why: "the guest dump was not written" };
      case "power":
        this.#machine.setPowerState(command.cpu, command.state);
        return { kind: "ok" };
      case "pulse": {
        const queued = this.#machine.pulse(command.vdev, command.code);
        if (queued === true) return { kind: "ok" };
        if (queued === undefined) {
          this.#mistake.set(step, `there is no vdev ${command.vdev}`);
          return { kind: "error", why: `no vdev ${command.vdev}` };
        }
        return { kind: "error", why: "too many pulses wait" };
      }
      case "input":
        return this.#cannot(step, this.#machine.input(command.vdev, command.bytes));
      case "flow":
        return this.#cannot(step, this.#machine.flow(command.vdev, command.takes));
    }
  }

  #noLine(step: ScriptStep, command: Extract<ScriptCommand, { kind: "irq" | "irqAct" | "irqCount" }>): Answer {
    const { kind, pic, line } = command;
    const isAct = kind === "irqAct";
    this.#mistake.set(step, noLineSentence(command, isAct && this.#machine.irqLevel(pic, line) !== undefined));
    return { kind: "error", why: `no ${isAct ? "host " : ""}line ${formatPin(pic, line)}` };
  }

  #tellMistake(next?: ScriptStep): void {
    const mistake = this.#mistake.before(next);
    if (mistake === undefined) return;
    this.#finding(mistake.step.place, mistake.sentence, formatStep(mistake.step), mistake.sentence);
  }

  /** What either is done or cannot be done at all. */
  #cannot(step: ScriptStep, refusal: string | undefined): Answer {
    if (refusal === undefined) return { kind: "ok" };
    this.#finding(step.place, refusal, formatStep(step), refusal);
    return { kind: "error", why: refusal };
  }

  #read({ space, address, width }: Extract<ScriptCommand, { kind: "read" }>, step: ScriptStep): Answer {
    let value = 0n;
    const failure = this.#access(address, step, () => {
      const result = this.#machine.read(space, address, width, this.#vcpu);
      value = result.value;
      return result.status;
    });
    return failure ?? { kind: "value", value };
  }

  #write({ space, address, width, value }: Extract<ScriptCommand, { kind: "write" }>, step: ScriptStep): Answer {
    const access = () => this.#machine.write(space, address, width, value, this.#vcpu);
    return this.#access(address, step, access) ?? { kind: "ok" };
  }

  #readBytes(address: bigint, size: number, step: ScriptStep): Answer {
    const bytes = new Uint8Array(size);
    for (let i = 0; i < size; i++) {
      const byte = this.#read({ kind: "read", space: "memory", address: address + BigInt(i), width: 1 }, step);
      if (byte.kind !== "value") return byte;
      bytes[i] = Number(byte.value);
    }
    return { kind: "bytes", bytes };
  }

  #writeBytes(address: bigint, bytes: Uint8Array, step: ScriptStep): Answer {
    for (const [i, byte] of bytes.entries()) {
      const at = address + BigInt(i);
      const done = this.#write({ kind: "write", space: "memory", address: at, width: 1, value: BigInt(byte) }, step);
      if (done.kind !== "ok") return done;
    }
    return { kind: "ok" };
  }

  /** Makes one access, again while it does not advance. @returns why it was not done; undefined when it was */
  #access(address: bigint, step: ScriptStep, make: () => AccessStatus): Answer | undefined {
    for (let attempt = 0; attempt <= MAX_RETRIES; attempt++) {
      this.#accesses++;
      const status = make();
      if (status !== AccessStatus.noAdvance) return this.#settled(status, address, step);
      if (this.#machine.stopped) return { kind: "stop" };
    }
    return this.#settled(AccessStatus.noAdvance, address, step);
  }

  /** @returns why an access was not done; undefined when it was */
  #settled(status: AccessStatus, address: bigint, step: ScriptStep): Answer | undefined {
    if (status === AccessStatus.done) return undefined;
    if (status === AccessStatus.stop) return { kind: "stop" };
    if (status === AccessStatus.busError) {
      this.#errors++;
      return { kind: "error", why: `bus error at ${formatHex(address)}` };
    }
    const why = `no advance at ${formatHex(address)}`;
    const message = `"${brief(formatStep(step))}" was executed ${MAX_RETRIES + 1} times and never advanced`;
    this.#finding(step.place, message, "the access to advance", why);
    return { kind: "error", why };
  }

  #together(body: readonly ScriptStep[]): void {
    const { accesses, vcpu } = accessesOf(body, this.#vcpu);
    this.#vcpu = vcpu;
    const all = accesses.map(({ access }) => access);
    const results = this.#machine.together(all, MAX_RETRIES);
    this.#stopped ||= this.#machine.stopped;
    for (const [i, one] of accesses.entries()) this.#made(one, results[i]!);
  }

  /** What became of an access that was made at the same time as others. */
  #made({ step, expectation }: TogetherAccess, { status, value }: ScriptRead): void {
    const failure = this.#settled(status, step.address, step);
    const answer: Answer = failure ?? (step.kind === "read" ? { kind: "value", value } : { kind: "ok" });
    if (answer.kind === "stop") {
      this.#skipped++;
      if (expectation !== undefined) this.#skip(expectation);
      return;
    }
    this.#accesses++;
    this.#last = { step, answer };
    this.#out.answer?.(step, formatAnswer(answer));
    if (expectation !== undefined) this.#step(expectation);
  }

  #clockSet(ns: bigint, step: ScriptStep): Answer {
    const now = this.#machine.clockNow();
    if (ns >= now) {
      this.#machine.clockStep(ns - now);
      return { kind: "value", value: this.#machine.clockNow() };
    }
    this.#finding(step.place, `the clock stands at ${now} and cannot go back to ${ns}`, `${ns}`, `${now}`);
    return { kind: "error", why: "time cannot go back" };
  }

  #expect(step: ScriptStep, expectation: Expectation): void {
    this.#expectations++;
    const expected = formatExpectation(expectation);
    if (expectation.kind === "irq") {
      this.#expectIrq(step, expectation);
      return;
    }
    if (expectation.kind === "stop" && this.#stopped) return;
    const last = this.#last;
    if (last === undefined) {
      this.#finding(step.place, `expected ${expected}, but no command before has a result`, expected, "nothing");
      return;
    }
    if (matches(last.answer, expectation)) return;
    const got = formatAnswer(last.answer);
    this.#finding(
      step.place,
      `expected ${brief(expected)} from "${brief(formatStep(last.step))}", got ${brief(got)}`,
      expected,
      got,
    );
  }

  #expectIrq(step: ScriptStep, { pic, line, level }: Extract<Expectation, { kind: "irq" }>): void {
    const actual = this.#machine.irqLevel(pic, line);
    if (actual === level) return;
    const pin = formatPin(pic, line);
    const word = level ? "on" : "off";
    if (actual === undefined) {
      this.#finding(step.place, `expected ${pin} ${word}, but there is no such interrupt line`, word, "no such line");
      return;
    }
    this.#finding(step.place, `expected ${pin} ${word}, it is ${actual ? "on" : "off"}`, word, actual ? "on" : "off");
  }

  #finding(place: SourcePlace, message: string, expected: string, got: string): void {
    this.#failed++;
    if (this.#findings.length < MAX_FINDINGS) this.#findings.push({ place, message, expected, got });
  }
}
