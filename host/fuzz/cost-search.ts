import { Random } from "../explore/chooser.ts";
import type { VmPlan } from "../vm/plan.ts";
import { Comparer } from "./comparer.ts";
import { Corpus } from "./corpus.ts";
import { CostMeter, type SiteCost } from "./cost-meter.ts";
import { Coverage, NOVEL } from "./coverage.ts";
import { Mutator } from "./mutate.ts";
import { type Program, ProgramBuffer } from "./program.ts";
import { scriptOf } from "./program-text.ts";
import { trim } from "./shorten.ts";
import { substitute } from "./steer.ts";
import { FuzzTarget } from "./target.ts";
import { Values } from "./values.ts";

/** Programs made from nothing at first, and those made of one that is chosen. */
const FRESH = 256;
const ENERGY = 64;
/** Programs in which one value is what a comparison wanted, of each entry. */
const SUBSTITUTIONS = 512;

/** The worst that was seen of a site, and what leads to it. */
export interface WorstCost extends SiteCost {
  readonly script: string;
}

/**
 * Looks for programs in which a callback takes as many steps as it can. Programs that are the worst for some register, width and
 * direction, and those that do something new, are changed further. One seed makes the same search.
 */
export class CostSearch {
  readonly plan: VmPlan;
  readonly #meter: CostMeter;
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #corpus: Corpus;
  readonly #mutator: Mutator;
  readonly #random: Random;
  readonly #comparer: Comparer;
  readonly #buffer = new ProgramBuffer();
  readonly #worst = new Map<string, SiteCost & { readonly program: Program }>();
  readonly #keys: string[] = [];

  /** @throws UserError when the VM cannot be made */
  constructor(plan: VmPlan, seed: number) {
    this.plan = plan;
    this.#random = new Random(seed);
    this.#meter = new CostMeter(plan);
    this.#target = new FuzzTarget(this.#meter.vm);
    this.#coverage = new Coverage(this.#meter.vm.instances);
    this.#corpus = new Corpus(this.#random);
    this.#comparer = new Comparer(plan);
    const { surface, vm } = this.#target;
    this.#mutator = new Mutator(vm, surface, new Values(surface, this.#comparer.constants, this.#random), this.#random);
  }

  get executions(): number {
    return this.#target.executions;
  }

  /** Registers, widths and directions that were seen, and other callbacks. */
  get sites(): number {
    return this.#keys.length;
  }

  /** Whether a guest can reach anything. */
  get hasRegions(): boolean {
    return this.#target.surface.regions.length > 0;
  }

  /** Some hundred executions. */
  step(): void {
    if (this.executions < FRESH || this.#corpus.size === 0) {
      for (let i = 0; i < 32; i++) {
        this.#mutator.fresh(this.#buffer);
        this.#execute();
      }
      return;
    }
    const entry = this.#corpus.choose();
    const worst = this.#keys.length > 0 ? this.#worst.get(this.#random.pick(this.#keys)) : undefined;
    // What is over a limit does not become worse.
    const isWorst = worst !== undefined && !worst.isOver && this.#random.below(2) === 0;
    const program = isWorst ? worst.program : entry.program;
    const { pairs, isHungry, reads } = entry;
    const parents = { other: () => this.#corpus.any().program, pairs: isWorst ? [] : pairs, isHungry, reads };
    if (entry.picks === 1) {
      substitute(entry.program, pairs, this.#buffer, SUBSTITUTIONS, () => this.#execute());
    }
    for (let i = 0; i < ENERGY; i++) {
      this.#buffer.load(program);
      this.#mutator.mutate(this.#buffer, parents);
      this.#execute();
    }
  }

  /** The worst of each site, the most expensive first, with the shortest program that was found. */
  results(): WorstCost[] {
    const all = [...this.#worst].map(([key, { program, ...cost }]) => ({
      ...cost,
      script: this.#scriptOf(key, program),
    }));
    return all.sort((a, b) => b.steps - a.steps);
  }

  #run(): void {
    this.#meter.clear();
    this.#target.execute(this.#buffer);
  }

  #execute(): void {
    this.#coverage.clear();
    this.#run();
    let program: Program | undefined;
    for (const [key, cost] of this.#meter.costs) {
      const known = this.#worst.get(key);
      if (known !== undefined && known.steps >= cost.steps) continue;
      program ??= this.#buffer.snapshot();
      if (known === undefined) this.#keys.push(key);
      this.#worst.set(key, { ...cost, program });
    }
    if (this.#target.vm.findings.total > 0) return;
    const novelty = this.#coverage.novelty(true);
    if (novelty === NOVEL.nothing) return;
    program ??= this.#buffer.snapshot();
    this.#corpus.add({
      program,
      slots: this.#coverage.taken(),
      isEdge: (novelty & NOVEL.edge) !== 0,
      isHungry: this.#target.memory.wanted > 0,
      reads: [...this.#target.memory.reads],
      pairs: this.#comparer.compare(program),
      picks: 0,
    });
  }

  #scriptOf(key: string, program: Program): string {
    const { steps } = this.#worst.get(key)!;
    const holds = () => {
      this.#run();
      return (this.#meter.costs.get(key)?.steps ?? -1) >= steps;
    };
    const short = trim(program, this.#buffer, holds);
    this.#buffer.load(short);
    const { memory, vm } = this.#target;
    memory.heard = [];
    this.#run();
    const answered = memory.heard;
    memory.heard = undefined;
    return scriptOf(vm, { program: short, answered, repeats: 1 });
  }
}
