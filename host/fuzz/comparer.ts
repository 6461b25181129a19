import type { ModuleInstance } from "../sandbox/instance.ts";
import { RECORD } from "../sandbox/passes/comparison-log.ts";
import type { VmPlan } from "../vm/plan.ts";
import { fuzzVm } from "./fuzz-vm.ts";
import { type Program, ProgramBuffer } from "./program.ts";
import { FuzzTarget } from "./target.ts";
import type { ComparedPair } from "./values.ts";

/** Comparisons of one program that are kept, and of one place in the code. */
const PAIRS_MAX = 96;
const EACH_MAX = 4;
/** Labels of a `switch` that are tried from one index. */
const LABELS = 8;

/** Executes programs in modules that keep what they compare: what a value would have to be for another way to be taken. */
export class Comparer {
  readonly #target: FuzzTarget;
  readonly #buffer = new ProgramBuffer();

  /** @throws UserError when the VM cannot be made */
  constructor(plan: VmPlan) {
    this.#target = new FuzzTarget(fuzzVm(plan, "comparisons"));
  }

  /** Every number that the modules compare with. */
  get constants(): readonly bigint[] {
    const all = this.#target.vm.instances.flatMap(({ module }) => module.fuzz!.comparisons!.constants);
    return [...new Set(all.map(({ value }) => value))];
  }

  /** Operands that were not equal, both ways round. */
  compare(program: Program): readonly ComparedPair[] {
    const { instances } = this.#target.vm;
    for (const { exports } of instances) exports.__vdevbox_clear_comparisons!();
    this.#buffer.load(program);
    this.#target.execute(this.#buffer);
    return instances.flatMap(pairsOf).slice(0, PAIRS_MAX);
  }
}

function pairsOf(instance: ModuleInstance): ComparedPair[] {
  const { log, sites } = instance.module.fuzz!.comparisons!;
  const view = new DataView(instance.exports.memory.buffer);
  const count = Math.min(view.getUint32(log.count, true), log.capacity);
  const seen = new Set<string>();
  const each = new Map<number, number>();
  const pairs: ComparedPair[] = [];
  for (let i = 0; i < count; i++) {
    const at = log.records + i * RECORD.bytes;
    const site = view.getUint32(at + RECORD.site, true);
    const first = view.getBigUint64(at + RECORD.first, true);
    const second = view.getBigUint64(at + RECORD.second, true);
    const key = `${site} ${first} ${second}`;
    const times = each.get(site) ?? 0;
    if (first === second || times >= EACH_MAX || seen.has(key)) continue;
    seen.add(key);
    each.set(site, times + 1);
    const { kind, constant } = sites[site]!;
    if (kind === "switch") {
      for (let label = 0n; label < second && label < LABELS; label++) pairs.push({ got: first, wanted: label });
    } else {
      pairs.push({ got: first, wanted: second });
      if (constant === undefined) pairs.push({ got: second, wanted: first });
    }
  }
  return pairs;
}
