/** `vdevbox fuzz` as it is typed. Oracle: docs/fuzzing.md, and the remarks in the device's source. */
import { spawn, spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "./command-line.ts";

const SOURCE = "test/fuzz/assembly/vault.ts";
const lines = readFileSync(join(packageRoot(), SOURCE), "utf8").split("\n");
const PUSH = lines.findIndex((text) => text.endsWith("// push")) + 1;
const FINDING = `abort-vault.ts-${PUSH}`;
const INVARIANT = `invariant-vault.ts-${lines.findIndex((text) => text.endsWith("// invariant")) + 1}`;

/** Inside the package, so that a generated test finds it: `vdevbox/testing` is this very package there. */
const INSIDE = join(packageRoot(), `build/out/fuzz-test-${process.pid}`);
let module = "";
let mended: { readonly wasm: Uint8Array; readonly sourceMap: string };

beforeAll(async () => {
  mkdirSync(join(INSIDE, "vdevs"), { recursive: true });
  module = join(INSIDE, "vdevs/vault.wasm");
  const file = join(packageRoot(), SOURCE);
  const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
  writeFileSync(module, wasm);
  writeFileSync(`${module}.map`, sourceMap);
  const text = lines
    .join("\n")
    .replace("assert(++state.count <= DEPTH", "assert(state.count >= DEPTH || ++state.count <= DEPTH");
  const other = join(INSIDE, "vault.ts");
  writeFileSync(other, text);
  mended = await compileVdev({ file: other, projectDir: packageRoot() });
}, 60_000);
afterAll(() => rmSync(INSIDE, { recursive: true, force: true }));

const out = (name: string) => join(scratch(), name);
const corpusOf = (folder: string) => readdirSync(join(folder, "corpus")).sort();

describe("vdevbox fuzz", () => {
  const campaign = join(INSIDE, "campaign");

  it("finds a mistake, tells where it is, and writes what leads to it", () => {
    const { code, out: text, err } = vdevbox("fuzz", module, "--executions", "3000", "--out", campaign);
    expect(err).not.toContain("at ");
    expect(code).toBe(1);
    expect(text).toContain(`${SOURCE}:${PUSH}`);
    expect(text).toMatch(/9 operations in .*findings/);
    expect(text).toMatch(/2 findings in .* executions .*edges .*programs in the corpus/);
    const folder = join(campaign, "findings", FINDING);
    const script = readFileSync(join(folder, "program.script"), "utf8");
    expect(script.trimEnd().split("\n")).toHaveLength(9);
    const replayed = vdevbox("replay", join(folder, "finding.rec"), "--module-path", join(INSIDE, "vdevs"));
    expect(replayed.out + replayed.err).toContain("identical");
    const run = vdevbox(
      "run",
      join(folder, "vm.qvmconf"),
      "--guest",
      join(folder, "program.script"),
      "--module-path",
      join(INSIDE, "vdevs"),
    );
    expect(run.code).toBe(6);
    expect(run.out + run.err).toContain(`${SOURCE}:${PUSH}`);
    const told = readFileSync(join(folder, "finding.md"), "utf8");
    expect(told).toContain(script.trimEnd());
    const words = told.slice(told.indexOf("In words:")).split("\n");
    expect(words.find((line) => line.startsWith("trap "))).toMatch(
      / writes 0x\w+, \d bytes?, to 0x\w+; vault takes it/,
    );
    expect(words.find((line) => line.startsWith("fault "))).toContain("the FIFO is full");
  });

  it("writes a test that fails, and passes once the device is mended", () => {
    const test = join(campaign, "findings", FINDING, `${FINDING}.test.ts`);
    const config = join(INSIDE, "vitest.config.mjs"); // not this repository's own
    writeFileSync(config, "export default {};\n");
    const vitest = () => {
      const { status, stdout, stderr } = spawnSync(
        process.execPath,
        [
          join(packageRoot(), "node_modules/vitest/vitest.mjs"),
          "run",
          "--config",
          config,
          "--root",
          join(campaign, "findings"),
          test,
        ],
        { cwd: packageRoot(), encoding: "utf8", timeout: 60_000 },
      );
      return { status, stdout: stdout + stderr };
    };
    const broken = vitest();
    expect(broken.status).toBe(1);
    expect(broken.stdout).toContain("the FIFO is full");
    const saved = readFileSync(module);
    writeFileSync(module, mended.wasm);
    const passing = vitest();
    writeFileSync(module, saved);
    expect(passing.stdout).toContain("1 passed");
    expect(passing.status).toBe(0);
  }, 60_000);

  it("goes on where it was, and does not tell again what it has told", () => {
    const before = corpusOf(campaign);
    const { code, out: text } = vdevbox("fuzz", module, "--executions", "300", "--out", campaign, "--seed", "2");
    expect(code).toBe(0);
    expect(text).toMatch(/\d+ programs? to begin with/);
    expect(text).toContain("no findings");
    expect(corpusOf(campaign)).toEqual(expect.arrayContaining(before));
    const findings = readdirSync(join(campaign, "findings")).filter((name) => name !== "node_modules"); // vitest's own
    expect(findings.sort()).toEqual([FINDING, INVARIANT]);
  });

  it("makes the same campaign with the same seed", () => {
    const [a, b] = [out("a"), out("b")];
    for (const folder of [a, b]) vdevbox("fuzz", module, "--executions", "4000", "--seed", "5", "--out", folder);
    expect(corpusOf(a)).toEqual(corpusOf(b));
    expect(corpusOf(a).length).toBeGreaterThan(3);
  });

  it("loses nothing when it is killed", async () => {
    const folder = out("killed");
    const child = spawn(
      process.execPath,
      ["build/vdevbox.mjs", "fuzz", module, "--seconds", "60", "--out", folder, "--json"],
      {
        cwd: packageRoot(),
      },
    );
    let text = "";
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (text.includes(`vault.ts:${PUSH}`)) child.kill("SIGKILL");
      });
      child.on("close", () => resolve());
    });
    expect(existsSync(join(folder, "findings", FINDING, "finding.json"))).toBe(true);
    const { out: again } = vdevbox("fuzz", module, "--executions", "500", "--out", folder);
    expect(again).toMatch(/\d+ programs? to begin with/);
    expect(again).not.toContain("fault:");
  });

  it("goes on without a job that is killed, and says so", async () => {
    const words = ["fuzz", "wdt-ib700.wasm", "--jobs", "2", "--seconds", "60", "--out", out("jobs"), "--json"];
    const cwd = join(packageRoot(), "build/out/vdevs");
    const child = spawn(process.execPath, [join(packageRoot(), "build/vdevbox.mjs"), ...words], { cwd });
    let [text, err] = ["", ""];
    let isKilled = false;
    child.stdout.on("data", (chunk) => {
      text += chunk;
      if (isKilled || !text.includes("progress")) return;
      const [job] = readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, "utf8").trim().split(" ");
      process.kill(Number(job), "SIGKILL");
      isKilled = true;
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
      if (err.includes("note: job")) child.kill("SIGINT");
    });
    const code = await new Promise((resolve) => child.on("close", resolve));
    expect(err).toMatch(
      /^note: job [12] of 2 was ended by SIGKILL; what it had found is in .*jobs, and the others go on$/m,
    );
    expect(text).toContain('"kind":"end"');
    expect(code).toBe(2);
  });

  it("prints lines of JSON for programs that read them", () => {
    const { out: text } = vdevbox("fuzz", module, "--executions", "3000", "--out", out("json"), "--json");
    const kinds = text
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line));
    expect(kinds.map(({ kind }) => kind)).toEqual(expect.arrayContaining(["finding", "end"]));
    expect(kinds.find(({ kind, rule }) => kind === "finding" && rule === "abort")).toMatchObject({
      isConfirmed: true,
      operations: 9,
    });
  });
});

