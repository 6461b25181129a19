import type { ConfigPiece } from "../config/parse-config.ts";
import { Random } from "../explore/chooser.ts";
import { type Drawn, type Made, Search, type SearchFinding } from "../explore/search.ts";
import { formatWorkload } from "../explore/workload.ts";
import type { VmPlan } from "../vm/plan.ts";
import type { Vm } from "../vm/vm.ts";
import type { Campaign } from "./campaign.ts";
import { Corpus } from "./corpus.ts";
import { Coverage, NOVEL } from "./coverage.ts";
import type { TakenEdges } from "./lcov.ts";
import { lengthOf, type Program, withoutOperation } from "./program.ts";
import { parseProgram } from "./program-text.ts";
import { drawnOf, meeting } from "./scheduled-program.ts";

/** Executions of programs for each schedule, which takes so much longer than one: where vdevs have threads both wait. */
const EXECUTIONS_EACH = { withThreads: 50, plain: 100 };
/** Executions before the first: by then there are programs worth it. */
const FIRST = 2000;
/** One workload in so many is drawn from nothing. */
const FRESH_EVERY = 4;
/** Of programs of the corpus one in so many is changed before. */
const CHANGED_EVERY = 3;
/** Attempts to make a program shorter that is kept for its schedule. */
const TRIM_ATTEMPTS = 24;

export interface SchedulesOptions {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
  readonly seed: number;
  readonly campaign: Campaign;
  /** A program takes edges in its schedule that none took before. */
  readonly onEntry: (program: Program) => void;
  readonly onFound: (found: SearchFinding) => void;
}

/**
 * The part of a campaign in which vCPUs, timers and threads really meet: programs with a schedule. Programs of the
 * campaign's corpus are taken to where they come to, in their order, and their last accesses are made by several vCPUs at
 * once. What takes an edge so that no program took, in order or not, is kept with its schedule and changed further: its
 * operations, and from some decision on its schedule. It takes about a tenth of the time, and depends on the executions before
 * it only.
 */
export class Schedules {
  readonly #options: SchedulesOptions;
  readonly #random: Random;
  readonly #corpus: Corpus;
  readonly #waiting: { readonly program: Program; readonly onRight: () => void }[] = [];
  #searched: { readonly search: Search; readonly coverage: Coverage } | undefined;
  /** What the last schedule was drawn from; undefined when the search drew it from nothing. */
  #drawn: Program | undefined;
  #next = FIRST;

  constructor(options: SchedulesOptions) {
    this.#options = options;
    this.#random = new Random(options.seed ^ 0x5c4ed);
    this.#corpus = new Corpus(this.#random);
  }

  /** Programs kept for their schedule. */
  get corpus(): Corpus {
    return this.#corpus;
  }

  /** Which edges programs took in their schedules, and any that the campaign took before the last of them. */
  get takenEdges(): TakenEdges[] {
    return this.#searched?.coverage.takenEdges() ?? [];
  }

  /** Edges that were taken in schedules only. */
  get edgesBeyond(): number {
    return this.#searched?.coverage.beyond(this.#options.campaign.coverage) ?? 0;
  }

  /**
   * A program from outside, with its schedule: it is carried out soon, and kept when it does something new.
   * @param onRight told when vdevs do nothing wrong in it
   */
  add(program: Program, onRight: () => void): void {
    this.#waiting.push({ program, onRight });
  }

  /** Carries out programs from outside. */
  takeWaiting(): void {
    for (const { program, onRight } of this.#waiting.splice(0)) {
      const made = this.#again(program);
      if (!made.told) onRight();
      this.#look(made, program, false);
    }
  }

  /** Makes the schedules that are due after so many executions. */
  upTo(executions: number): void {
    this.takeWaiting();
    const each = this.#vm.threads === undefined ? EXECUTIONS_EACH.plain : EXECUTIONS_EACH.withThreads;
    for (; this.#next <= executions; this.#next += each) this.#one();
  }

  #one(): void {
    const { search, coverage } = this.#search();
    coverage.clear();
    const made = search.one();
    const program = this.#drawn ?? parseProgram(this.#vm, formatWorkload(made.drawn.workload), "<drawn>");
    this.#look(made, { ...program, schedule: made.decisions }, true);
  }

