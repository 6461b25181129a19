import { type ComparisonInstrumentation, ComparisonPass } from "./comparisons.ts";
import { type DirtyInstrumentation, DirtyPass } from "./dirty.ts";
import { type EdgeInstrumentation, EdgePass } from "./edges.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import type { Pass } from "./pass.ts";

/** What a build for fuzzing has: counted edges; and a log of comparisons, which makes it slower. */
export type FuzzBuild = "edges" | "comparisons";

export interface FuzzInstrumentation extends EdgeInstrumentation {
  readonly build: FuzzBuild;
  /** How memory is put back. */
  readonly dirty: DirtyInstrumentation;
  /** In the build `comparisons`. */
  readonly comparisons: ComparisonInstrumentation | undefined;
}

/** The passes of one build for fuzzing, in their order. For one module only: they remember what they found. */
export class FuzzPasses {
  readonly passes: readonly Pass[];
  readonly #build: FuzzBuild;
  readonly #edges = new EdgePass();
  readonly #dirty = new DirtyPass();
  readonly #comparisons: ComparisonPass | undefined;

  constructor(build: FuzzBuild) {
    this.#build = build;
    this.#comparisons = build === "comparisons" ? new ComparisonPass() : undefined;
    const logging = this.#comparisons === undefined ? [] : [this.#comparisons];
    this.passes = [memoryGuardPass(), this.#dirty, this.#edges, ...logging];
  }

  /** What they found, once they have been applied. */
  get result(): FuzzInstrumentation {
    const comparisons = this.#comparisons?.result;
    return { ...this.#edges.result, build: this.#build, dirty: this.#dirty.result, comparisons };
  }
}
