import { dirname } from "node:path";
import { parseConfigPieces } from "../config/parse-config.ts";
import { type SourcePlace, UserError } from "../errors.ts";
import { Random } from "../explore/chooser.ts";
import type { Finding } from "../gate/finding.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { Vm } from "../vm/vm.ts";
import { Comparer } from "./comparer.ts";
import type { PlannedVm } from "./confirm.ts";
import { Coverage, mergedEdges } from "./coverage.ts";
import { causeOf, counts } from "./found.ts";
import { type FreeOption, freeOptions, INTR } from "./free-options.ts";
import { fuzzVm } from "./fuzz-vm.ts";
import type { TakenEdges } from "./lcov.ts";
import { type GivenOption, withOptions } from "./option-pieces.ts";
import { argumentValues, PROBES } from "./option-values.ts";

/** VMs that are made to see what options do. */
const TRIALS_MAX = 128;
/** Of them those with several options, and those with a refused one and another. */
const COMBINATIONS = 8;
const RETRIES = 16;
/** And for each option those with several of its words. */
const LISTS = 4;

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
  /** Edges that were taken at their starts, of those that were refused too. */
  readonly taken: readonly TakenEdges[];
}

/** A VM that started. */
interface Trial {
  readonly options: readonly GivenOption[];
  readonly planned: PlannedVm;
}

/**
 * Tries values of those options of the vdevs that a configuration does not give, and chooses configurations in which their
 * code does at the start what it does in no other; then arbitrary ones. A vdev that refuses a value is right to do so.
 * @param most configurations, the given one included
 * @throws UserError when the VM cannot be made as it is configured
 */
export function configurations(planned: PlannedVm, seed: number, most: number): Configurations {
  const none = { all: [planned], findings: [], trials: 0, taken: [] };
  if (most < 2) return none;
  const vm = fuzzVm(planned.plan, "edges");
  const options = freeOptions(vm);
  if (options.length === 0) return none;
  return new Search(planned, vm, new Random(seed)).run(options, most);
}

class Search {
  readonly #given: PlannedVm;
  readonly #random: Random;
  /** Edges that were taken. */
  readonly #known = new Set<number>();
  /** Causes in the given configuration, which are nothing that an option does. */
  readonly #causes: Set<string>;
  readonly #findings: StartFinding[] = [];
  /** Trials in which code took edges that it took in none before, or one option made another one possible; with several; others. */
  readonly #chosen: Trial[] = [];
  readonly #combined: Trial[] = [];
  readonly #others: Trial[] = [];
  /** Texts of all that were tried. */
  readonly #seen = new Set<string>();
  /** Options that were taken, and the vdev then refused to go on, in a way of its own: they may want another one. */
  readonly #refused: GivenOption[] = [];
  #taken: TakenEdges[] = [];
  #trials = 0;

  constructor(given: PlannedVm, vm: Vm, random: Random) {
    this.#given = given;
    this.#random = random;
    this.#causes = new Set(vm.findings.all.map(causeOf));
    this.#isNew(vm);
  }

