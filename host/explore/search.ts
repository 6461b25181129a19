import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import type { Finding } from "../gate/finding.ts";
import { AccessStatus } from "../guests/bus.ts";
import { type Answers, NO_ANSWERS } from "../memory/undecided-memory.ts";
import type { VmPlan } from "../vm/plan.ts";
import type { CreateOptions } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { ACTOR, type Actor, actorOf } from "./actor.ts";
import {
  type Chooser,
  FollowingChooser,
  InOrderFirst,
  PctChooser,
  PLAIN,
  QuietlyFirst,
  Random,
  RandomChooser,
} from "./chooser.ts";
import { type WayOn, WorkloadDrawer } from "./draw.ts";
import { ExhaustiveChooser } from "./exhaustive.ts";
import { type Explained, Explainer } from "./explain.ts";
import { EXPLORED_GUEST, type ExploredVm, exploredVm } from "./explored-vm.ts";
import { type FoundSchedule, type FoundWhat, identityOf, linesOf } from "./found.ts";
import { type GuardedBytes, guardedBytes } from "./guarded.ts";
import { checkReset, maybeReset, type Reset } from "./resets.ts";
import { StateKinds } from "./state-kinds.ts";
import { Ways } from "./ways.ts";
import type { VcpuStep, Workload } from "./workload.ts";

export interface SearchOptions {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
  readonly create: CreateOptions;
  /** What the guest does; drawn for each schedule unless given. */
  readonly workload?: Workload;
  /** Draws what a schedule is, or leaves that to the search. */
  readonly draw?: (random: Random) => Drawn | undefined;
  readonly seed: number;
  /** What resets a device; the guest does it at any point of some schedules. */
  readonly reset?: Reset;
  /** Whether what the guest gets must be what it could get with its accesses made one at a time. */
  readonly linearize?: boolean;
  /** Ends the search after so many schedules. */
  readonly schedules?: number;
  /** Ends it after so much time. */
  readonly milliseconds?: number;
  /** Milliseconds of a clock that only goes on. */
  readonly now: () => number;
  readonly onFound?: (found: SearchFinding) => void;
  /** Looked at between schedules: whether somebody ended the search. */
  readonly stopped?: () => boolean;
}

/** What a schedule is made of: its end is up to chance. */
export interface Drawn {
  readonly workload: Workload;
  /** What guest memory turns out to hold; zeros unless given. */
  readonly undecided?: Answers;
  /** Who does the next thing of the workload's, at first. */
  readonly order?: readonly Actor[];
  /** Decisions at first. */
  readonly decisions?: readonly Actor[];
}

/** A schedule that was run. */
export interface Made {
  readonly drawn: Drawn;
  /** Who went on whenever there was a choice. */
  readonly decisions: readonly Actor[];
  /** Bytes of guest memory that were asked for when there were none left to say. */
  readonly wanted: number;
  /** Whether something went wrong. */
  readonly told: boolean;
}

/** A finding, and when it was made. */
export interface SearchFinding extends Explained {
  /** Number of the schedule, from 1. */
  readonly schedules: number;
  readonly milliseconds: number;
}

export interface SearchResult {
  readonly found: readonly SearchFinding[];
  readonly schedules: number;
  /** Turns given in them. */
  readonly switches: number;
  readonly milliseconds: number;
  /** Small workloads, how many of them in every order, and the schedules that took. */
  readonly small: {
    readonly workloads: number;
    readonly exhausted: number;
    readonly schedules: number;
    /** With `linearize`: those whose right answers are known. */
    readonly judged: number;
  };
  /** Findings whose schedule did not lead to them again: a mistake of the search's own. */
  readonly unexplained: number;
}

/** Decisions of a schedule, before one has been run. */
const FIRST_LENGTH = 40;

/** Of a search, for trying small workloads in every order. */
const SMALL_SHARE = 0.25;
/** Milliseconds of that share before the first random schedule: faults, time and long workloads come in those only. */
const SMALL_FIRST_MS = 2500;
/** Orders of one small workload. */
const ORDERS = 1000;
/** Small workloads; more say little that is new. */
const SMALL_WORKLOADS = 40;

