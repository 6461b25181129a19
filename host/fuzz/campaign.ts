import { Random } from "../explore/chooser.ts";
import type { Finding } from "../gate/finding.ts";
import type { GuestBytes } from "../memory/undecided-memory.ts";
import { hasInvariants } from "../vm/invariants.ts";
import type { Vm } from "../vm/vm.ts";
import type { Asked } from "./confirm.ts";
import { Corpus, type Entry } from "./corpus.ts";
import { Coverage, type EdgeCount, NOVEL } from "./coverage.ts";
import { causeOf, counts } from "./found.ts";
import { type SourceCoverage, sourceCoverage, type TakenEdges } from "./lcov.ts";
import { growthLook, type Look } from "./look.ts";
import { Mutator, type Parents } from "./mutate.ts";
import { beginningOf, lengthOf, type Program, ProgramBuffer } from "./program.ts";
import type { Reference } from "./reference/reference.ts";
import { referenceLook } from "./reference/reference-look.ts";
import { shorten, trim } from "./shorten.ts";
import { substitute } from "./steer.ts";
import { FuzzTarget } from "./target.ts";
import { twiceLook } from "./twice-look.ts";
import { type ComparedPair, Values } from "./values.ts";

/** Programs in which one value is what a comparison wanted, of each entry. */
const SUBSTITUTIONS = 512;
/** Programs made from nothing, before any is changed. */
const FRESH = 256;
/** One program in so many is made from nothing later on. */
const FRESH_EVERY = 64;

/** One program in so many is looked at in the ways that are for arbitrary ones. */
const LOOK_EVERY = 128;

/** How often a cause is looked at again that a VM without a fuzzer did not come to. */
const DOUBTS = 8;

/** What a campaign found: what a vdev did wrong, and the shortest program that makes it. */
export interface CampaignFinding {
  readonly cause: string;
  readonly finding: Finding;
  readonly program: Program;
  /** What vdevs found in guest memory nobody had written. */
  readonly answered: readonly GuestBytes[];
  /** Executions when it was found. */
  readonly executions: number;
  /** What a run must be asked for to see it. */
  readonly asked: Asked;
  /** How often the program has to be carried out. */
  readonly repeats: number;
  /** Lines of a script behind the program, with an expectation that does not hold: for what no run tells. */
  readonly shown?: readonly string[];
}

export interface CampaignOptions {
  /** A VM of modules that count their edges, whose guest is about to start. */
  readonly vm: Vm;
  readonly seed: number;
  /** What modules compare with. */
  readonly constants?: readonly bigint[];
  /** Gives the comparisons that a program's execution fails. */
  readonly compare?: (program: Program) => readonly ComparedPair[];
  /** Other ways to look at programs that do something new. */
  readonly looks?: readonly Look[];
  /** The same, in the VM itself. */
  readonly ownLooks?: (target: FuzzTarget) => readonly Look[];
  /** What says how the vdevs must answer. */
  readonly reference?: Reference | undefined;
  readonly onEntry?: (entry: Entry) => void;
  readonly onFound: (found: CampaignFinding) => void;
}

/**
 * A search for what vdevs do wrong, guided by the edges of their code that programs take. It has no clock of its own: one
 * seed, and what `add` is given in the same order, make the same campaign.
 */
export class Campaign {
  readonly target: FuzzTarget;
  readonly corpus: Corpus;
  readonly #coverage: Coverage;
  readonly #mutator: Mutator;
  readonly #random: Random;
  readonly #buffer = new ProgramBuffer();
  readonly #scratch = new ProgramBuffer();
  readonly #options: CampaignOptions;
  readonly #causes = new Set<string>();
  readonly #doubts = new Map<string, number>();
  readonly #look: Look;
  readonly #looks: readonly Look[];
  readonly #often: readonly Look[];
  /** Compares the vdevs with their reference. */
  readonly #compared: Look | undefined;
  #fresh = 0;