  run(options: readonly FreeOption[], most: number): Configurations {
    const { constants } = new Comparer(this.#given.plan);
    const fixed = options.filter(({ takesNone, values }) => takesNone || values !== undefined);
    const rest = TRIALS_MAX - COMBINATIONS - RETRIES - fixed.length;
    const each = Math.max(2, Math.floor(rest / (options.length - fixed.length)));
    for (const option of options) this.#tryValues(option, constants, each);
    this.#retry();
    this.#combine();
    const all = [this.#given, ...this.#selected(most - 1).map(({ planned }) => planned)];
    return { all, findings: this.#findings, trials: this.#trials, taken: this.#taken };
  }

  /** Half of them have several options, where vdevs have. */
  #selected(count: number): readonly Trial[] {
    const first = this.#combined.slice(0, Math.floor(count / 2));
    const next = this.#some(this.#chosen, count - first.length);
    const left = [...this.#combined.slice(first.length), ...this.#others];
    return [...first, ...next, ...this.#some(left, count - first.length - next.length)];
  }

  #tryValues(
    { vdev, name, takesNone, instance, values }: FreeOption,
    constants: readonly bigint[],
    each: number,
  ): void {
    const takes = (argument: string | undefined) => this.#see([{ vdev, name, argument }]);
    if (takesNone || values !== undefined) {
      for (const argument of values ?? [undefined]) takes(argument);
      return;
    }
    const kinds = { number: takes(PROBES.number), word: takes(PROBES.word) };
    const tried = argumentValues(instance, constants, kinds);
    const first = Math.floor(((each - LISTS - 2) * 3) / 4); // words, and the numbers that break most
    const taken = tried.slice(0, first).filter(takes);
    for (const argument of this.#some(tried.slice(first), each - LISTS - 2 - first))
      if (takes(argument)) taken.push(argument);
    const words = taken.filter((argument) => /^[a-z]/i.test(argument));
    if (words.length > 0) for (const list of listsOf(words, this.#random)) takes(list);
  }

  /** What was refused alone, with one of the others that were not. */
  #retry(): void {
    const accepted = this.#accepted();
    const pairs = this.#refused.flatMap((refused) =>
      accepted.filter((one) => !isSame(one, refused)).map((one) => [one, refused] as const),
    );
    for (const pair of this.#some(pairs, RETRIES)) this.#see(pair, this.#chosen);
  }

  /** Several at a time: all there are, then any. */
  #combine(): void {
    const accepted = this.#accepted();
    for (let i = 0; i < COMBINATIONS; i++) {
      const several: GivenOption[] = [];
      const draws = i === 0 ? 8 * accepted.length : accepted.length;
      for (let drawn = 0; drawn < draws; drawn++) {
        const one = this.#random.pick(accepted);
        if (!several.some((other) => isSame(one, other))) several.push(one);
      }
      if (several.length > 1) this.#see(inOrder(several, accepted), this.#combined);
    }
  }

  /** Options that VMs were made with: of each the first, and all in which code did something new. */
  #accepted(): readonly GivenOption[] {
    const chosen = this.#chosen.flatMap(({ options }) => options);
    const accepted = [...chosen];
    for (const { options } of this.#others) {
      for (const one of options) if (!accepted.some((other) => isSame(one, other))) accepted.push(one);
    }
    return accepted;
  }

  /**
   * @param list where it goes when vdevs take these options; else that is for what is new in it to say
   * @returns whether they do
   */
  #see(options: readonly GivenOption[], list?: Trial[]): boolean {
    const text = JSON.stringify(options.map(({ vdev, name, argument }) => [vdev, name, argument]));
    if (this.#seen.has(text)) return false;
    this.#seen.add(text);
    this.#trials++;
    const heard: Finding[] = [];
    let planned: PlannedVm | undefined;
    let vm: Vm | undefined;
    let refused: UserError | undefined;
    try {
      planned = variant(this.#given, options);
      fuzzVm(planned.plan, "edges", {
        listener: (event) => event.kind === "finding" && heard.push(event.finding),
        onMade: (made) => {
          vm = made;
        },
      });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      refused = error;
    }
    const isNew = vm !== undefined && this.#isNew(vm);
    if (planned === undefined || vm === undefined || this.#tell(planned, heard)) return false;
    if (refused !== undefined || vm.ended !== undefined) {
      const [option] = options;
      if (isNew && options.length === 1 && isPlace(refused?.place, option!.vdev)) this.#refused.push(option!);
      return false;
    }
    const isChosen = isNew || options.every(({ name }) => name === INTR);
    (list ?? (isChosen ? this.#chosen : this.#others)).push({ options, planned });
    return true;
  }

  /** Whether modules have done what they did in no VM before. Remembers it. */
  #isNew({ instances }: Vm): boolean {
    const coverage = new Coverage(instances);
    this.#taken = mergedEdges([...this.#taken, ...coverage.takenEdges()]);
    const before = this.#known.size;
    for (const slot of coverage.taken()) this.#known.add(slot >> 8);
    return this.#known.size > before;
  }

  /** Some of a list, in its order. */
  #some<T>(list: readonly T[], count: number): T[] {
    const left = [...list.keys()];
    while (left.length > count) left.splice(this.#random.below(left.length), 1);
    return left.map((i) => list[i]!);
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

/** Words that an option takes, as lists: a pair, all of them, and two that are wrong. */
function listsOf(words: readonly string[], random: Random): readonly string[] {
  const [one, other] = [random.pick(words), random.pick(words)];
  return [`${one},${other}`, words.join(","), `${one},`, `${one}${other}`].slice(0, LISTS);
}

/** Whether an error is told of a vdev, and not of one of its options. */
function isPlace(place: SourcePlace | undefined, { file, line, column }: SourcePlace): boolean {
  return place?.file === file && place.line === line && place.column === column;
}

function inOrder(some: readonly GivenOption[], all: readonly GivenOption[]): readonly GivenOption[] {
  return some.toSorted((a, b) => all.indexOf(a) - all.indexOf(b));
}

function isSame(a: GivenOption, b: GivenOption): boolean {
  return a.name === b.name && a.vdev === b.vdev;
}

/** The same VM with further options. @throws UserError when they do not make a configuration */
function variant({ plan, pieces }: PlannedVm, options: readonly GivenOption[]): PlannedVm {
  const made = withOptions(pieces, options);
  const modulePath = [...new Set(plan.vdevs.map(({ file }) => dirname(file)))];
  const { vdevs } = planFromConfig(parseConfigPieces(made), { modulePath, guest: "fuzz" });
  return { plan: { ...plan, vdevs }, pieces: made };
}
