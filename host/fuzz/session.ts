import { dirname, join } from "node:path";
import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import type { SearchFinding } from "../explore/search.ts";
import { formatWorkload } from "../explore/workload.ts";
import type { Finding } from "../gate/finding.ts";
import { hasInvariants } from "../vm/invariants.ts";
import type { VmPlan } from "../vm/plan.ts";
import { Campaign, type CampaignFinding } from "./campaign.ts";
import { type CampaignFolder, type CorpusFile, readPrograms, writeWhole } from "./campaign-folder.ts";
import { Comparer } from "./comparer.ts";
import { asking, confirm } from "./confirm.ts";
import { mergedEdges } from "./coverage.ts";
import { type FindingRecord, knownCauses, writeFinding } from "./finding-folder.ts";
import { causeOf, counts } from "./found.ts";
import { fuzzVm } from "./fuzz-vm.ts";
import { type SourceCoverage, sourceCoverage, type TakenEdges } from "./lcov.ts";
import { watchfulLook } from "./look.ts";
import { lengthOf } from "./program.ts";
import { formatProgram, parseProgram, scriptOf } from "./program-text.ts";
import type { MakeReference } from "./reference/reference.ts";
import { deviceReset, type GivenReset, resetLook } from "./reset-look.ts";
import { hasSchedules, Schedules } from "./schedules.ts";

/** Milliseconds between two looks at what other processes have put into the folder. */
const SYNC_MS = 1000;
/** Programs of others that are executed in one step: each may do much that is new, and is then looked at closely. */
const FILES_PER_STEP = 16;

export interface SessionOptions {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
  readonly folder: CampaignFolder;
  readonly seed: number;
  /** Whether other processes work in the same folder. */
  readonly isShared: boolean;
  /** Files and folders of programs to begin with. */
  readonly seeds: readonly string[];
  /** How the guest resets its devices. */
  readonly reset?: GivenReset | undefined;
  /** What says how the vdevs must answer. */
  readonly reference?: MakeReference | undefined;
  readonly onFinding: (told: ToldFinding) => void;
  /** Said once, for the user. */
  readonly onNote: (text: string) => void;
  readonly now: () => number;
}

/** A finding, and where it was written. */
export interface ToldFinding {
  readonly finding: Finding;
  readonly script: string;
  /** Operations of the program. */
  readonly operations: number;
  readonly executions: number;
  /** Undefined when it could not be written, and why. */
  readonly folder: string | undefined;
  readonly unwritten: string | undefined;
  readonly isConfirmed: boolean;
}

/** How far a campaign is. */
export interface Progress {
  readonly executions: number;
  readonly corpus: number;
  readonly edges: number;
  readonly allEdges: number;
  readonly findings: number;
}

/** A campaign in a folder: what it finds is written at once, and what others find there is taken in. */
export class FuzzSession {
  readonly campaign: Campaign;
  readonly #options: SessionOptions;
  readonly #found: CampaignFinding[] = [];
  /** In VMs in which callbacks can be in progress at the same time. */
  readonly #schedules: Schedules | undefined;
  /** Programs of others that are still to be executed. */
  readonly #waiting: CorpusFile[];
  #findings = 0;
  #synced: number;

  constructor(options: SessionOptions) {
    const { plan, pieces, seed, folder } = options;
    this.#options = options;
    const vm = fuzzVm(plan, "edges");
    const comparer = new Comparer(plan);
    this.campaign = new Campaign({
      vm,
      seed,
      constants: comparer.constants,
      compare: (program) => comparer.compare(program),
      looks: [watchfulLook(plan)],
      ownLooks: (target) => (options.reset === undefined ? [] : [resetLook(target, deviceReset(vm, options.reset))]),
      reference: options.reference?.(vm),
      onEntry: ({ program }) => folder.add(this.#textOf(program)),
      onFound: (found) => this.#found.push(found),
    });
    if (this.campaign.target.surface.regions.length === 0) {
      throw new UserError("no vdev has a place where a guest could reach it: give it a `loc`");
    }
    if (hasSchedules(vm)) {
      this.#schedules = new Schedules({
        ...asking({ plan, pieces }, { invariants: hasInvariants(vm) }),
        seed,
        campaign: this.campaign,
        onEntry: (program) => folder.add(this.#textOf(program)),
        onFound: (found) => this.#writeSchedule(found),
      });
    }
    this.#synced = options.now();
    for (const cause of knownCauses(folder.findings)) this.campaign.know(cause);
    this.#waiting = [...options.seeds.flatMap(readPrograms), ...folder.newFiles()];
  }

