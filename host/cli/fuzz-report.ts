import type { Reached, SourceCoverage } from "../fuzz/lcov.ts";
import type { Progress, ToldFinding } from "../fuzz/session.ts";
import { counted } from "../plural.ts";
import { findingText } from "./finding-text.ts";
import { FuzzStatus } from "./fuzz-status.ts";
import { StatusLine } from "./status-line.ts";

/** Milliseconds between two lines of JSON. */
const JSON_MS = 1000;

/** Tells how a campaign goes. */
export class FuzzReport {
  readonly #what: string;
  readonly #folder: string;
  readonly #json: boolean;
  readonly #line = new StatusLine(process.stderr, () => performance.now());
  readonly #status = new FuzzStatus(() => performance.now());
  readonly #start = performance.now();
  #last = performance.now();
  #lastExecutions = 0;

  constructor(what: string, folder: string, json: boolean) {
    this.#what = what;
    this.#folder = folder;
    this.#json = json;
  }

  /** @param before findings that were in the folder */
  start({ corpus, edges, allEdges }: Progress, before: number): void {
    if (this.#json) return;
    const known = corpus === 0 ? "" : `; ${counted(corpus, "program")} to begin with, ${edges} edges taken`;
    console.log(`${this.#what}: ${allEdges} edges${known}`);
    if (before > 0) console.log(`${counted(before, "finding")} from before, told no more while in the folder`);
  }

  progress(progress: Progress): void {
    if (!this.#json) {
      this.#status.see(progress);
      this.#line.show(() => this.#status.text(progress));
      return;
    }
    const now = performance.now();
    if (now - this.#last < JSON_MS) return;
    const rate = Math.round(((progress.executions - this.#lastExecutions) * 1000) / (now - this.#last));
    this.#last = now;
    this.#lastExecutions = progress.executions;
    this.#print({ kind: "progress", seconds: this.#seconds(now), rate, ...progress });
  }

  finding(told: ToldFinding): void {
    const { finding, folder, unwritten, operations, executions, script, isConfirmed } = told;
    if (this.#json) {
      this.#print({ kind: "finding", ...finding, folder, unwritten, operations, executions, script, isConfirmed });
      return;
    }
    this.#line.clear();
    const lines = [
      findingText(finding),
      `after ${executions.toLocaleString("en")} executions; ${counted(operations, "operation")} in ${folder}`,
    ];
    // Nobody finds it in a folder that could not be written.
    if (unwritten !== undefined) lines.splice(1, 1, `${unwritten}; the program is:`, script.trimEnd());
    if (!isConfirmed) lines.push("a VM without the fuzzer did not come to this");
    console.log(`${lines.join("\n")}\n`);
  }

  note(text: string): void {
    this.#line.clear();
    console.error(`note: ${text}`);
  }

  merged(kept: number, gone: number): void {
    if (this.#json) this.#print({ kind: "merged", kept, removed: gone });
    else console.log(`${this.#folder}: ${counted(kept, "program")} left, ${gone} taken out`);
  }

  end(progress: Progress, { lines, branches }: SourceCoverage): void {
    const now = performance.now();
    const rate = Math.round((progress.executions * 1000) / Math.max(1, now - this.#start));
    if (this.#json) {
      this.#print({
        kind: "end",
        seconds: this.#seconds(now),
        rate,
        ...progress,
        lines,
        branches,
        folder: this.#folder,
      });
      return;
    }
    this.#line.clear();
    const { findings } = progress;
    const found = findings === 0 ? "no findings" : counted(findings, "finding");
    console.log(`${this.#what}: ${found} in ${this.#seconds(now)} s; ${this.#text(progress, rate)}; ${this.#folder}`);
    console.log(`reached: ${part(lines, "lines")}, ${part(branches, "branches")} of the sources (coverage.lcov)`);
    console.log(`\`vdevbox report ${this.#folder}\` makes a page that shows what was not`);
  }

  #text({ executions, corpus, edges, allEdges }: Progress, rate: number): string {
    const part = allEdges === 0 ? 0 : Math.round((100 * edges) / allEdges);
    return [
      `${executions.toLocaleString("en")} executions (${rate.toLocaleString("en")} a second)`,
      `${edges} of ${allEdges} edges (${part} %)`,
      `${counted(corpus, "program")} in the corpus`,
    ].join(", ");
  }

  #seconds(now: number): number {
    return Math.round((now - this.#start) / 100) / 10;
  }

  #print(value: unknown): void {
    console.log(JSON.stringify(value));
  }
}

/** `91 of 100 lines (91 %)`. */
function part({ reached, all }: Reached, what: string): string {
  return `${reached} of ${all} ${what} (${all === 0 ? 0 : Math.floor((100 * reached) / all)} %)`;
}
