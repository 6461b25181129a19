import { randomBytes } from "node:crypto";
import { closeSync, openSync, readFileSync, statSync, writeSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";
import { makeFolder, namesIn } from "./campaign-folder.ts";

/** How far a campaign's process was at a moment. */
export interface ProgressPoint {
  /** Since the process began. */
  readonly seconds: number;
  readonly executions: number;
  readonly edges: number;
  readonly allEdges: number;
  readonly corpus: number;
  /** Found by this process. */
  readonly findings: number;
}

/** What one process of a campaign wrote. */
export interface ProgressRun {
  /** Milliseconds since 1970 when it began. */
  readonly started: number;
  readonly points: readonly ProgressPoint[];
}

/** Of the time a process has run, this part may pass between two points: a day is as many points as six minutes are. */
const PART = 1 / 50;
const LEAST_MS = 250;
const MOST_MS = 30_000;
/** Bytes of a file that are read. */
const FILE_MAX = 16 << 20;

/**
 * The time series of one process of a campaign, `progress/START-JOB-RANDOM.jsonl` in its folder. Each process has a file
 * of its own, so that several, also on several machines, never write to the same one; a line is written at once, so one
 * that is killed loses none.
 */
export class ProgressLog {
  readonly #file: string;
  readonly #start: number;
  readonly #now: () => number;
  #next = 0;
  #descriptor: number | undefined;

  /**
   * @param started milliseconds since 1970, `now` milliseconds of a clock that never goes back
   * @throws UserError when it cannot be written
   */
  constructor(campaign: string, job: number, started: number, now: () => number) {
    const folder = join(campaign, "progress");
    makeFolder(folder);
    this.#file = join(folder, `${started}-${job}-${randomBytes(4).toString("hex")}.jsonl`);
    this.#now = now;
    this.#start = now();
    try {
      this.#descriptor = openSync(this.#file, "ax");
    } catch (error) {
      throw unwritable(this.#file, error);
    }
    this.#write({ kind: "start", started, job });
  }

  /**
   * To be called often: a point is written when it is time for one.
   * @param isLast writes one in any case @throws UserError once, when it cannot be written
   */
  tell(progress: Omit<ProgressPoint, "seconds">, isLast = false): void {
    const passed = this.#now() - this.#start;
    if (this.#descriptor === undefined || (passed < this.#next && !isLast)) return;
    this.#next = passed + Math.min(MOST_MS, Math.max(LEAST_MS, passed * PART));
    const { executions, edges, allEdges, corpus, findings } = progress;
    this.#write({ seconds: Math.round(passed) / 1000, executions, edges, allEdges, corpus, findings });
    if (isLast) this.#close();
  }

  #write(line: object): void {
    try {
      writeSync(this.#descriptor!, `${JSON.stringify(line)}\n`);
    } catch (error) {
      this.#close();
      throw unwritable(this.#file, error);
    }
  }

  #close(): void {
    closeSync(this.#descriptor!);
    this.#descriptor = undefined;
  }
}

function unwritable(file: string, error: unknown): UserError {
  return new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
}

/** What the processes of a campaign wrote, by their beginning. What is no line of theirs is left out. */
export function readProgress(campaign: string): ProgressRun[] {
  const folder = join(campaign, "progress");
  return namesIn(folder)
    .filter((name) => name.endsWith(".jsonl"))
    .flatMap((name) => readRun(join(folder, name)))
    .sort((a, b) => a.started - b.started);
}

function readRun(file: string): ProgressRun[] {
  let text: string;
  try {
    if (statSync(file).size > FILE_MAX) return [];
    text = readFileSync(file, "utf8");
  } catch {
    return [];
  }
  const [first, ...others] = text.split("\n").map(objectOf);
  const started = first?.started;
  if (!isCount(started)) return [];
  const points: ProgressPoint[] = [];
  for (const line of others) {
    if (line === undefined || !isPoint(line) || line.seconds < (points.at(-1)?.seconds ?? 0)) continue;
    points.push(line);
  }
  return [{ started, points }];
}

/** @returns undefined for what is no object of JSON, as the last line of a process that was killed while it wrote it */
function objectOf(line: string): Record<string, unknown> | undefined {
  try {
    const value = JSON.parse(line);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function isPoint(line: Record<string, unknown>): line is Record<string, unknown> & ProgressPoint {
  return ["seconds", "executions", "edges", "allEdges", "corpus", "findings"].every((name) => isCount(line[name]));
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && value >= 0 && value <= Number.MAX_SAFE_INTEGER;
}
