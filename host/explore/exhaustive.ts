import { type Actor, isFault } from "./actor.ts";
import { type Chooser, plainChoice } from "./chooser.ts";
import { conflicts, type Step, type StepWatcher } from "./step.ts";

/** One decision on the way to the schedule that is run now. */
interface Node {
  readonly enabled: readonly Actor[];
  chosen: Actor;
  /** Who need not go on here: what they would do has been tried, and nothing since makes a difference to it. */
  readonly asleep: Map<Actor, Step>;
}

/**
 * Tries every order of the steps of a workload, without faults, but only one of those that differ in steps to which their order makes no
 * difference (sleep sets: Godefroid, "Partial-Order Methods for the Verification of Concurrent Systems", 1996). Depth
 * first; a schedule is run from the beginning each time.
 */
export class ExhaustiveChooser implements Chooser {
  readonly guestOnly = true;
  readonly #steps: Pick<StepWatcher, "take">;
  readonly #path: Node[] = [];
  /** What the step chosen at a decision came to. */
  readonly #did = new Map<Node, Step>();
  #depth = 0;
  #repeats = false;

  constructor(steps: Pick<StepWatcher, "take">) {
    this.#steps = steps;
  }

  begin(): void {
    this.#depth = 0;
    this.#repeats = false;
    this.#steps.take();
  }

  /** Where there is no choice there is a step all the same. */
  only(actor: Actor): void {
    this.choose(actor, [actor]);
  }

  choose(current: Actor, all: readonly Actor[]): Actor {
    const step = this.#steps.take();
    const depth = this.#depth++;
    const enabled = all.filter((actor) => !isFault(actor));
    if (this.#repeats || enabled.length === 0) return plainChoice(current, all);
    const known = this.#path[depth];
    if (known !== undefined) {
      if (!enabled.includes(known.chosen)) throw new Error("a schedule does not go the same way twice");
      return known.chosen;
    }
    const before = this.#path[depth - 1];
    const asleep = new Map<Actor, Step>();
    for (const [actor, would] of before?.asleep ?? []) {
      if (actor !== before!.chosen && enabled.includes(actor) && !conflicts(would, step)) asleep.set(actor, would);
    }
    if (before !== undefined) this.#did.set(before, step);
    const awake = enabled.filter((actor) => !asleep.has(actor));
    if (awake.length === 0) {
      this.#repeats = true; // whatever follows has been seen
      return plainChoice(current, enabled);
    }
    const chosen = awake.includes(current) ? current : awake[0]!;
    this.#path.push({ enabled, chosen, asleep });
    return chosen;
  }

  /** Whether what the schedule came to had been seen before, from some decision on. */
  get repeated(): boolean {
    return this.#repeats;
  }

  /** The schedule has been run. @returns whether there is another one */
  advance(): boolean {
    const last = this.#path.at(-1);
    if (last !== undefined && !this.#did.has(last)) this.#did.set(last, this.#steps.take());
    for (;;) {
      const node = this.#path.at(-1);
      if (node === undefined) return false;
      node.asleep.set(node.chosen, this.#did.get(node)!);
      const next = node.enabled.find((actor) => !node.asleep.has(actor));
      this.#did.delete(node);
      if (next !== undefined) {
        node.chosen = next;
        return true;
      }
      this.#path.pop();
    }
  }
}
