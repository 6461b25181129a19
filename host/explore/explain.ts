import type { ConfigPiece } from "../config/parse-config.ts";
import type { Finding } from "../gate/finding.ts";
import { Recorder } from "../recording/recorder.ts";
import { EXIT } from "../vm/vm.ts";
import type { Actor } from "./actor.ts";
import { type Chooser, FollowingChooser } from "./chooser.ts";
import { Columns } from "./columns.ts";
import type { ExploredVm } from "./explored-vm.ts";
import { type FoundSchedule, type FoundWhat, identityOf } from "./found.ts";
import { shorten } from "./shorten.ts";
import { formatSpec } from "./spec.ts";
import type { Workload } from "./workload.ts";

/** Turns in which a finding is made shorter: schedules that starve a thread are long. */
const TURNS = 60_000;

/** A finding as a search reports it. */
export interface Explained {
  /** With the places of all who are in it. */
  readonly what: FoundWhat;
  /** The shortest that was found. */
  readonly schedule: FoundSchedule;
  /** The schedule as text, a column for each thread. */
  readonly text: string;
  /** What `vdevbox replay` runs. */
  readonly recording: string;
}

/** Runs schedules that led to a finding again: to make them shorter, and to say what happens in them. */
export class Explainer {
  readonly #explored: ExploredVm;
  readonly #guest: string;
  readonly #keepsValues: boolean;
  readonly #pieces: readonly ConfigPiece[];
  /** Answers of the accesses made one at a time, while answers are what is explained. */
  #serial: ReadonlySet<string> | undefined;

  /**
   * @param explored told of accesses, and no other search's
   * @param guest how recordings name what drove the VM
   * @param keepsValues whether the guest writes what a user's script says
   */
  constructor(explored: ExploredVm, guest: string, pieces: readonly ConfigPiece[], keepsValues: boolean) {
    this.#keepsValues = keepsValues;
    this.#explored = explored;
    this.#guest = guest;
    this.#pieces = pieces;
  }

  /**
   * @param isOver whether there is no time left: then the schedule stays as long as it is
   * @param serial answers that are right, of accesses made one at a time
   * @returns undefined when the schedule does not lead to the finding in a VM of its own
   */
  explain(
    what: FoundWhat,
    found: FoundSchedule,
    isOver: () => boolean,
    serial?: ReadonlySet<string>,
  ): Explained | undefined {
    const identity = identityOf(what);
    this.#serial = what.kind === "order" ? serial : undefined;
    const { runner } = this.#explored;
    const most = runner.switches + TURNS;
    const isDone = () => runner.switches > most || isOver();
    const attempt = (workload: Workload, chooser: Chooser): readonly Actor[] | undefined => {
      if (isDone()) return undefined;
      // With fewer accesses other answers are right.
      if (this.#serial !== undefined && workload !== found.workload) return undefined;
      const { whats, decisions } = this.#run(workload, chooser);
      return whats.some((one) => identityOf(one) === identity) ? decisions : undefined;
    };
    const { races } = this.#explored.vm;
    if (races !== undefined) races.sharedWords = found.shared;
    if (isDone()) return this.#describe(found, identity);
    const first = attempt(found.workload, new FollowingChooser(found.decisions));
    if (first === undefined) return undefined;
    const schedule = shorten({ ...found, decisions: first }, attempt, () => runner.began, this.#keepsValues);
    return this.#describe(schedule, identity);
  }

  #run(workload: Workload, chooser: Chooser, explains = false): { whats: FoundWhat[]; decisions: readonly Actor[] } {
    const { vm, runner } = this.#explored;
    vm.findings.clear();
    runner.run(workload, chooser, explains);
    const whats: FoundWhat[] = vm.findings.all.map((finding: Finding) => ({ kind: "finding", finding }));
    for (const failed of runner.failed) whats.push({ kind: "expectation", failed });
    const { answers } = runner;
    if (this.#serial?.has(answers.join("\n")) === false) whats.push({ kind: "order", answers });
    return { whats, decisions: [...runner.interleaving.decisions] };
  }

  /** The last run: with places, columns and a recording. */
  #describe(schedule: FoundSchedule, identity: string): Explained | undefined {
    const { vm, runner } = this.#explored;
    const parts: string[] = [];
    const source = { guest: this.#guest, spec: formatSpec(schedule), pieces: this.#pieces };
    const recorder = new Recorder(vm, source, (text) => parts.push(text));
    const columns = new Columns(runner);
    this.#explored.listener = (event) => {
      recorder.event(event);
      columns.event(event);
    };
    Object.assign(runner.listener, columns.listener);
    const { whats } = this.#run(schedule.workload, new FollowingChooser(schedule.decisions), true);
    this.#explored.listener = undefined;
    for (const name of Object.keys(columns.listener)) Reflect.deleteProperty(runner.listener, name);
    recorder.end(vm.ended ?? { exitCode: EXIT.normal, reason: "" });
    const what = whats.find((one) => identityOf(one) === identity || isSame(one, identity));
    if (what === undefined) return undefined;
    return {
      what,
      schedule,
      text: columns.text(what.kind === "finding" ? what.finding.rule : undefined),
      recording: parts.join(""),
    };
  }
}

/** With places a finding that has no call is the same still. */
function isSame(what: FoundWhat, identity: string): boolean {
  return (
    what.kind === "finding" && identityOf({ kind: "finding", finding: { ...what.finding, stack: [] } }) === identity
  );
}