  constructor(options: CampaignOptions) {
    const { vm, seed, constants = [], reference } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.target = new FuzzTarget(vm);
    this.corpus = new Corpus(this.#random);
    this.#coverage = new Coverage(vm.instances);
    const { surface, memory } = this.target;
    const execute = (program: ProgramBuffer) => this.target.execute(program);
    this.#look = {
      vm,
      memory,
      findings: () => vm.findings.all,
      asked: { invariants: hasInvariants(vm) },
      tells: () => true,
      of: (program) => program,
      repeats: 1,
      execute,
    };
    this.#compared = reference === undefined ? undefined : referenceLook(this.target, reference);
    const canGrow = vm.instances.some(({ module }) => module.fuzz?.growsMemory);
    this.#looks = [
      ...(canGrow ? [growthLook(this.target)] : []),
      twiceLook(this.target),
      ...(options.ownLooks?.(this.target) ?? []),
      ...(options.looks ?? []),
    ];
    this.#often = this.#looks.filter(({ often }) => often);
    this.#mutator = new Mutator(vm, surface, new Values(surface, constants, this.#random), this.#random);
  }

  /** A program made of one of the corpus, for whoever carries it out in another way. */
  changed({ program, pairs, isHungry, reads }: Omit<Parents, "other"> & { readonly program: Program }): Program {
    this.#scratch.load(program);
    this.#mutator.mutate(this.#scratch, { other: () => this.corpus.any().program, pairs, isHungry, reads });
    return this.#scratch.snapshot();
  }

  /** Which edges were taken; see Coverage. */
  get coverage(): Coverage {
    return this.#coverage;
  }

  get executions(): number {
    return this.target.executions;
  }

  get edges(): EdgeCount {
    return this.#coverage.edges;
  }

  /** What of the authors' sources was reached. */
  get sources(): SourceCoverage {
    return sourceCoverage(this.takenEdges);
  }

  get takenEdges(): TakenEdges[] {
    return this.#coverage.takenEdges();
  }

  /** Causes found so far. */
  get causes(): number {
    return this.#causes.size;
  }

  /** A VM without a fuzzer did not come to this: another program may lead it there. @returns whether one is looked for */
  doubt(cause: string): boolean {
    const doubts = (this.#doubts.get(cause) ?? 0) + 1;
    this.#doubts.set(cause, doubts);
    if (doubts >= DOUBTS) return false;
    this.#causes.delete(cause);
    return true;
  }

  /** Whether findings with this cause are told no more. */
  knows(cause: string): boolean {
    return this.#causes.has(cause);
  }

  /** Findings with this cause are known and told no more. */
  know(cause: string): void {
    this.#causes.add(cause);
  }

  /** Executes a program from outside, and keeps it when it does something new. @returns whether vdevs did nothing wrong */
  add(program: Program): boolean {
    this.#buffer.load(program);
    return this.#execute(false);
  }

  /** Some thousand executions at most. */
  step(): void {
    if (this.#fresh < FRESH || this.corpus.size === 0) {
      this.#fresh += 32;
      for (let i = 0; i < 32; i++) this.#executeFresh();
      return;
    }
    const entry = this.corpus.choose();
    const { pairs, isHungry, reads } = entry;
    const parents = { other: () => this.corpus.any().program, pairs, isHungry, reads };
    if (entry.picks === 1) {
      substitute(entry.program, entry.pairs, this.#buffer, SUBSTITUTIONS, () => this.#execute(true));
    }
    const energy = this.corpus.energyOf(entry);
    for (let i = 0; i < energy; i++) {
      this.#buffer.load(entry.program);
      this.#mutator.mutate(this.#buffer, parents);
      this.#execute(true);
    }
    if (this.#random.below(FRESH_EVERY) === 0) this.#executeFresh();
  }

  #executeFresh(): void {
    this.#mutator.fresh(this.#buffer);
    this.#execute(true);
  }

  /** Executes the buffer, and looks at what came of it. @returns whether vdevs did nothing wrong */
  #execute(trims: boolean): boolean {
    const { target } = this;
    this.#coverage.clear();
    target.execute(this.#buffer);
    const tell = this.#differing();
    const looked =
      this.executions % LOOK_EVERY === 0 ? this.#often.map((look) => [look, this.#buffer.snapshot()] as const) : [];
    const isRight = target.vm.findings.total === 0 || !this.#lookAtFindings();
    if (isRight) {
      const novelty = this.#coverage.novelty(false);
      // What only does something more often is short enough, or soon has a shorter one beside it.
      if (novelty !== NOVEL.nothing) this.#keep(trims && (novelty & NOVEL.edge) !== 0);
    }
    tell?.();
    for (const [look, program] of looked) this.#lookWith(look, program);
    return isRight;
  }

  /** @returns what tells the first new difference from the reference, which leads to others behind it; executes programs */
  #differing(): (() => void) | undefined {
    const look = this.#compared;
    const finding = look?.findings().find((one) => !this.#causes.has(causeOf(one)));
    if (look === undefined || finding === undefined) return undefined;
    const program = this.#buffer.snapshot();
    return () => this.#report(finding, program, look);
  }

  /** @returns whether the last program did something wrong: what it does from there on is not worth keeping */
  #lookAtFindings(): boolean {
    const found = this.target.vm.findings.all.filter(counts);
    if (found.length === 0) return false;
    const fresh = found.filter((finding) => !this.#causes.has(causeOf(finding)));
    if (fresh.length > 0) {
      this.#buffer.count = this.target.done;
      const program = this.#buffer.snapshot();
      for (const finding of fresh) this.#report(finding, program, this.#look);
    }
    return true;
  }

  #lookWith(look: Look, kept: Program): void {
    const program = look.of(kept);
    this.#scratch.load(program);
    look.execute(this.#scratch);
    for (const finding of [...look.findings()]) {
      if (counts(finding) && look.tells(finding.rule)) this.#report(finding, program, look);
    }
  }

  #report(found: Finding, program: Program, look: Look): void {
    const cause = causeOf(found);
    if (this.#causes.has(cause)) return;
    const { executions } = this;
    const { memory, asked, repeats } = look;
    const again = (): Finding | undefined => {
      look.execute(this.#scratch);
      return look.findings().find((finding) => causeOf(finding) === cause);
    };
    this.#scratch.load(program);
    if (again() === undefined) return;
    const holds = () => again() !== undefined;
    // Smaller values would stay just above the fuzzer's limits, which are far below those of a run.
    const short = found.rule === "limit" ? trim(program, this.#scratch, holds) : shorten(program, this.#scratch, holds);
    this.#scratch.load(short);
    memory.heard = [];
    const finding = again();
    const answered = memory.heard;
    memory.heard = undefined;
    if (finding === undefined) return;
    this.#causes.add(cause);
    const shown = look.shows?.(finding);
    const base = { cause, finding, answered, executions, asked, repeats };
    if (shown === undefined) this.#options.onFound({ ...base, program: short });
    else this.#options.onFound({ ...base, program: beginningOf(short, shown.length), shown: shown.lines });
  }

  /** The last program did something new: it is made shorter and goes into the corpus. */
  #keep(trims: boolean): void {
    const fresh = trims ? this.#coverage.freshEdges() : [];
    const program = this.#buffer.snapshot();
    const holds = (): boolean => {
      this.#coverage.clear();
      this.target.execute(this.#scratch);
      return !this.target.vm.findings.all.some(counts) && this.#coverage.tookAll(fresh);
    };
    const kept = trims && lengthOf(program) > 1 ? trim(program, this.#scratch, holds) : program;
    this.#scratch.load(kept);
    this.#coverage.clear();
    this.target.execute(this.#scratch);
    const novelty = this.#coverage.novelty(true);
    const entry: Entry = {
      program: kept,
      slots: this.#coverage.taken(),
      isEdge: (novelty & NOVEL.edge) !== 0,
      isHungry: this.target.memory.wanted > 0,
      reads: [...this.target.memory.reads],
      pairs: this.#options.compare?.(kept) ?? [],
      picks: 0,
    };
    this.corpus.add(entry);
    this.#options.onEntry?.(entry);
    for (const look of entry.isEdge ? this.#looks : this.#often) this.#lookWith(look, kept);
  }
}