describe("what cannot be fuzzed", () => {
  it.each([
    [["fuzz"], 2, "fuzz needs a configuration or a module"],
    [["fuzz", "nowhere.wasm"], 2, "there is no module for vdev nowhere"],
    [["fuzz", "package.json"], 2, "package.json"],
    [["fuzz", "examples/trace/trace.qvmconf", "--shard", "4/4"], 2, "--shard takes I/N"],
    [["fuzz", "examples/trace/trace.qvmconf", "--jobs", "0"], 2, "--jobs takes a number from 1 to 256"],
    [["fuzz", "examples/trace/trace.qvmconf", "--seeds", "/nowhere"], 2, "there is no such file or folder"],
    [["fuzz", "examples/trace/trace.qvmconf", "--out", "package.json"], 2, "package.json"],
    [
      ["fuzz", "examples/trace/trace.qvmconf", "--merge", "--out", "/nowhere"],
      2,
      "/nowhere: there is no campaign here",
    ],
    [["fuzz", "examples/trace/trace.qvmconf", "--reference", "no.ts"], 2, "no.ts: there is no such file"],
  ])("%j is told in a sentence", (words, code, sentence) => {
    const given = words.includes("--out") || words.length === 1 ? words : [...words, "--out", out("none")];
    const got = vdevbox(...given);
    expect(got.err).toContain(sentence);
    expect(got.err).not.toMatch(/^\s+at /m);
    expect(got.code).toBe(code);
  });

  it("a module that is none", () => {
    const file = out("rubbish.wasm");
    writeFileSync(file, "rubbish");
    const { code, err } = vdevbox("fuzz", file, "--out", out("rubbish"));
    expect(err).toContain("is no WebAssembly module");
    expect(code).toBe(2);
  });

  it("a corpus of rubbish is left out, and said so once", () => {
    const folder = out("bad");
    mkdirSync(join(folder, "corpus"), { recursive: true });
    for (const i of [1, 2, 3]) writeFileSync(join(folder, "corpus", `${i}.script`), `rubbish ${i}\n`);
    writeFileSync(join(folder, "corpus", "4.script"), "writel 0x1c000000 1\n");
    const { code, err } = vdevbox("fuzz", module, "--executions", "100", "--out", folder);
    expect(err).toContain("1.script:1:1");
    expect(err).toContain("and 2 more files");
    expect(code).toBe(0);
  });
});
