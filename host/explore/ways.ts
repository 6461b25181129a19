import type { Random } from "./chooser.ts";
import type { VcpuStep } from "./workload.ts";

/** Accesses of a way that is kept. */
const LONGEST = 32;
/** Kinds of states that a way is known to. */
const MOST = 4096;

/** The shortest ways known to each kind of state: accesses in the order in which they were made. */
export class Ways {
  readonly #ways = new Map<number, readonly VcpuStep[]>();
  readonly #kinds: number[] = [];

  /** These accesses led there. */
  add(kinds: readonly number[], way: readonly VcpuStep[]): void {
    if (way.length === 0 || way.length > LONGEST) return;
    for (const kind of kinds) {
      const known = this.#ways.get(kind);
      if (known !== undefined && known.length <= way.length) continue;
      if (known === undefined) {
        if (this.#kinds.length === MOST) continue;
        this.#kinds.push(kind);
      }
      this.#ways.set(kind, way);
    }
  }

  /** The way to one of the kinds, or undefined as long as none is known. */
  pick(random: Random): readonly VcpuStep[] | undefined {
    return this.#kinds.length === 0 ? undefined : this.#ways.get(random.pick(this.#kinds));
  }
}
