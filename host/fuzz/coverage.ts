import type { ModuleInstance } from "../sandbox/instance.ts";
import type { LoadedModule } from "../sandbox/load.ts";
import type { TakenEdges } from "./lcov.ts";

/** What an execution did that none before did. */
export const NOVEL = { nothing: 0, count: 1, edge: 2 } as const;

/** The edges of one module instance, which it counts itself. */
interface CountedInstance {
  readonly instance: ModuleInstance;
  readonly counters: Counters;
  /** Slots of instances before it. */
  readonly first: number;
}

interface Counters {
  readonly address: number;
  readonly length: number;
  readonly virgin: number;
}

/** How many edges there are, and how many any execution has taken. */
export interface EdgeCount {
  readonly taken: number;
  readonly all: number;
}

/**
 * Which edges of the modules' control flow executions take, and roughly how often. A *slot* is an edge of an instance; a
 * count is kept as one of eight classes (1, 2, 3, 4-7, 8-15, 16-31, 32-127, 128 and more), as fuzzers have them since AFL.
 */
export class Coverage {
  readonly #instances: readonly CountedInstance[];

  /** What instances have done up to now counts as known. */
  constructor(instances: readonly ModuleInstance[]) {
    const counted: CountedInstance[] = [];
    let first = 0;
    for (const instance of instances) {
      const { fuzz } = instance.module;
      if (fuzz === undefined) continue;
      const counters = {
        address: fuzz.counters.address,
        length: fuzz.edges.length,
        virgin: fuzz.virgin.address,
      };
      counted.push({ instance, counters, first });
      first += counters.length;
    }
    this.#instances = counted;
    this.novelty(true);
  }

  /** Which edges any execution took, module by module; instances of one module count together. */
  takenEdges(): TakenEdges[] {
    const modules = new Map<LoadedModule, boolean[]>();
    for (const { instance, counters } of this.#instances) {
      const taken = modules.get(instance.module) ?? Array(counters.length).fill(false);
      const known = knownOf({ instance, counters });
      for (let i = 0; i < counters.length; i++) taken[i] ||= known[i] !== 0;
      modules.set(instance.module, taken);
    }
    return [...modules].map(([module, taken]) => ({ module, taken }));
  }

  /** What executions in another VM of the same modules did is known here too. */
  learn(from: Coverage): void {
    for (const [known, told] of this.#besides(from)) {
      for (let edge = 0; edge < known.length; edge++) known[edge]! |= told[edge]!;
    }
  }

  /** Edges that are known here and not in another VM of the same modules. */
  beyond(other: Coverage): number {
    let beyond = 0;
    for (const [known, theirs] of this.#besides(other)) {
      for (let edge = 0; edge < known.length; edge++) if (known[edge] !== 0 && theirs[edge] === 0) beyond++;
    }
    return beyond;
  }

  /** What is known of each instance's edges, here and there. */
  #besides(other: Coverage): (readonly [here: Uint8Array, there: Uint8Array])[] {
    return this.#instances.map((own, i) => [knownOf(own), knownOf(other.#instances[i]!)]);
  }

  /** To be called before each execution. */
  clear(): void {
    for (const { instance } of this.#instances) instance.exports.__vdevbox_clear_edges!();
  }

  /** What is new about the last execution, a value of NOVEL. @param keep remembers what it did as known */
  novelty(keep: boolean): number {
    let novel: number = NOVEL.nothing;
    for (const { instance } of this.#instances) novel |= instance.exports.__vdevbox_novel!(keep ? 1 : 0);
    return novel;
  }

  /** Slots the last execution took, each with the class of its count in the low byte. */
  taken(): number[] {
    const slots: number[] = [];
    this.#each((slot, count) => {
      if (count !== 0) slots.push((slot << 8) | classOf(count));
    });
    return slots;
  }

  /** Edges of the last execution that none before took. */
  freshEdges(): number[] {
    const slots: number[] = [];
    this.#each((slot, count, known) => {
      if (count !== 0 && known === 0) slots.push(slot);
    });
    return slots;
  }

  /** Whether the last execution took each of these edges. */
  tookAll(edges: readonly number[]): boolean {
    const wanted = new Set(edges);
    this.#each((slot, count) => {
      if (count !== 0) wanted.delete(slot);
    });
    return wanted.size === 0;
  }

  get edges(): EdgeCount {
    let taken = 0;
    let all = 0;
    this.#each((_slot, _count, known) => {
      all++;
      if (known !== 0) taken++;
    });
    return { taken, all };
  }

  #each(visit: (slot: number, count: number, known: number) => void): void {
    for (const { instance, counters, first } of this.#instances) {
      const { buffer } = instance.exports.memory;
      const counts = new Uint8Array(buffer, counters.address, counters.length);
      const known = new Uint8Array(buffer, counters.virgin, counters.length);
      for (let i = 0; i < counters.length; i++) visit(first + i, counts[i]!, known[i]!);
    }
  }
}

/** The classes of counts that were seen, of each edge. */
function knownOf({ instance, counters }: Pick<CountedInstance, "instance" | "counters">): Uint8Array {
  return new Uint8Array(instance.exports.memory.buffer, counters.virgin, counters.length);
}

/** The class of a count, one bit; the bits of all classes seen make up what is known of an edge. */
export function classOf(count: number): number {
  if (count <= 3) return count === 3 ? 4 : count;
  if (count < 8) return 8;
  if (count < 16) return 16;
  if (count < 32) return 32;
  return count < 128 ? 64 : 128;
}

/** Which edges were taken in any of several VMs, by module. */
export function mergedEdges(all: Iterable<TakenEdges>): TakenEdges[] {
  const modules = new Map<string, TakenEdges>();
  for (const { module, taken } of all) {
    const known = modules.get(module.file);
    modules.set(module.file, { module, taken: known ? known.taken.map((one, i) => one || taken[i]!) : taken });
  }
  return [...modules.values()];
}
