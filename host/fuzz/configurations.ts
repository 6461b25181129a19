import { dirname } from "node:path";
import { QVM_OPTION_NO_ARG_PREFIX } from "../../abi/generated/constants.ts";
import { VDEV_WORDS } from "../config/grammar.ts";
import { parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { Random } from "../explore/chooser.ts";
import type { Finding } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { VmEvent } from "../vm/events.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { Vm } from "../vm/vm.ts";
import { Comparer } from "./comparer.ts";
import type { PlannedVm } from "./confirm.ts";
import { Coverage } from "./coverage.ts";
import { causeOf, counts } from "./found.ts";
import { fuzzVm } from "./fuzz-vm.ts";
import { type GivenOption, withOptions } from "./option-pieces.ts";
import { argumentValues, PROBES } from "./option-values.ts";

/** VMs that are made to see what options do. */
const TRIALS_MAX = 72;
/** Of them those with more than one option. */
const COMBINATIONS = 8;

/** What a vdev did wrong when it was configured. */
export interface StartFinding {
  readonly planned: PlannedVm;
  readonly finding: Finding;
}

/** Configurations that differ in the vdevs' own options. */
export interface Configurations {
  /** The given one first. */
  readonly all: readonly PlannedVm[];
  readonly findings: readonly StartFinding[];
  /** VMs that were made. */
  readonly trials: number;
}

interface Trial {
  readonly options: readonly GivenOption[];
  readonly planned: PlannedVm;
  readonly slots: readonly number[];
}

/**
 * Tries values of those options of the vdevs that a configuration does not give, and chooses configurations in which their
 * code does at the start what it does in no other; then arbitrary ones. A vdev that refuses a value is right to do so.
 * @param most configurations, the given one included
 * @throws UserError when the VM cannot be made as it is configured
 */
export function configurations(planned: PlannedVm, seed: number, most: number): Configurations {
  if (most < 2) return { all: [planned], findings: [], trials: 0 };
  const vm = fuzzVm(planned.plan, "edges");
  const options = freeOptions(vm);
  if (options.length === 0) return { all: [planned], findings: [], trials: 0 };
  return new Search(planned, vm, new Random(seed)).run(options, most);
}

/** An option that the configuration does not give. */
interface FreeOption extends Omit<GivenOption, "argument"> {
  readonly takesNone: boolean;
  readonly instance: ModuleInstance;
}

function freeOptions(vm: Vm): FreeOption[] {
  return vm.vdevs.flatMap(({ plan: vdev, factory, instance }) => {
    const { place } = vdev;
    if (place === undefined) return [];
    const given = new Set<string>([...VDEV_WORDS, ...vdev.options(factory.optionList).map(({ name }) => name)]);
    const all = factory.optionList.map((entry) => {
      const takesNone = entry.startsWith(QVM_OPTION_NO_ARG_PREFIX);
      return { vdev: place, name: takesNone ? entry.slice(1) : entry, takesNone, instance };
    });
    return all.filter(({ name }) => !given.has(name));
  });
}

class Search {
  readonly #given: PlannedVm;
  readonly #random: Random;
  /** Edges that were taken. */
  readonly #known = new Set<number>();
  /** Causes in the given configuration, which are nothing that an option does. */
  readonly #causes: Set<string>;
  readonly #findings: StartFinding[] = [];
  /** Trials in which code took edges that it took in none before, and others. */
  readonly #chosen: Trial[] = [];
  readonly #others: Trial[] = [];
  #trials = 0;

  constructor(given: PlannedVm, vm: Vm, random: Random) {
    this.#given = given;
    this.#random = random;
    this.#causes = new Set(vm.findings.all.map(causeOf));
    for (const slot of new Coverage(vm.instances).taken()) this.#known.add(slot >> 8);
  }

  run(options: readonly FreeOption[], most: number): Configurations {
    const { constants } = new Comparer(this.#given.plan);
    const each = Math.max(2, Math.floor((TRIALS_MAX - COMBINATIONS) / options.length));
    for (const option of options) this.#tryValues(option, constants, each);
    const accepted = [...this.#chosen, ...this.#others].flatMap((trial) => trial.options);
    for (let i = 0; i < COMBINATIONS && accepted.length > 0; i++) {
      const two = [this.#random.pick(accepted), this.#random.pick(accepted)] as const;
      if (two[0].name !== two[1].name || two[0].vdev !== two[1].vdev) this.#see(two);
    }
    const trials = [...this.#some(this.#chosen, most - 1)];
    trials.push(...this.#some(this.#others, most - 1 - trials.length));
    const all = [this.#given, ...trials.map(({ planned }) => planned)];
    return { all, findings: this.#findings, trials: this.#trials };
  }

  #tryValues({ vdev, name, takesNone, instance }: FreeOption, constants: readonly bigint[], each: number): void {
    const takes = (argument: string | undefined) => this.#see([{ vdev, name, argument }]);
    if (takesNone) {
      takes(undefined);
      return;
    }
    const kinds = { number: takes(PROBES.number), word: takes(PROBES.word) };
    const values = argumentValues(instance, constants, kinds);
    const first = Math.floor(((each - 2) * 3) / 4); // words, and the numbers that break most
    for (const argument of values.slice(0, first)) takes(argument);
    for (const argument of this.#some(values.slice(first), each - 2 - first)) takes(argument);
  }

  /** @returns whether the vdevs take these options */
  #see(options: readonly GivenOption[]): boolean {
    const trial = this.#try(options);
    if (trial === undefined) return false;
    const isNew = trial.slots.some((slot) => !this.#known.has(slot >> 8));
    for (const slot of trial.slots) this.#known.add(slot >> 8);
    (isNew ? this.#chosen : this.#others).push(trial);
    return true;
  }

  /** Some of a list, in its order. */
  #some<T>(list: readonly T[], count: number): T[] {
    const left = [...list.keys()];
    while (left.length > count) left.splice(this.#random.below(left.length), 1);
    return left.map((i) => list[i]!);
  }

  /** @returns undefined when the configuration is refused, or something goes wrong in it */
  #try(options: readonly GivenOption[]): Trial | undefined {
    this.#trials++;
    const heard: Finding[] = [];
    let planned: PlannedVm | undefined;
    let vm: Vm | undefined;
    try {
      planned = variant(this.#given, options);
      const listener = (event: VmEvent) => event.kind === "finding" && heard.push(event.finding);
      vm = fuzzVm(planned.plan, "edges", false, listener);
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
    }
    if (planned === undefined || this.#tell(planned, heard) || vm === undefined || vm.ended !== undefined) {
      return undefined;
    }
    return { options, planned, slots: new Coverage(vm.instances).taken() };
  }

  /** @returns whether something went wrong */
  #tell(planned: PlannedVm, heard: readonly Finding[]): boolean {
    let isWrong = false;
    for (const finding of heard) {
      const cause = causeOf(finding);
      if (!counts(finding)) continue;
      isWrong ||= finding.severity === "fault";
      if (this.#causes.has(cause)) continue;
      this.#causes.add(cause);
      this.#findings.push({ planned, finding });
    }
    return isWrong;
  }
}

/** The same VM with further options. @throws UserError when they do not make a configuration */
function variant({ plan, pieces }: PlannedVm, options: readonly GivenOption[]): PlannedVm {
  const made = withOptions(pieces, options);
  const modulePath = [...new Set(plan.vdevs.map(({ file }) => dirname(file)))];
  const { vdevs } = planFromConfig(parseConfigPieces(made), { modulePath, guest: "fuzz" });
  return { plan: { ...plan, vdevs }, pieces: made };
}