/** One drawn workload in so many begins with a way to a state that is known. */
const WAYS_EVERY = 2;

/** What cutting down what was found in the last moments may take beyond the time of a search, of that time. */
const CUT_SHARE = 0.1;

/** How long schedules go on before other work of the process has its turn. */
const BREATH_MS = 50;

/** Runs schedules of one VM until it has run enough of them, and explains what goes wrong in them. */
export class Search {
  readonly #options: SearchOptions;
  readonly #explored: ExploredVm;
  readonly #drawer: WorkloadDrawer;
  #explainer: Explainer | undefined;
  readonly #kinds: StateKinds;
  readonly #ways = new Ways();
  readonly #known = new Set<string>();
  readonly #lines = new Set<string>();
  readonly #found: SearchFinding[] = [];
  #fresh: Finding[] = [];
  readonly #small = { workloads: 0, exhausted: 0, schedules: 0, judged: 0 };
  #schedules = 0;
  #unexplained = 0;
  /** Decisions of a schedule, of late. */
  #length = FIRST_LENGTH;
  #began = 0;

  /** @throws UserError when a vdev refuses to start, or the workload fills what is no guest memory */
  constructor(options: SearchOptions) {
    this.#options = options;
    this.#explored = exploredVm(options.plan, options.create, false);
    for (const { address, bytes } of options.workload?.memory ?? []) {
      if (this.#explored.vm.ram.holds(address, bytes.length)) continue;
      throw new UserError(`explore fills guest memory only, and the guest has none at 0x${address.toString(16)}`);
    }
    this.#drawer = new WorkloadDrawer(this.#explored.vm, options.plan.cpus);
    this.#kinds = new StateKinds(this.#explored.vm, this.#drawer.constants);
    const { runner } = this.#explored;
    runner.listener.access = (step, outcome) => {
      if (outcome !== AccessStatus.busError) return;
      // A module that has stopped refuses all: that says nothing about the register.
      if (this.#explored.vm.instances.every(({ stopped }) => stopped === undefined)) this.#drawer.refused(step.access);
    };
    runner.listener.rests = () => {
      const { workload, draw } = options; // who draws for the search has ways of its own
      if (workload === undefined && draw === undefined && !runner.steps.isOn)
        this.#ways.add(this.#kinds.now(), runner.made);
    };
    this.#explored.listener = (event) => {
      if (event.kind === "finding") this.#fresh.push(event.finding);
    };
  }

  /** Which lock seems to guard which bytes, in all schedules so far. */
  get locks(): readonly GuardedBytes[] {
    return guardedBytes(this.#explored.vm);
  }

  /** Whether no vdev has a region: then the guest of a drawn workload does nothing. */
  get isWithoutRegions(): boolean {
    return this.#drawer.isEmpty;
  }

  /** @throws UserError when the reset goes where no vdev is */
  checkReset(): void {
    checkReset(this.#options.reset ?? [], this.#explored.vm);
  }

  /** Signals of the process are heard between schedules. */
  async run(): Promise<SearchResult> {
    const { schedules = Number.POSITIVE_INFINITY, milliseconds = Number.POSITIVE_INFINITY, now } = this.#options;
    this.#began = now();
    const [few, short] = [schedules * SMALL_SHARE, milliseconds * SMALL_SHARE];
    const first = Math.min(short, Number.isFinite(short) ? SMALL_FIRST_MS : short);
    const later = Number.isFinite(short) ? short - first : 0;
    let breath = this.#began;
    const goesOn = async (most: number, longest: number): Promise<boolean> => {
      if (this.#schedules >= most || now() - this.#began >= longest) return false;
      if (now() - breath < BREATH_MS) return true;
      await new Promise((resolve) => setImmediate(resolve));
      breath = now();
      return this.#options.stopped?.() !== true;
    };
    let more = true;
    const small = async (most: number, longest: number): Promise<void> => {
      while (more && (await goesOn(most, longest))) more = await this.#exhaust(() => goesOn(most, longest));
    };
    await small(few, first);
    while (await goesOn(schedules, milliseconds - later)) this.one();
    if (later > 0) await small(schedules, milliseconds);
    while (await goesOn(schedules, milliseconds)) this.one();
    return {
      found: this.#found,
      schedules: this.#schedules,
      small: { ...this.#small },
      unexplained: this.#unexplained,
      switches: this.#explored.runner.switches,
      milliseconds: now() - this.#began,
    };
  }

  /**
   * One workload in every order: the script's, or one access of each vCPU.
   * @returns whether there is another one to try
   */
  async #exhaust(goesOn: () => Promise<boolean>): Promise<boolean> {
    const { runner, vm } = this.#explored;
    const random = this.#random(this.#small.workloads);
    const { reset = [] } = this.#options;
    const workload = this.#options.workload ?? maybeReset(this.#drawer.drawSmall(random), reset, random);
    this.#small.workloads++;
    runner.steps.isOn = true;
    vm.races!.freezeSharedWords(true);
    const serial = this.#options.linearize === true ? this.#serialAnswers(workload) : undefined;
    const chooser = new ExhaustiveChooser(runner.steps);
    let orders = 0;
    do {
      this.#schedules++;
      this.#small.schedules++;
      runner.run(workload, chooser);
      this.#look(workload, serial);
      if (!chooser.advance()) {
        this.#small.exhausted++;
        break;
      }
    } while (++orders < ORDERS && (await goesOn()));
    vm.races!.freezeSharedWords(false);
    runner.steps.isOn = false;
    return this.#options.workload === undefined && this.#small.workloads < SMALL_WORKLOADS;
  }

  /** What the guest can get when no access begins within another; undefined when there are too many orders to say. */
  #serialAnswers(workload: Workload): ReadonlySet<string> | undefined {
    const { runner } = this.#explored;
    const { interleaving } = runner;
    const answers = new Set<string>();
    const chooser = new ExhaustiveChooser(runner.steps);
    interleaving.serial = true;
    for (let orders = 0; orders < ORDERS; orders++) {
      runner.run(workload, chooser);
      this.#look(workload);
      answers.add(runner.answers.join("\n"));
      if (!chooser.advance()) break;
      if (orders === ORDERS - 1) answers.clear();
    }
    interleaving.serial = false;
    if (answers.size > 0) this.#small.judged++;
    return answers.size > 0 ? answers : undefined;
  }

  /** What is drawn depends on the seed and the number only. */
  #random(number: number): Random {
    return new Random((this.#options.seed + Math.imul(number + 1, 0x9e3779b1)) >>> 0);
  }

  /** A few accesses of each vCPU, for where these accesses have come to. */
  drawBehind(way: readonly VcpuStep[], random: Random): Workload {
    return this.#drawer.behind(way, random);
  }

  /** The VM that is searched, to be looked at between schedules. */
  get vm(): Vm {
    return this.#explored.vm;
  }

  /** One schedule, of a workload that is drawn unless it was given. @returns what was drawn, by the options or here, and who went on */
  one(): Made {
    const { runner } = this.#explored;
    const number = this.#schedules++;
    const random = this.#random(number);
    const { reset = [], draw, workload: given } = this.#options;
    const drawn = given === undefined ? draw?.(random) : { workload: given };
    const way = given === undefined && draw === undefined ? this.#wayOn(random) : undefined;
    const workload = way?.workload ?? maybeReset(drawn?.workload ?? this.#drawer.draw(random), reset, random);
    const chooser = number % 3 === 0 ? new RandomChooser(random) : new PctChooser(random, this.#length);
    const disturbing = way === undefined ? chooser : this.#behind(way, chooser, random);
    const made = this.#run({ ...drawn, workload }, disturbing, random);
    this.#length = Math.round((3 * this.#length + runner.interleaving.decisions.length) / 4) + 1;
    return made;
  }

  /** One schedule of which all is known: nobody disturbs behind its decisions. */
  again(drawn: Drawn): Made {
    this.#schedules++;
    return this.#run(drawn, PLAIN, this.#random(this.#schedules));
  }

  #run(drawn: Drawn, then: Chooser, random: Random): Made {
    const { runner } = this.#explored;
    const { workload, undecided = NO_ANSWERS, order, decisions } = drawn;
    const ordered = order === undefined ? then : new InOrderFirst(order, then, random);
    runner.undecided = undecided;
    if (undecided.answersLength > 0) runner.memory.heard ??= [];
    runner.run(workload, decisions === undefined ? ordered : new FollowingChooser(decisions, ordered));
    const { heard = [] } = runner.memory;
    const told = this.#look(
      heard.length === 0 ? workload : { ...workload, memory: [...(workload.memory ?? []), ...heard] },
    );
    return { drawn, decisions: [...runner.interleaving.decisions], wanted: runner.memory.wanted, told };
  }

  /** A workload that begins with a way to some state. */
  #wayOn(random: Random): WayOn | undefined {
    if (random.below(WAYS_EVERY) !== 0) return undefined;
    const way = this.#ways.pick(random);
    return way === undefined
      ? undefined
      : this.#drawer.drawBehind(way, random, (behind) => maybeReset(behind, this.#options.reset ?? [], random));
  }

  /** The way is gone undisturbed. */
  #behind({ first, before }: WayOn, then: Chooser, random: Random): Chooser {
    const hasBegun = () => this.#explored.runner.hasMade(first, before);
    return new QuietlyFirst(actorOf(ACTOR.vcpu, first), hasBegun, then, random);
  }

  /** What the schedule that was just run has shown. @returns whether there is anything */
  #look(workload: Workload, serial?: ReadonlySet<string>): boolean {
    const { runner } = this.#explored;
    const makesSense = serial === undefined || serial.has(runner.answers.join("\n"));
    if (this.#fresh.length === 0 && runner.failed.length === 0 && makesSense) return false;
    const shared = runner.vm.races?.sharedWords ?? [];
    const schedule = { workload, decisions: [...runner.interleaving.decisions], shared };
    const whats: FoundWhat[] = this.#fresh.map((finding) => ({ kind: "finding", finding }));
    for (const failed of runner.failed) whats.push({ kind: "expectation", failed });
    if (!makesSense) whats.push({ kind: "order", answers: runner.answers });
    this.#fresh = [];
    for (const what of whats) this.#explain(what, schedule, serial);
    return true;
  }

  /** Whether the time is over in which findings are cut down. */
  #isOver(): boolean {
    const { milliseconds = Number.POSITIVE_INFINITY, now } = this.#options;
    return now() - this.#began > milliseconds * (1 + CUT_SHARE);
  }

  #explain(what: FoundWhat, schedule: FoundSchedule, serial?: ReadonlySet<string>): void {
    const schedules = this.#schedules;
    const identity = identityOf(what);
    if (this.#known.has(identity)) return;
    this.#known.add(identity);
    const { plan, create, pieces, now, onFound, workload: given } = this.#options;
    const guest = EXPLORED_GUEST[create.preemptsAtMemory === true ? "memory" : "calls"];
    const { fuzz, ...plain } = create;
    this.#explainer ??= new Explainer(exploredVm(plan, plain, true), guest, pieces, given !== undefined);
    const milliseconds = now() - this.#began;
    const explained = this.#explainer.explain(what, schedule, () => this.#isOver(), serial);
    if (explained === undefined) {
      // A build for fuzzing takes more steps where threads are: what only its limits tell is nothing.
      if (fuzz === undefined) throw new Error(`schedule ${schedules} does not lead to its finding again: ${identity}`);
      this.#unexplained++;
      return;
    }
    if (explained.what.kind === "finding") {
      const lines = linesOf(explained.what.finding);
      if (this.#lines.has(lines)) return;
      this.#lines.add(lines);
    }
    const found = { ...explained, schedules, milliseconds };
    this.#found.push(found);
    onFound?.(found);
  }
}
