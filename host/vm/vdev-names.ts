import { basename } from "node:path";
import { formatPlace, UserError } from "../errors.ts";
import type { VdevPlan } from "./plan.ts";

/** The names of a VM's vdevs while they are made: no two are alike. */
export class VdevNames {
  readonly #plans = new Map<string, VdevPlan>();
  /** By type: the number the next vdev without a name tries first. */
  readonly #next = new Map<string, number>();

  /**
   * The name of one more vdev: the user's, else its type, with a number when an earlier vdev has that name.
   * @throws UserError when the user's name is taken
   */
  take(plan: VdevPlan): string {
    const name = plan.name ?? this.#unused(basename(plan.type, ".wasm"));
    const twin = this.#plans.get(name);
    if (twin !== undefined) {
      const where = twin.place === undefined ? "" : ` (the other one at ${formatPlace(twin.place)})`;
      throw new UserError(`two vdevs are named ${name}${where}; give one another name`, plan.place);
    }
    this.#plans.set(name, plan);
    return name;
  }

  #unused(base: string): string {
    let n = this.#next.get(base) ?? 0;
    const name = () => (n === 0 ? base : `${base}-${n}`);
    while (this.#plans.has(name())) n++;
    this.#next.set(base, n + 1);
    return name();
  }
}
