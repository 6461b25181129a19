/** What `vdevbox fuzz --merge` keeps. Oracle: nothing that was found is lost, and a campaign stays that of its vdevs. */
import { copyFileSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox } from "../e2e/command-line.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/vault.ts");
const INSIDE = join(packageRoot(), `build/out/fuzz-merge-${process.pid}`); // where a copy of it finds what it imports
const PL011 = "build/out/vdevs/pl011.wasm";
const out = (name: string) => join(scratch(), name);
const corpusOf = (folder: string) => readdirSync(join(folder, "corpus")).sort();

/** The vault as it is, and one whose FIFO takes everything. */
let broken = "";
let mended = "";

beforeAll(async () => {
  const text = readFileSync(SOURCE, "utf8");
  const taken = text.replace("assert(++state.count <= DEPTH", "assert(state.count >= DEPTH || ++state.count <= DEPTH");
  const make = async (name: string, file: string): Promise<string> => {
    const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
    mkdirSync(join(INSIDE, name), { recursive: true });
    const module = join(INSIDE, name, "vault.wasm");
    writeFileSync(module, wasm);
    writeFileSync(`${module}.map`, sourceMap);
    return module;
  };
  broken = await make("broken", SOURCE);
  writeFileSync(join(INSIDE, "mended.ts"), taken);
  mended = await make("mended", join(INSIDE, "mended.ts"));
}, 60_000);
afterAll(() => rmSync(INSIDE, { recursive: true, force: true }));

it("tells what programs of the corpus find by now, and keeps them, and files that are no programs", () => {
  const found = out("found");
  vdevbox("fuzz", broken, "--executions", "20000", "--out", found);
  const overrun = readdirSync(join(found, "findings")).find((name) => name.startsWith("abort"))!;
  const folder = out("merge");
  vdevbox("fuzz", mended, "--executions", "1000", "--out", folder);
  copyFileSync(join(found, "findings", overrun, "program.script"), join(folder, "corpus", "overrun.script"));
  writeFileSync(join(folder, "corpus", "notes.script"), "my own notes\n");
  const { code, out: text } = vdevbox("fuzz", broken, "--merge", "--out", folder);
  expect(text).toContain("the FIFO is full");
  expect(code).toBe(1);
  const rules = readdirSync(join(folder, "findings")).map((name) => name.split("-")[0]);
  expect(rules).toContain("abort");
  expect(corpusOf(folder)).toEqual(expect.arrayContaining(["notes.script", "overrun.script"]));
}, 120_000);

it("does not empty a campaign of another vdev", () => {
  const folder = out("other");
  vdevbox("fuzz", mended, "--executions", "1000", "--out", folder);
  const before = corpusOf(folder);
  const { code, err } = vdevbox("fuzz", PL011, "--merge", "--out", folder);
  expect(err).toContain("this is a campaign of vault: for pl011 most of its corpus would be taken out");
  expect(code).toBe(2);
  expect(corpusOf(folder)).toEqual(before);
  expect(vdevbox("fuzz", PL011, "--executions", "1", "--out", folder).err).toContain(
    "a campaign of other vdevs: vault",
  );
});
