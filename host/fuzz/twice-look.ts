import type { TrapRing } from "../dispatcher/batch.ts";
import type { Finding } from "../gate/finding.ts";
import { formatStep } from "../guests/script/format-step.ts";
import { formatHex } from "../guests/script/line-format.ts";
import { recordingEvent } from "../recording/recorder.ts";
import { formatEvent } from "../recording/text.ts";
import type { VmEvent } from "../vm/events.ts";
import { stateDigest } from "../vm/snapshot.ts";
import { nameOfAccess, regionOfAccess } from "./access-name.ts";
import { Answers } from "./answers.ts";
import type { Look } from "./look.ts";
import { isAccess, META, OPERATION_WORDS, type Program, ProgramBuffer } from "./program.ts";
import { commandOf } from "./program-text.ts";
import type { FuzzTarget, Witness } from "./target.ts";

/** Something that an execution did: what an access got, or what a vdev or the host did meanwhile. */
interface Trace {
  /** The operation it was in, from 0. */
  readonly at: number;
  readonly text: string;
  readonly isAnswer: boolean;
  readonly situation: Finding["situation"];
}

/**
 * Executes programs twice from the same moment: answers, what vdevs have the host do, and all state behind it must be the
 * same. Nothing a vdev can do makes them differ, as time, threads and memory are the VM's own.
 */
export function twiceLook(target: FuzzTarget): Look {
  const twice = new Twice(target);
  return {
    vm: target.vm,
    memory: target.memory,
    findings: () => (twice.finding === undefined ? [] : [twice.finding]),
    asked: {},
    tells: () => true,
    of: (program) => program,
    repeats: 1,
    execute: (program) => twice.execute(program.snapshot()),
  };
}

class Twice implements Witness {
  finding: Finding | undefined;
  readonly #target: FuzzTarget;
  readonly #buffer = new ProgramBuffer();
  readonly #answers = new Answers();
  #traces: Trace[] = [];

  constructor(target: FuzzTarget) {
    this.#target = target;
  }

  execute(program: Program): void {
    const first = this.#run(program);
    const second = this.#run(program);
    const length = Math.max(first.traces.length, second.traces.length);
    let at = 0;
    while (at < length && first.traces[at]?.text === second.traces[at]?.text) at++;
    if (at < length) this.finding = this.#differs(program, first.traces[at], second.traces[at]);
    else this.finding = first.digest === second.digest ? undefined : this.#differs(program, undefined, undefined);
  }

  begin(): void {
    this.#answers.begin();
  }

  access(ring: TrapRing): void {
    this.#answers.access(ring);
    const answer = this.#answers.all.at(-1)!;
    const at = this.#answers.all.length - 1;
    this.#note(at, typeof answer === "bigint" ? formatHex(answer) : answer, true);
  }

  operation(): void {
    this.#answers.operation();
  }

  #run(program: Program): { readonly traces: readonly Trace[]; readonly digest: string } {
    const target = this.#target;
    const { vm } = target;
    const traces: Trace[] = [];
    this.#traces = traces;
    this.#answers.begin();
    this.#buffer.load(program);
    target.restore();
    vm.listener = (event) => this.#hear(event);
    try {
      target.goOn(this.#buffer, this);
    } finally {
      vm.listener = undefined;
    }
    return { traces, digest: stateDigest(vm) };
  }

  #hear(event: VmEvent): void {
    const recorded = recordingEvent(event);
    if (recorded !== undefined) this.#note(this.#answers.all.length, formatEvent(recorded), false);
  }

  #note(at: number, text: string, isAnswer: boolean): void {
    this.#traces.push({ at, text, isAnswer, situation: this.#target.vm.context.situation() });
  }

  #differs(program: Program, first: Trace | undefined, second: Trace | undefined): Finding {
    const { vm, surface } = this.#target;
    const trace = first ?? second;
    const at = Math.min(first?.at ?? Infinity, second?.at ?? Infinity);
    const isInProgram = trace !== undefined && (at + 1) * OPERATION_WORDS <= program.words.length;
    const access = isInProgram && isAccess(program.words[at * OPERATION_WORDS + META]!);
    const name = access ? nameOfAccess(surface, program.words, at) : isInProgram ? "an operation" : "a program";
    const part =
      trace === undefined ? "the state behind it" : trace.isAnswer ? "the answer" : "what vdevs do meanwhile";
    const region = access ? regionOfAccess(surface, program.words, at) : undefined;
    const vdev = region?.vdev ?? vm.vdevs[0]!;
    const what = `${name}, executed twice: ${part}`;
    const nothing = trace === undefined ? "one digest" : "nothing";
    const [got, expected] = [second?.text ?? (trace === undefined ? "another" : nothing), first?.text ?? nothing];
    const line = isInProgram ? formatStep(commandOf(vm, program, at * OPERATION_WORDS)) : "the end";
    return {
      severity: "warning",
      rule: "nondeterminism",
      message: `${what} differs`,
      compared: { what, got, expected, where: isInProgram ? `operation ${at + 1}, ${line}` : line },
      situation: trace?.situation ?? vm.context.situation(),
      vdev: vm.findings.nameOf(vdev.index),
      module: vdev.instance.module.file,
      stack: [],
      affected: [],
      advice:
        "No vdev can do this by itself: it is a mistake of vdevbox, or of what brings in bytes from outside. Findings of this campaign may not come again.",
    };
  }
}