  #again(program: Program): Made {
    const { search, coverage } = this.#search();
    coverage.clear();
    return search.again(drawnOf(this.#vm, program));
  }

  get #vm(): Vm {
    return this.#options.campaign.target.vm;
  }

  /** Modules are built once more for it, so that they can be left in the middle of a callback. */
  #search(): { readonly search: Search; readonly coverage: Coverage } {
    if (this.#searched !== undefined) return this.#searched;
    const { plan, pieces, seed, onFound } = this.#options;
    const draw = (random: Random) => this.#draw(random);
    const search = new Search({ plan, pieces, create: { fuzz: "edges" }, seed, now: () => 0, draw, onFound });
    this.#searched = { search, coverage: new Coverage(search.vm.instances) };
    return this.#searched;
  }

  // ------------------------------------------------------------------------------------------------ what is drawn

  #draw(random: Random): Drawn | undefined {
    this.#drawn = undefined;
    if (random.below(FRESH_EVERY) === 0) return undefined;
    return this.#corpus.size > 0 && random.below(2) === 0 ? this.#changed(random) : this.#meeting(random);
  }

  /** A program of the campaign's corpus whose end several vCPUs come to. */
  #meeting(random: Random): Drawn | undefined {
    const { campaign, plan } = this.#options;
    const { corpus } = campaign;
    if (corpus.edgeEntries.length === 0) return undefined;
    const entry = random.below(2) === 0 ? random.pick(corpus.edgeEntries) : corpus.any();
    const given = random.below(CHANGED_EVERY) === 0 ? campaign.changed(entry) : entry.program;
    const way = drawnOf(this.#vm, given).workload.vcpus.flat();
    const behind = formatWorkload(this.#search().search.drawBehind(way, random));
    const { program, before } = meeting(given, parseProgram(this.#vm, behind, "<drawn>"), plan.cpus, random);
    this.#drawn = program;
    return drawnOf(this.#vm, program, before);
  }

  /** A program that is kept for its schedule, with other operations or another end of its schedule. */
  #changed(random: Random): Drawn {
    const { program, isHungry, reads } = this.#corpus.choose();
    const { schedule = [] } = program;
    const changes = random.below(2) === 0;
    const from = changes && random.below(2) === 0 ? schedule.length : random.below(schedule.length + 1);
    const changed = changes ? this.#options.campaign.changed({ program, pairs: [], isHungry, reads }) : program;
    this.#drawn = changed;
    return drawnOf(this.#vm, { ...changed, schedule: schedule.slice(0, from) });
  }

  // ------------------------------------------------------------------------------------------------- what is kept

  /** Keeps a program that took edges in its schedule that none took before. */
  #look(made: Made, program: Program, trims: boolean): void {
    const { coverage } = this.#search();
    coverage.learn(this.#options.campaign.coverage);
    if (made.told || (coverage.novelty(false) & NOVEL.edge) === 0) return;
    const fresh = coverage.freshEdges();
    const kept = trims ? this.#shortest(program, fresh) : program;
    const last = this.#again(kept);
    if (last.told || !coverage.tookAll(fresh)) return; // its decisions alone do not lead there
    coverage.novelty(true);
    const isHungry = last.wanted > 0;
    this.#corpus.add({
      program: kept,
      slots: coverage.taken(),
      isEdge: true,
      isHungry,
      reads: [],
      pairs: [],
      picks: 0,
    });
    this.#options.onEntry(kept);
  }

  /** With operations left out, from the last, as long as it takes these edges still. */
  #shortest(program: Program, edges: readonly number[]): Program {
    const { coverage } = this.#search();
    let shortest = program;
    const least = Math.max(0, lengthOf(program) - TRIM_ATTEMPTS);
    for (let at = lengthOf(program) - 1; at >= least && lengthOf(shortest) > 1; at--) {
      const shorter = withoutOperation(shortest, at);
      const { told, decisions } = this.#again(shorter);
      if (!told && coverage.tookAll(edges)) shortest = { ...shorter, schedule: decisions };
    }
    return shortest;
  }
}

/** Whether two callbacks of a VM's vdevs can be in progress at the same time. */
export function hasSchedules(vm: Vm): boolean {
  return vm.plan.cpus > 1 || vm.threads !== undefined;
}
