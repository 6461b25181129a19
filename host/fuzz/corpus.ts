import type { Random } from "../explore/chooser.ts";
import { lengthOf, type Program } from "./program.ts";
import type { ComparedPair } from "./values.ts";

/** A program that did something no program before it did. */
export interface Entry {
  readonly program: Program;
  /** Slots it takes, with the class of each count; see Coverage. */
  readonly slots: readonly number[];
  /** Whether it takes an edge that none before it took. */
  readonly isEdge: boolean;
  /** Whether vdevs read guest memory it had no answer for. */
  readonly isHungry: boolean;
  /** Addresses of guest memory that vdevs read in it. */
  readonly reads: readonly bigint[];
  /** Comparisons its execution failed. */
  pairs: readonly ComparedPair[];
  /** How often it was chosen. */
  picks: number;
}

/** Entries of which the best is chosen, when one is to be changed. */
const CANDIDATES = 4;
/** Executions for an entry that is chosen for the first time, and for one chosen often. */
const ENERGY_FIRST = 1024;
const ENERGY_LEAST = 64;

/** Programs worth changing further. */
export class Corpus {
  readonly #entries: Entry[] = [];
  readonly #edgeEntries: Entry[] = [];
  /** The shortest entry of each slot and class. */
  readonly #shortest = new Map<number, Entry>();
  readonly #random: Random;

  constructor(random: Random) {
    this.#random = random;
  }

  get size(): number {
    return this.#entries.length;
  }

  get entries(): readonly Entry[] {
    return this.#entries;
  }

  /** Those that took an edge which none before them took. */
  get edgeEntries(): readonly Entry[] {
    return this.#edgeEntries;
  }

  add(entry: Entry): void {
    this.#entries.push(entry);
    if (entry.isEdge) this.#edgeEntries.push(entry);
    for (const slot of entry.slots) {
      const known = this.#shortest.get(slot);
      if (known === undefined || lengthOf(entry.program) < lengthOf(known.program)) this.#shortest.set(slot, entry);
    }
  }

  /** An entry to change next: of a few at random the one that was chosen least, is short and alone in what it does. */
  choose(): Entry {
    let best = this.any();
    let least = this.#cost(best);
    for (let i = 1; i < CANDIDATES; i++) {
      const entry = this.any();
      const cost = this.#cost(entry);
      if (cost < least) [best, least] = [entry, cost];
    }
    best.picks++;
    return best;
  }

  any(): Entry {
    return this.#random.pick(this.#entries);
  }

  #cost({ picks, program, isEdge, slots }: Entry): number {
    let alone = 0;
    for (const slot of slots) if (this.#shortest.get(slot)?.program === program) alone++;
    const weight = (isEdge ? 4 : 1) * (1 + Math.min(alone, 8));
    return ((1 + picks) * (8 + lengthOf(program))) / weight;
  }

  /** Executions to spend on an entry that was just chosen. */
  energyOf({ picks, isEdge }: Entry): number {
    const energy = ENERGY_FIRST >> Math.min(4, picks - 1);
    return Math.max(ENERGY_LEAST, isEdge ? energy : energy >> 1);
  }

  /** The fewest entries that together do all that the corpus does, roughly: for each slot the shortest. */
  minimal(): readonly Entry[] {
    const covered = new Set<number>();
    const kept: Entry[] = [];
    const slots = [...this.#shortest.keys()].sort((a, b) => a - b);
    for (const slot of slots) {
      if (covered.has(slot)) continue;
      const entry = this.#shortest.get(slot)!;
      kept.push(entry);
      for (const one of entry.slots) covered.add(one);
    }
    return kept;
  }
}
