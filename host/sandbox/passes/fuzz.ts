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
}

/** The passes of one build for fuzzing, in their order. For one module only: they remember what they found. */
export class FuzzPasses {
  readonly passes: readonly Pass[];
  readonly #build: FuzzBuild;
  readonly #edges = new EdgePass();
  readonly #dirty = new DirtyPass();

  constructor(build: FuzzBuild) {
    this.#build = build;
    this.passes = [memoryGuardPass(), this.#dirty, this.#edges];
  }

  /** What they found, once they have been applied. */
  get result(): FuzzInstrumentation {
    return { ...this.#edges.result, build: this.#build, dirty: this.#dirty.result };
  }
}