  get progress(): Progress {
    const { executions, corpus, edges } = this.campaign;
    const size = corpus.size + (this.#schedules?.corpus.size ?? 0);
    const taken = edges.taken + (this.#schedules?.edgesBeyond ?? 0);
    return { executions, corpus: size, edges: taken, allEdges: edges.all, findings: this.#findings };
  }

  /** Which edges were taken, in whatever order. */
  get takenEdges(): TakenEdges[] {
    return mergedEdges([...this.campaign.takenEdges, ...(this.#schedules?.takenEdges ?? [])]);
  }

  /** Some milliseconds of work: programs of others come first. */
  async step(): Promise<void> {
    if (this.#options.isShared && this.#options.now() - this.#synced >= SYNC_MS) this.#sync();
    if (this.#waiting.length > 0) this.#addFiles(this.#waiting.splice(0, FILES_PER_STEP));
    else this.campaign.step();
    this.#schedules?.upTo(this.campaign.executions);
    await this.writeFound();
  }

  /** Writes and tells what was found since. */
  async writeFound(): Promise<void> {
    for (const found of this.#found.splice(0)) await this.#write(found);
  }

  /** Executes all programs of others that were there so far. */
  takeWaiting(): void {
    this.#addFiles(this.#waiting.splice(0));
    this.#schedules?.takeWaiting();
  }

  /** Leaves only what it takes to cover all that was covered. */
  merge(): { readonly programs: readonly string[] } {
    this.takeWaiting();
    const kept = [...this.campaign.corpus.minimal(), ...(this.#schedules?.corpus.minimal() ?? [])];
    return { programs: kept.map(({ program }) => this.#textOf(program)) };
  }

  /** Writes what of the sources was reached, as `coverage.lcov`. @throws UserError when that cannot be written */
  writeCoverage(): SourceCoverage {
    return writeCoverage(this.#options.folder, sourceCoverage(this.takenEdges));
  }

  #sync(): void {
    const { folder } = this.#options;
    for (const cause of knownCauses(folder.findings)) this.campaign.know(cause);
    this.#waiting.push(...folder.newFiles());
    this.#synced = this.#options.now();
  }

  #addFiles(files: readonly CorpusFile[]): void {
    const refused: UserError[] = [];
    for (const { file, text } of files) {
      try {
        const program = parseProgram(this.campaign.target.vm, text, file);
        this.campaign.add(program);
        if (program.schedule !== undefined) this.#schedules?.add(program);
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        refused.push(error);
      }
    }
    const [first] = refused;
    if (first === undefined) return;
    const more = refused.length === 1 ? "" : ` (and ${refused.length - 1} more files)`;
    this.#options.onNote(`left out, because it is no program of this VM: ${first.toString()}${more}`);
  }

  #textOf(program: Parameters<typeof formatProgram>[1]): string {
    return formatProgram(this.campaign.target.vm, program);
  }

  async #write(found: CampaignFinding): Promise<void> {
    const { cause, finding, program, answered, executions } = found;
    const asRun = asking(this.#options, found.asked);
    const script = scriptOf(this.campaign.target.vm, found);
    const operations = lengthOf(program) + answered.length;
    const confirmed = await confirm(asRun, script, found);
    // What is one thing now and another then need not come again.
    if (confirmed === undefined && finding.rule !== "nondeterminism") {
      if (this.campaign.doubt(cause)) return;
      // Slow, but not past the limits of a run, which are far higher than those of the fuzzer.
      if (finding.rule === "limit") return;
    }
    const told = confirmed?.finding ?? finding;
    if (told !== finding) this.campaign.know(causeOf(told));
    const { pieces } = asRun;
    const recording = confirmed?.recording;
    this.#tell({ cause, finding: told, script, operations, executions, recording, pieces });
  }

  /** What a schedule led to: told as others are when it takes no schedule. */
  #writeSchedule({ what, schedule, text, recording }: SearchFinding): void {
    if (what.kind !== "finding" || !counts(what.finding)) return;
    const { finding } = what;
    const cause = causeOf(finding);
    const script = formatWorkload(schedule.workload);
    const { campaign } = this;
    campaign.add(parseProgram(campaign.target.vm, script, "<schedule>"));
    if (campaign.knows(cause)) return;
    campaign.know(cause);
    const { vcpus, outside, memory = [] } = schedule.workload;
    const operations = vcpus.reduce((sum, steps) => sum + steps.length, outside.length + memory.length);
    const { pieces } = asking(this.#options, { invariants: hasInvariants(campaign.target.vm) });
    const { executions } = campaign;
    this.#tell({ cause, finding, script, operations, executions, recording, pieces, schedule: text });
  }

  #tell(record: Omit<FindingRecord, "modulePath">): void {
    const { folder, plan, onFinding } = this.#options;
    const { finding, script, operations, executions, recording } = record;
    this.#findings++;
    let written: string | undefined;
    let unwritten: string | undefined;
    try {
      const modulePath = [...new Set(plan.vdevs.map(({ file }) => dirname(file)))];
      written = writeFinding(folder.findings, { ...record, modulePath });
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unwritten = error.toString();
    }
    const isConfirmed = recording !== undefined;
    onFinding({ finding, script, operations, executions, folder: written, unwritten, isConfirmed });
  }
}

/** Writes `coverage.lcov`. @throws UserError when it cannot be written */
export function writeCoverage(folder: CampaignFolder, sources: SourceCoverage): SourceCoverage {
  writeWhole(join(folder.path, "coverage.lcov"), sources.lcov);
  return sources;
}
