import { CampaignFolder } from "./campaign-folder.ts";
import { configurations } from "./configurations.ts";
import { mergedEdges } from "./coverage.ts";
import { knownCauses } from "./finding-folder.ts";
import { causeOf } from "./found.ts";
import { type SourceCoverage, sourceCoverage, type TakenEdges } from "./lcov.ts";
import { FILES_PER_STEP, FuzzSession, type MergedCorpus, type Progress, type SessionOptions } from "./session.ts";
import { writeStartFinding } from "./start-finding.ts";

/** Executions that stand for a millisecond, where sessions of one process look for what the others found. */
const EXECUTIONS_PER_MS = 50;

/**
 * Sessions in one folder that differ in the options of their vdevs: what one finds the others take in. Every other step
 * is one of the given configuration. One seed makes the same campaign, as with one session.
 */
export class ConfiguredSessions {
  readonly sessions: readonly FuzzSession[];
  /** Edges taken at starts that were tried. */
  readonly #tried: readonly TakenEdges[];
  /** Findings at the start. */
  #early = 0;
  #steps = 0;

  /** @param most configurations @throws UserError when the VM cannot be made as it is configured */
  constructor(options: SessionOptions, most: number) {
    const { folder, seed, isShared } = options;
    const { all, findings, taken } = configurations(options, seed, most);
    this.#tried = taken;
    const known = knownCauses(folder.findings);
    const now = isShared ? options.now : () => this.executions / EXECUTIONS_PER_MS;
    const sessions: FuzzSession[] = [];
    this.sessions = sessions;
    const noted = new Set<string>();
    const onNote: SessionOptions["onNote"] = (text) => {
      if (!noted.has(text)) options.onNote(text);
      noted.add(text);
    };
    for (const [i, { plan, pieces }] of all.entries()) {
      const own = i === 0 ? folder : new CampaignFolder(folder.path);
      const onFinding: SessionOptions["onFinding"] = (told) => {
        for (const other of sessions) other.campaign.know(causeOf(told.finding));
        options.onFinding(told);
      };
      const seeds = { seed: seed + i, seeds: i === 0 ? options.seeds : [] };
      const shared = isShared || all.length > 1;
      sessions.push(
        new FuzzSession({ ...options, ...seeds, plan, pieces, folder: own, isShared: shared, onFinding, onNote, now }),
      );
    }
    for (const finding of findings) {
      if (known.includes(causeOf(finding.finding))) continue;
      const told = writeStartFinding(folder, finding);
      if (told === undefined) continue;
      this.#early++;
      options.onFinding(told);
    }
  }

  get executions(): number {
    return (this.sessions ?? []).reduce((sum, { campaign }) => sum + campaign.executions, 0);
  }

  /** Edges are those that are taken in any configuration. */
  get progress(): Progress {
    const all = this.sessions.map(({ progress }) => progress);
    const findings = this.#early + all.reduce((sum, one) => sum + one.findings, 0);
    const corpus = Math.max(...all.map((one) => one.corpus));
    if (all.length === 1) return { ...all[0]!, findings };
    const edges = this.#taken().reduce((sum, { taken }) => sum + taken.filter((one) => one).length, 0);
    const allEdges = all[0]!.allEdges;
    return { executions: this.executions, corpus, edges: Math.max(edges, all[0]!.edges), allEdges, findings };
  }

  /** Some milliseconds of work. */
  async step(): Promise<void> {
    const others = this.sessions.length - 1;
    const step = this.#steps++;
    const at = others === 0 || step % 2 === 0 ? 0 : 1 + ((step >> 1) % others);
    await this.sessions[at]!.step();
  }

  /** Writes and tells what was found since. */
  async writeFound(): Promise<void> {
    for (const session of this.sessions) await session.writeFound();
  }

  /** Executes all that is in the corpus. @returns what it takes to cover all that was covered, undefined when stopped */
  async merge(stopped: () => boolean): Promise<MergedCorpus | undefined> {
    for (const session of this.sessions) if (!(await takeAll(session, stopped))) return undefined;
    const all = this.sessions.map((session) => session.merge());
    const programs = [...new Set(all.flatMap((one) => one.programs))];
    return { programs, files: new Set(all.flatMap(({ files }) => [...files])) };
  }

  /** Executes what is in the folder, and the seeds, in the given configuration. */
  async takeWaiting(stopped: () => boolean): Promise<void> {
    await takeAll(this.sessions[0]!, stopped);
  }

  /** What of the sources was reached in any configuration. */
  get sources(): SourceCoverage {
    return sourceCoverage(this.#taken());
  }

  /** Whether a program could not be written. */
  get hasUnsaved(): boolean {
    return this.sessions.some(({ hasUnsaved }) => hasUnsaved);
  }

  /** Which edges were taken in any configuration, by module. */
  #taken(): TakenEdges[] {
    return mergedEdges([...this.#tried, ...this.sessions.flatMap(({ takenEdges }) => takenEdges)]);
  }
}

/** @returns whether all that waits in a session was executed; signals come in between */
async function takeAll(session: FuzzSession, stopped: () => boolean): Promise<boolean> {
  while (!stopped()) {
    if (!session.takeWaiting(FILES_PER_STEP)) return true;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return false;
}
