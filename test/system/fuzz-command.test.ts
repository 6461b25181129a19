/** Longer campaigns of `vdevbox fuzz` as it is typed. Oracle: docs/fuzzing.md, and the remarks in the device's source. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "../e2e/command-line.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/vault.ts");
const lines = readFileSync(SOURCE, "utf8").split("\n");
const FINDING = `abort-vault.ts-${lines.findIndex((text) => text.endsWith("// push")) + 1}`;

const INSIDE = join(packageRoot(), `build/out/fuzz-command-${process.pid}`);
const module = join(INSIDE, "vault.wasm");
beforeAll(async () => {
  mkdirSync(INSIDE, { recursive: true });
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  writeFileSync(module, wasm);
  writeFileSync(`${module}.map`, sourceMap);
}, 60_000);
afterAll(() => rmSync(INSIDE, { recursive: true, force: true }));

const out = (name: string) => join(scratch(), name);
const corpusOf = (folder: string) => readdirSync(join(folder, "corpus")).sort();

it("a campaign merges: fewer programs that cover as much", () => {
  const folder = out("merged");
  vdevbox("fuzz", module, "--executions", "3000", "--out", folder);
  const before = corpusOf(folder).length;
  const edges = () => {
    const { out: text } = vdevbox("fuzz", module, "--executions", "1", "--out", folder, "--json");
    return JSON.parse(text.trim().split("\n").at(-1)!).edges;
  };
  const covered = edges();
  expect(vdevbox("fuzz", module, "--merge", "--out", folder).out).toMatch(/programs left, \d+ taken out/);
  expect(corpusOf(folder).length).toBeLessThan(before);
  rmSync(join(folder, "findings"), { recursive: true });
  expect(edges()).toBeGreaterThanOrEqual(covered);
});

it("a campaign shares what jobs find, in one folder, and ends them all", () => {
  const folder = out("jobs");
  const { code, out: text } = vdevbox("fuzz", module, "--executions", "3000", "--jobs", "2", "--out", folder);
  expect(code).toBe(1);
  expect(text).toContain("2 jobs: ");
  expect(readdirSync(join(folder, "findings"))).toContain(FINDING);
});
