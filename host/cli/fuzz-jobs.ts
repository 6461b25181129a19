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
  readonly #folder: string;
  readonly #json: boolean;
  readonly #interrupted: () => boolean;
  readonly #last = new Map<number, JobLine>();
  readonly #line = new StatusLine(process.stderr, () => performance.now());
  readonly #status = new FuzzStatus(() => performance.now());
  #lastLine = performance.now();
  #findings = 0;
  /** The exit code of a job that could not work. */
  #failed: number | undefined;
  #hasLost = false;

  constructor(count: number, folder: string, json: boolean, interrupted: () => boolean) {
    this.#count = count;
    this.#folder = folder;
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
    else if (this.#failed === undefined || this.#findings > 0) {
      const found = this.#findings === 0 ? "no findings" : counted(this.#findings, "finding");
      console.log(`${found}; ${this.#text()}`);
    }
    if (this.#failed !== undefined) return this.#failed;
    if (this.#findings > 0) return 1;
    return this.#hasLost ? 2 : 0;
  }

  #start(index: number): { readonly child: ChildProcess; readonly ended: Promise<void> } {
    const words = [...process.execArgv, process.argv[1]!, ...withoutJobs(process.argv.slice(2))];
    const child = spawn(process.execPath, [...words, "--json", "--shard", `${index}/${this.#count}`], {
      // The channel is never spoken on: it closes when this process is gone, and the job then ends.
      stdio: ["ignore", "pipe", "inherit", "ipc"],
    });
    const lines = createInterface({ input: child.stdout! });
    lines.on("line", (line) => this.#hear(index, line));
    const ended = new Promise<void>((resolve) => {
      child.on("close", (code, signal) => {
        // Ctrl-C comes to all of them, also to one that does not listen yet.
        if (signal !== null && !child.killed && !this.#interrupted()) this.#lost(index, signal);
        // One that cannot work says why itself.
        if (code !== null && code > 1) this.#failed = code;
        resolve();
      });
    });
    return { child, ended };
  }

  /** Somebody killed a job, or the system did: the others go on without it. */
  #lost(index: number, signal: NodeJS.Signals): void {
    this.#hasLost = true;
    this.#line.clear();
    console.error(
      `note: job ${index + 1} of ${this.#count} was ended by ${signal}; what it had found is in ${this.#folder}, and the others go on`,
    );
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
