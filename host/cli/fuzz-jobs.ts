import { type ChildProcess, spawn } from "node:child_process";
import { createInterface } from "node:readline";
import { counted } from "../plural.ts";
import { FuzzStatus } from "./fuzz-status.ts";
import { StatusLine } from "./status-line.ts";

/** What a job says of itself, a line of JSON. */
interface JobLine {
  readonly kind: string;
  readonly executions: number;
  readonly rate: number;
  readonly findings: number;
  readonly edges: number;
  readonly allEdges: number;
  readonly corpus: number;
  readonly message?: string;
  readonly folder?: string;
}

/** Milliseconds between two looks at how the jobs go, and between two lines of JSON. */
const LOOK_MS = 250;
const JSON_MS = 1000;
/** Milliseconds a job has to end by itself once it is asked to. */
const PATIENCE_MS = 5000;

/** Several processes that fuzz in one folder, each a shard of its own. */
export class FuzzJobs {
  readonly #count: number;
  readonly #json: boolean;
  readonly #interrupted: () => boolean;
  readonly #last = new Map<number, JobLine>();
  readonly #line = new StatusLine(process.stderr, () => performance.now());
  readonly #status = new FuzzStatus(() => performance.now());
  #lastLine = performance.now();
  #findings = 0;
  #failed: number | undefined;

  constructor(count: number, json: boolean, interrupted: () => boolean) {
    this.#count = count;
    this.#json = json;
    this.#interrupted = interrupted;
  }

  /** @returns the exit code */
  async run(): Promise<number> {
    const jobs = Array.from({ length: this.#count }, (_, index) => this.#start(index));
    const watch = setInterval(() => {
      this.#tell();
      if (this.#interrupted()) for (const { child } of jobs) stop(child);
    }, LOOK_MS);
    try {
      await Promise.all(jobs.map(({ ended }) => ended));
    } finally {
      clearInterval(watch);
      for (const { child } of jobs) if (child.exitCode === null) child.kill("SIGKILL");
    }
    this.#line.clear();
    const total = this.#total();
    if (this.#json) console.log(JSON.stringify({ kind: "end", jobs: this.#count, ...total }));
    else {
      const found = this.#findings === 0 ? "no findings" : counted(this.#findings, "finding");
      console.log(`${found}; ${this.#text()}`);
    }
    return this.#failed ?? (this.#findings === 0 ? 0 : 1);
  }

  #start(index: number): { readonly child: ChildProcess; readonly ended: Promise<void> } {
    const words = [...process.execArgv, process.argv[1]!, ...withoutJobs(process.argv.slice(2))];
    const child = spawn(process.execPath, [...words, "--json", "--shard", `${index}/${this.#count}`], {
      stdio: ["ignore", "pipe", "inherit"],
    });
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => this.#hear(index, line));
    const ended = new Promise<void>((resolve) => {
      child.on("close", (code) => {
        // A job that was killed is missed, and its findings are in the folder; one that cannot work says why itself.
        if (code !== 0 && code !== 1) this.#failed = code ?? 2;
        resolve();
      });
    });
    return { child, ended };
  }

  #hear(index: number, text: string): void {
    let line: JobLine;
    try {
      line = JSON.parse(text);
    } catch {
      return;
    }
    if (line.kind === "progress" || line.kind === "end") this.#last.set(index, line);
    else if (line.kind === "finding") {
      this.#findings++;
      this.#line.clear();
      console.log(this.#json ? text : `${line.message}\n  ${line.folder}`);
    }
  }

  #tell(): void {
    const total = this.#total();
    if (!this.#json) {
      this.#status.see(total);
      if (this.#last.size > 0) this.#line.show(() => `${this.#count} jobs: ${this.#status.text(total, total.rate)}`);
      return;
    }
    const now = performance.now();
    if (now - this.#lastLine < JSON_MS) return;
    this.#lastLine = now;
    console.log(JSON.stringify({ kind: "progress", jobs: this.#count, ...total }));
  }

  #total() {
    const lines = [...this.#last.values()];
    const sum = (of: (line: JobLine) => number) => lines.reduce((all, line) => all + of(line), 0);
    const most = (of: (line: JobLine) => number) => lines.reduce((all, line) => Math.max(all, of(line)), 0);
    return {
      executions: sum(({ executions }) => executions),
      rate: sum(({ rate }) => rate),
      edges: most(({ edges }) => edges),
      allEdges: most(({ allEdges }) => allEdges),
      corpus: most(({ corpus }) => corpus),
      findings: this.#findings,
    };
  }

  #text(): string {
    const { executions, rate, edges, allEdges } = this.#total();
    return `${this.#count} jobs: ${executions.toLocaleString("en")} executions (${rate.toLocaleString("en")} a second), ${edges} of ${allEdges} edges`;
  }
}

/** Asks a job to end, and makes it end when it does not. */
function stop(child: ChildProcess): void {
  if (child.exitCode !== null || child.killed) return;
  child.kill("SIGTERM");
  setTimeout(() => child.exitCode === null && child.kill("SIGKILL"), PATIENCE_MS).unref();
}

/** The words of the command line for one job. */
function withoutJobs(words: readonly string[]): string[] {
  return words.filter((word, i) => {
    if (word === "--json" || word.startsWith("--jobs")) return false;
    return words[i - 1] !== "--jobs";
  });
}
