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
export const FILES_PER_STEP = 16;

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

/** What a merge leaves of a corpus. */
export interface MergedCorpus {
  readonly programs: readonly string[];
  /** Files of the programs these stand for. */
  readonly files: ReadonlySet<string>;
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
  /** What was no program, and was not told yet. */
  readonly #refused: UserError[] = [];
  /** Files of programs that were executed and led to nothing wrong. */
  readonly #taken = new Set<string>();
  #findings = 0;
  #hasUnsaved = false;
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
      onEntry: ({ program }) => this.#save(this.#textOf(program)),
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
        onEntry: (program) => this.#save(this.#textOf(program)),
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

  /** Whether a program could not be written. */
  get hasUnsaved(): boolean {
    return this.#hasUnsaved;
  }

  /** Some milliseconds of work: programs of others come first. */
  async step(): Promise<void> {
    if (this.#options.isShared && this.#options.now() - this.#synced >= SYNC_MS) this.#sync();
    if (this.#waiting.length > 0) this.takeWaiting(FILES_PER_STEP);
    else this.campaign.step();
    this.#schedules?.upTo(this.campaign.executions);
    await this.writeFound();
  }

  /** Writes and tells what was found since. */
  async writeFound(): Promise<void> {
    for (const found of this.#found.splice(0)) await this.#write(found);
  }

  /** Executes programs of others that were there so far. @returns whether there are more than so many */
  takeWaiting(most = Infinity): boolean {
    this.#addFiles(this.#waiting.splice(0, most));
    this.#schedules?.takeWaiting();
    if (this.#waiting.length > 0) return true;
    this.#tellRefused();
    return false;
  }

  /** @returns what it takes to cover all that was covered, and the files it is from */
  merge(): MergedCorpus {
    const kept = [...this.campaign.corpus.minimal(), ...(this.#schedules?.corpus.minimal() ?? [])];
    return { programs: kept.map(({ program }) => this.#textOf(program)), files: this.#taken };
  }

  /** Writes what of the sources was reached, as `coverage.lcov`. @throws UserError when that cannot be written */
  writeCoverage(): SourceCoverage {
    const sources = sourceCoverage(this.takenEdges);
    writeCoverage(this.#options.folder.path, sources);
    return sources;
  }

  #sync(): void {
    const { folder } = this.#options;
    for (const cause of knownCauses(folder.findings)) this.campaign.know(cause);
    this.#waiting.push(...folder.newFiles());
    this.#synced = this.#options.now();
  }

  #addFiles(files: readonly CorpusFile[]): void {
    for (const { file, text, unread } of files) {
      try {
        if (unread !== undefined) throw new UserError(unread, { file });
        const program = parseProgram(this.campaign.target.vm, text, file);
        const isRight = this.campaign.add(program);
        if (!isRight) continue;
        if (program.schedule === undefined || this.#schedules === undefined) this.#taken.add(file);
        else this.#schedules.add(program, () => this.#taken.add(file));
      } catch (error) {
        if (!(error instanceof UserError)) throw error;
        this.#refused.push(error);
      }
    }
  }

  #tellRefused(): void {
    const refused = this.#refused.splice(0);
    const [first] = refused;
    if (first === undefined) return;
    const more = refused.length === 1 ? "" : ` (and ${refused.length - 1} more files)`;
    this.#options.onNote(`left out, because it is no program of this VM: ${first.toString()}${more}`);
  }

  /** A disk that is full costs the programs and no finding: the search goes on. */
  #save(text: string): void {
    const { folder, onNote } = this.#options;
    try {
      this.#taken.add(folder.add(text));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      if (!this.#hasUnsaved) onNote(`the corpus goes on in memory only: ${error.toString()}`);
      this.#hasUnsaved = true;
    }
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
    const words = confirmed?.words;
    this.#tell({ cause, finding: told, script, operations, executions, recording, pieces, ...(words && { words }) });
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
    let written: string | undefined;
    let unwritten: string | undefined;
    try {
      const modulePath = [...new Set(plan.vdevs.map(({ file }) => dirname(file)))];
      written = writeFinding(folder.findings, { ...record, modulePath });
      if (written === undefined) return; // another process told it a moment ago
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      unwritten = error.toString();
    }
    this.#findings++;
    const isConfirmed = recording !== undefined;
    onFinding({ finding, script, operations, executions, folder: written, unwritten, isConfirmed });
  }
}

/** Writes `coverage.lcov`. @throws UserError when it cannot be written */
export function writeCoverage(campaign: string, { lcov }: SourceCoverage): void {
  writeWhole(join(campaign, "coverage.lcov"), lcov);
}
