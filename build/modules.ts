import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, relative } from "node:path";
import { compileAssembly } from "./asc/compile.ts";
import { type BuildResult, buildVdevs } from "./asc/incremental.ts";

const DISPATCHER = "host/dispatcher/assembly/dispatcher.ts";
const DISPATCHER_INPUTS = [DISPATCHER, "host/dispatcher/assembly/layout.ts", "package.json", "build/modules.ts"];
const DISPATCHER_FLAGS = [
  ...["-O3", "--noAssert", "--runtime", "stub", "--importTable"],
  ...["--memoryBase", "512", "--initialMemory", "127", "--maximumMemory", "127"],
];

/** What the benchmark of the gate leaves out; nothing else may be built like this. */
export const NO_GATE_FLAGS = ["--use", "VDEVBOX_NO_GATE=1"];

/** A compilation takes a second or more: say what is going on. */
const onCompile = (file: string) => console.error(`compiling ${relative(process.cwd(), file)}…`);

/** Compiles the AssemblyScript of this repository. @returns the exit code: 0, or 1 when something did not compile */
export async function buildModules(root: string): Promise<number> {
  const out = join(root, "build/out");
  mkdirSync(out, { recursive: true });
  await buildDispatcher(root, join(out, "dispatcher.wasm"), DISPATCHER_FLAGS);
  await buildDispatcher(root, join(out, "dispatcher-ungated.wasm"), [...DISPATCHER_FLAGS, ...NO_GATE_FLAGS]);
  const results = [
    ...(await buildVdevs(vdevSources(root), { outDir: join(out, "vdevs"), onCompile })),
    ...(await buildBenchVdevs(root, join(out, "bench"))),
  ];
  const failed = results.flatMap((result) => (result.status === "failed" ? result.errors : []));
  for (const error of failed) console.error(error.toString());
  return failed.length === 0 ? 0 : 1;
}

/** What `vdevbox bench` runs: `bench/vdevs/*.ts` as an author's vdevs are built, and once more without the gate. */
async function buildBenchVdevs(root: string, outDir: string): Promise<readonly BuildResult[]> {
  const folder = join(root, "bench/vdevs");
  if (!existsSync(folder)) return []; // an installed package has no benchmarks
  const sources = readdirSync(folder).filter((name) => name.endsWith(".ts"));
  const files = sources.map((name) => join(folder, name));
  const ungated = join(outDir, "ungated");
  return [
    ...(await buildVdevs(files, { outDir, cacheDir: join(outDir, "cache"), onCompile })),
    ...(await buildVdevs(files, {
      outDir: ungated,
      cacheDir: join(ungated, "cache"),
      extraFlags: NO_GATE_FLAGS,
      onCompile,
    })),
  ];
}

/** `vdevs/NAME/NAME.ts` for every folder of vdevs/. */
function vdevSources(root: string): string[] {
  return readdirSync(join(root, "vdevs"), { withFileTypes: true })
    .filter((entry) => entry.isDirectory())
    .map(({ name }) => join(root, "vdevs", name, `${name}.ts`))
    .filter((file) => existsSync(file));
}

/** Compiles the dispatcher unless the same inputs were compiled before. */
async function buildDispatcher(root: string, outFile: string, flags: readonly string[]): Promise<void> {
  const hash = createHash("sha256").update(flags.join(" "));
  for (const input of DISPATCHER_INPUTS) hash.update(readFileSync(join(root, input)));
  const digest = hash.digest("hex");
  const record = `${outFile}.inputs`;
  if (existsSync(outFile) && existsSync(record) && readFileSync(record, "utf8") === digest) return;
  onCompile(outFile);
  await compileAssembly({ file: join(root, DISPATCHER), outFile, flags, projectDir: root });
  writeFileSync(record, digest);
}
