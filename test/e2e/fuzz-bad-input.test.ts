/** What `vdevbox fuzz` makes of bad input and ends at any moment. Oracle: clear words, and nothing that was found is lost. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/vault.ts");
const out = (name: string) => join(scratch(), name);
const BINARY = join(packageRoot(), "build/vdevbox.mjs");
const PL011 = "build/out/vdevs/pl011.wasm";

let broken = "";

beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  broken = join(scratch(), "vault.wasm");
  writeFileSync(broken, wasm);
  writeFileSync(`${broken}.map`, sourceMap);
}, 60_000);

/** Whether a process is there, and not one that has ended and nobody has asked for. */
function runs(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("files that are no programs", () => {
  it("a corpus with a pipe, a folder and a file too long is told of, and does not hang", () => {
    const folder = out("odd");
    const corpus = join(folder, "corpus");
    mkdirSync(join(corpus, "b.script"), { recursive: true });
    spawnSync("mkfifo", [join(corpus, "a.script")]);
    writeFileSync(join(corpus, "c.script"), "x".repeat((1 << 20) + 1));
    const { code, err } = vdevbox("fuzz", broken, "--executions", "100", "--out", folder);
    expect(err).toContain("a.script: this is no file (and 2 more files)");
    expect(code).toBe(0);
  });

  it("a module that is not there is told by its path, also where another folder has one of that name", () => {
    const { code, err } = vdevbox("fuzz", "build/out/vdevs/pl01.wasm");
    expect(err).toBe('build/out/vdevs/pl01.wasm: there is no such file (did you mean "pl011.wasm"?)\n');
    expect(code).toBe(2);
    expect(vdevbox("fuzz", "nowhere/pl011.wasm").err).toBe("nowhere/pl011.wasm: there is no such file\n");
  });

  it("a device to begin with, which has no end, is told of", () => {
    const { code, err } = vdevbox("fuzz", broken, "--executions", "100", "--out", out("zero"), "--seeds", "/dev/zero");
    expect(err).toContain("/dev/zero: this is no file");
    expect(code).toBe(0);
  });

  it("what a terminal would obey is shown", () => {
    const file = out("escape.script");
    writeFileSync(file, "\x1b[31mred\x07\n");
    const { err } = vdevbox("fuzz", broken, "--executions", "100", "--out", out("escape"), "--seeds", file);
    expect(err).toContain('"\\x1b[31mred\\x07"');
  });

  it("what is wrong beside a module that needs a place is told, and not that it needs one", () => {
    const { code, err } = vdevbox("fuzz", PL011, "--out", out("place"), "--seeds", "/nowhere");
    expect(err).toBe("/nowhere: there is no such file or folder\n");
    expect(code).toBe(2);
  });
});

describe("options that cannot be", () => {
  it.each([
    [["--jobs", "2", "--seconds", "x"], "--seconds takes a number from 0.1 to 10000000"],
    [["--jobs", "2", "--shard", "1/4"], "--jobs makes shards of its own"],
    [["--jobs", "2", "--cost"], "--cost is done by one process"],
    [["--merge", "--cost"], "--merge and --cost are two things to do"],
    [["--merge", "--configurations", "65"], "--configurations takes a number from 1 to 64"],
    [["--jobs", "2", "hostdev"], "hostdev"],
  ])("%j are told once, and nothing is made", (words, sentence) => {
    const folder = out("options");
    const { code, out: text, err } = vdevbox("fuzz", PL011, ...words, "--out", folder);
    expect(err.split(sentence)).toHaveLength(2);
    expect(text).toBe("");
    expect(code).toBe(2);
    expect(existsSync(folder)).toBe(false);
  });

  it("a folder without a name is none", () => {
    const { code, err } = vdevbox("fuzz", PL011, "--out", "");
    expect(err).toContain("--out takes a folder");
    expect(code).toBe(2);
  });
});

// Which processes there are is read from /proc.
describe.runIf(process.platform === "linux")("ends at any moment", () => {
  /** @param seen of what it prints; then it gets the signal, with its jobs if it leads their group */
  const signalled = (signal: NodeJS.Signals, seen: string, toAll: boolean, ...words: string[]) =>
    new Promise<{ jobs: number[]; out: string; err: string }>((resolve) => {
      const child = spawn(process.execPath, [BINARY, "fuzz", ...words], { cwd: packageRoot(), detached: true });
      let [text, err] = ["", ""];
      let jobs: number[] = [];
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (jobs.length > 0 || !text.includes(seen)) return;
        jobs = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ").map(Number);
        process.kill(toAll ? -child.pid! : child.pid!, signal);
      });
      child.stderr.on("data", (chunk) => {
        err += chunk;
      });
      // Its jobs have its standard error: this comes when all of them are gone.
      child.on("close", () => resolve({ jobs, out: text, err }));
    });

  it("jobs end with the process that began them, also when it is killed", async () => {
    const words = [broken, "--jobs", "2", "--seconds", "600", "--json", "--out", out("orphans")];
    const { jobs } = await signalled("SIGKILL", "progress", false, ...words);
    expect(jobs).toHaveLength(2);
    await expect.poll(() => jobs.filter(runs), { timeout: 10_000 }).toEqual([]);
  });

  it("Ctrl-C, which comes to jobs as well, is not told as a job that was killed", async () => {
    const words = [broken, "--jobs", "2", "--seconds", "600", "--json", "--out", out("all")];
    const { err, out: text } = await signalled("SIGINT", "progress", true, ...words);
    expect(err).not.toContain("was ended by");
    expect(text).toContain('"kind":"end"');
  });

  it("a campaign ends with its summary when a file beside corpus and findings cannot be written", () => {
    const folder = out("lcov");
    mkdirSync(join(folder, "coverage.lcov", "full"), { recursive: true });
    const { code, out: text, err } = vdevbox("fuzz", broken, "--executions", "3000", "--out", folder);
    expect(err).toMatch(/^note: .*coverage\.lcov: cannot be written: /m);
    expect(text).toMatch(/2 findings in .* executions/);
    expect(code).toBe(1);
  });
});
