import { basename } from "node:path";
import type { StackFrame } from "../gate/finding.ts";
import { THREAD } from "../gate/situation.ts";
import { AccessStatus } from "../guests/bus.ts";
import { formatStep } from "../guests/script/format-step.ts";
import type { Thread } from "../threads/thread.ts";
import type { VmEvent } from "../vm/events.ts";
import { ACTOR, type Actor, kindOf, whichOf } from "./actor.ts";
import type { ScheduleListener, ScheduleRunner } from "./run-schedule.ts";
import { nameOfWait } from "./waits.ts";

const WIDTH_MAX = 44;
/** Calls of one turn that are shown; a loop makes thousands. */
const CALLS_MAX = 12;
/** Rows of a schedule that are shown. */
const ROWS_MAX = 200;
/** Column of what no thread does. */
const TIME = "time";

interface Row {
  readonly column: string;
  readonly text: string;
}

/** Stands for rows that are left out. */
const CUT: Row = { column: TIME, text: "⋮" };

/** Rounds of a loop as one, which says how many there were: the same one to four rows again and again. */
function folded(rows: readonly Row[]): Row[] {
  const out: Row[] = [];
  for (let at = 0; at < rows.length; ) {
    const [length, times] = loopAt(rows, at);
    out.push(...rows.slice(at, at + length));
    if (times > 1) out.push({ column: rows[at]!.column, text: `  (× ${times})` });
    at += length * times;
  }
  return out;
}

/** Rows of a loop that begins here, and how often it is gone through; a loop of one round is none. */
function loopAt(rows: readonly Row[], at: number): readonly [length: number, times: number] {
  for (let length = 1; length <= 4; length++) {
    let times = 1;
    while (isSame(rows, at, at + times * length, length)) times++;
    if (times > 3) return [length, times];
  }
  return [1, 1];
}

function isSame(rows: readonly Row[], one: number, other: number, length: number): boolean {
  for (let i = 0; i < length; i++) {
    const [a, b] = [rows[one + i], rows[other + i]];
    if (b === undefined || a!.column !== b.column || a!.text !== b.text) return false;
  }
  return true;
}

/** A schedule as text: a column for each thread, a row for each thing it does, from the top down. */
export class Columns {
  readonly #runner: ScheduleRunner;
  readonly #rows: Row[] = [];
  #column = TIME;
  #calls = 0;

  constructor(runner: ScheduleRunner) {
    this.#runner = runner;
  }

  readonly listener: ScheduleListener = {
    turn: (actor, thread) => this.#turn(actor, thread),
    call: (thread, call) => this.#call(thread, call),
    turned: (thread) => this.#turned(thread),
    access: (step, outcome, value) => {
      const { vcpu, op } = step.access;
      const result =
        outcome === AccessStatus.done ? (op === "read" ? `= 0x${value.toString(16)}` : "done") : "bus error";
      this.#add(`vCPU ${vcpu}`, `${formatStep(step.step)} ${result}`);
    },
  };

  event(event: VmEvent): void {
    if (event.kind === "finding") this.#add(this.#column, mark(event.finding.rule));
    else if (event.kind === "control" && event.control === "terminate") this.#add("main", "VDEV_CTRL_TERMINATE");
  }

  #turn(actor: Actor, thread: Thread | undefined): void {
    this.#calls = 0;
    const kind = kindOf(actor);
    if (thread !== undefined) {
      this.#column = nameOf(thread);
      if (thread.state === "new" && thread.kind !== THREAD.vcpu) this.#add(this.#column, "begins");
      return;
    }
    if (kind === ACTOR.vcpu) {
      this.#column = `vCPU ${whichOf(actor)}`;
      const step = this.#runner.nextStep(whichOf(actor));
      if (step !== undefined) this.#add(this.#column, formatStep(step.step));
      return;
    }
    this.#column = kind === ACTOR.outside ? "outside" : kind === ACTOR.end ? "main" : TIME;
    if (kind === ACTOR.wake) {
      const woken = this.#runner.vm.threads!.find(whichOf(actor));
      this.#add(woken === undefined ? TIME : nameOf(woken), "woken without a signal");
    } else if (kind === ACTOR.end) this.#add("main", "the guest ends");
    else this.#add(this.#column, kind === ACTOR.late ? "goes on, late" : kind === ACTOR.time ? "goes on" : "input");
  }

  #call(thread: Thread, call: string): void {
    this.#calls++;
    if (this.#calls > CALLS_MAX) return;
    const place = this.#runner.placeOf(thread);
    const where = this.#calls === CALLS_MAX ? " …" : place === undefined ? "" : ` ${formatPlace(place)}`;
    this.#add(nameOf(thread), `  ${call.startsWith("(") ? call : `${call}()`}${where}`);
  }

  #turned(thread: Thread): void {
    const { state, wait, kind } = thread;
    if (state === "waiting") this.#add(nameOf(thread), `  … waits for ${nameOfWait({ wait })}`);
    else if (state === "ended" && kind !== THREAD.vcpu) this.#add(nameOf(thread), "ends");
  }

  #add(column: string, text: string): void {
    this.#rows.push({ column, text });
  }

  /** Up to the first finding of that rule, if there is one; what comes after explains nothing. */
  text(rule: string | undefined): string {
    const found = this.#rows.findIndex(({ text }) => text === mark(rule));
    const all = folded(found < 0 ? this.#rows : this.#rows.slice(0, found + 1));
    // The end shows what is wrong, the beginning how it came to that.
    const rows = all.length <= ROWS_MAX ? all : [...all.slice(0, ROWS_MAX / 2), CUT, ...all.slice(-ROWS_MAX / 2)];
    const columns = [...new Set(rows.map(({ column }) => column))].toSorted((a, b) => rank(a) - rank(b));
    const widths = columns.map((column) =>
      Math.min(
        WIDTH_MAX,
        Math.max(column.length, ...rows.filter((row) => row.column === column).map(({ text }) => text.length)),
      ),
    );
    const line = (cells: readonly string[]) =>
      cells
        .map((cell, i) => cell.slice(0, WIDTH_MAX).padEnd(widths[i]!))
        .join(" | ")
        .trimEnd();
    const lines = [line(columns), widths.map((width) => "-".repeat(width)).join("-+-")];
    for (const row of rows) lines.push(line(columns.map((column) => (column === row.column ? row.text : ""))));
    return lines.join("\n");
  }
}

function mark(rule: string | undefined): string {
  return `*** ${rule} ***`;
}

/** Main thread, vCPUs, threads in the order they come, what no thread does. */
function rank(column: string): number {
  if (column === "main") return -1000;
  const vcpu = /^vCPU (\d+)$/.exec(column)?.[1];
  if (vcpu !== undefined) return Number(vcpu) - 999;
  return column === TIME ? 2 : column === "outside" ? 1 : 0;
}

function nameOf(thread: Thread): string {
  return thread.name.replace(/^the /, "").replace(/ thread$/, "");
}

function formatPlace({ file, line }: StackFrame): string {
  return file === undefined ? "" : `${basename(file)}:${line}`;
}
