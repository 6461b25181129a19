import type { QuickCallsPlace } from "../quick-calls.ts";
import { type ComparisonInstrumentation, ComparisonPass } from "./comparisons.ts";
import { type DirtyInstrumentation, DirtyPass } from "./dirty.ts";
import { type EdgeInstrumentation, EdgePass } from "./edges.ts";
import { memoryGuardPass } from "./memory-guard.ts";
import type { Pass } from "./pass.ts";
import { QuickCallsPass } from "./quick-calls.ts";

/** What a build for fuzzing has: counted edges; and a log of comparisons, which makes it slower. */
export type FuzzBuild = "edges" | "comparisons";

export interface FuzzInstrumentation extends EdgeInstrumentation {
  readonly build: FuzzBuild;
  /** How memory is put back. */
  readonly dirty: DirtyInstrumentation;
  /** In the build `comparisons`. */
  readonly comparisons: ComparisonInstrumentation | undefined;
  /** Where calls that are answered inside the module have their words; undefined where none are. */
  readonly quickCalls: QuickCallsPlace | undefined;
}

/** The passes of one build for fuzzing, in their order. For one module only: they remember what they found. */
export class FuzzPasses {
  readonly passes: readonly Pass[];
  readonly #build: FuzzBuild;
  readonly #edges = new EdgePass();
  readonly #dirty = new DirtyPass();
  readonly #comparisons: ComparisonPass | undefined;
  readonly #quick: QuickCallsPass | undefined;

  /** @param interrupted whether other threads may come in between, or somebody watches: then every call is the host's */
  constructor(build: FuzzBuild, interrupted: boolean) {
    this.#build = build;
    this.#comparisons = build === "comparisons" ? new ComparisonPass() : undefined;
    const logging = this.#comparisons === undefined ? [] : [this.#comparisons];
    this.#quick = interrupted ? undefined : new QuickCallsPass(() => this.#dirty.result.marks.address);
    const quick = this.#quick === undefined ? [] : [this.#quick];
    this.passes = [memoryGuardPass(), this.#dirty, this.#edges, ...logging, ...quick];
  }

  /** What they found, once they have been applied. */
  get result(): FuzzInstrumentation {
    const comparisons = this.#comparisons?.result;
    const quickCalls = this.#quick?.result;
    return { ...this.#edges.result, build: this.#build, dirty: this.#dirty.result, comparisons, quickCalls };
  }
}
