import { Random } from "../explore/chooser.ts";
import { Coverage } from "../fuzz/coverage.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { Mutator } from "../fuzz/mutate.ts";
import { type Program, ProgramBuffer } from "../fuzz/program.ts";
import { FuzzTarget } from "../fuzz/target.ts";
import { Values } from "../fuzz/values.ts";
import { builtFile } from "../paths.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import type { VdevPlan } from "../vm/plan.ts";
import { type Figure, figure, significant } from "./figure.ts";
import { counterPlan } from "./plans.ts";
import { alternate, medianOfPasses, timeUs } from "./rounds.ts";

const BASE = 0x10000000n;
const ACCESSES = 16;
const PROGRAMS = 256;
/** How often a pass executes them all: a campaign makes millions of executions, and code nobody has compiled yet is slower. */
const REPEATS = 40;
const CALLS = 1_000_000;
const PASSES = 4;

/**
 * Executions a second of programs of 16 accesses each, as a campaign makes them: drawn accesses of all registers of
 * `pl011`, with its locks; edge coverage, the search for what is new, and reset on. Beside it stands a plain call of WebAssembly
 * from JavaScript: the target is for machines where that takes 2.5 to 3 ns, so an execution may take as long as 333 to 400.
 */
export async function exec(rounds: number): Promise<Figure> {
  const pl011 = new Executions(pl011Plan(), BASE);
  const counter = new Executions(counterPlan(builtFile("bench/counter.wasm"), "counter", BASE), BASE);
  const times = await alternate(rounds, {
    pl011: () => medianOfPasses(PASSES, () => pl011.us()),
    counter: () => medianOfPasses(PASSES, () => counter.us()),
    call: () => medianOfPasses(PASSES, () => pl011.callUs()),
  });
  const rate = 1e6 / times.median("pl011");
  const plain = 1e6 / times.median("counter");
  return figure(
    {
      value: rate,
      unit: "executions/s",
      rounds,
      note: `of a device that calls nobody ${significant(plain)}; a plain call ${significant(times.median("call") * 1000)} ns, and an execution as long as ${significant(times.ratio("pl011", "call"))} of them`,
    },
    { of: "value", least: 1_000_000 },
  );
}

function pl011Plan(): VdevPlan {
  const loc = { space: "memory", address: BASE } as const;
  const file = builtFile("vdevs/pl011.wasm");
  return { type: "pl011", file, name: "pl011", loc, intr: undefined, policy: undefined, options: () => [] };
}

/** Programs, and a VM to execute them in. */
class Executions {
  readonly #target: FuzzTarget;
  readonly #coverage: Coverage;
  readonly #programs: readonly Program[];
  readonly #buffer = new ProgramBuffer();

  constructor(plan: VdevPlan, base: bigint) {
    const vm = fuzzVm(plainPlan([plan]), "edges");
    this.#target = new FuzzTarget(vm);
    this.#coverage = new Coverage(vm.instances);
    const { surface } = this.#target;
    if (surface.regions[0]?.start !== base) throw new Error("the benchmark's device is not where it should be");
    const random = new Random(1);
    const mutator = new Mutator(vm, surface, new Values(surface, [], random), random);
    this.#programs = Array.from({ length: PROGRAMS }, () => {
      do mutator.fresh(this.#buffer);
      while (this.#buffer.count !== ACCESSES);
      return this.#buffer.snapshot();
    });
  }

  /** Microseconds of an execution. */
  us(): number {
    const all = timeUs(() => {
      for (let i = 0; i < REPEATS; i++) this.#executeAll();
    });
    if (this.#target.vm.findings.total > 0) throw new Error("the benchmark's device did something wrong");
    return all / (REPEATS * PROGRAMS);
  }

  #executeAll(): void {
    for (const program of this.#programs) {
      this.#buffer.load(program);
      this.#coverage.clear();
      this.#target.execute(this.#buffer);
      this.#coverage.novelty(true);
    }
  }

  /** Microseconds of a call that does next to nothing. */
  callUs(): number {
    const { exports } = this.#target.vm.dispatcher;
    const all = timeUs(() => {
      for (let i = 0; i < CALLS; i++) exports.select(0, 0);
    });
    return all / CALLS;
  }
}
