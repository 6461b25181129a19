import { edgeSpans } from "../sandbox/edge-spans.ts";
import { isLibrary } from "../sandbox/library.ts";
import type { LoadedModule } from "../sandbox/load.ts";
import { type DefinedFunction, functionName } from "../sandbox/wasm/module.ts";
import { walkBody } from "../sandbox/wasm/walk.ts";
import { sdkDecisions } from "./sdk-decisions.ts";

/** A module, and which of its edges were taken, by number. */
export interface TakenEdges {
  readonly module: LoadedModule;
  readonly taken: readonly boolean[];
}

/** Parts that were reached, of all there are. */
export interface Reached {
  reached: number;
  all: number;
}

/** What of the authors' sources was reached. */
export interface SourceCoverage {
  readonly lines: Reached;
  /** Ways of conditions. */
  readonly branches: Reached;
  /** The same in detail, as LCOV has it; a count says whether and not how often. */
  readonly lcov: string;
}

/** What is known of one source file. */
class CoveredFile {
  readonly lines = new Map<number, boolean>();
  readonly functions = new Map<string, { readonly line: number; called: boolean }>();
  /** By condition: its line, and for each way whether it was taken. */
  readonly conditions = new Map<string, { readonly line: number; readonly ways: Map<number, boolean> }>();
}

/** Coverage of AssemblyScript sources, by line and by branch of the compiled code. Modules without a source map are left out. */
export function sourceCoverage(modules: readonly TakenEdges[]): SourceCoverage {
  const files = new Map<string, CoveredFile>();
  for (const one of modules) if (one.module.fuzz?.map !== undefined) addModule(files, one);
  const lines = { reached: 0, all: 0 };
  const branches = { reached: 0, all: 0 };
  const records = [...files.keys()].sort().map((name) => recordOf(name, files.get(name)!, lines, branches));
  return { lines, branches, lcov: records.join("") };
}

function addModule(files: Map<string, CoveredFile>, { module, taken }: TakenEdges): void {
  const { edges } = module.fuzz!;
  const spans = edgeSpans(module.wasm, edges);
  for (const func of module.wasm.functions) {
    if (isLibrary(functionName(module.wasm, func.index))) continue;
    const own = edges.flatMap((edge, i) => (edge.function === func.index ? [i] : []));
    const ranges = own.filter((i) => taken[i]).flatMap((i) => spans[i]!);
    walkBody(module.wasm, func, ({ offset }) => {
      const place = placeOf(module, func, offset);
      if (place === undefined) return;
      const file = fileOf(files, place.file);
      const isReached = ranges.some(({ start, end }) => offset >= start && offset < end);
      file.lines.set(place.line, isReached || file.lines.get(place.line) === true);
    });
    const sdks = sdkDecisions(module, func);
    for (const i of own) addEdge(files, module, func, i, taken[i] === true, sdks.has(edges[i]!.offset));
  }
}

function addEdge(
  files: Map<string, CoveredFile>,
  module: LoadedModule,
  func: DefinedFunction,
  number: number,
  isTaken: boolean,
  isSdks: boolean,
): void {
  const edge = module.fuzz!.edges[number]!;
  const place = placeOf(module, func, edge.offset);
  if (place === undefined) return;
  const file = fileOf(files, place.file);
  if (edge.kind === "entry") {
    const name = functionName(module.wasm, func.index);
    const short = name.slice(name.lastIndexOf("/") + 1);
    const known = file.functions.get(short) ?? { line: place.line, called: false };
    known.called ||= isTaken;
    file.functions.set(short, known);
  }
  if (edge.condition === undefined || isSdks) return;
  // Modules that have a source in common have conditions of their own there: the compiler may have made others of it.
  const key = `${module.file} ${edge.condition}`;
  const condition = file.conditions.get(key) ?? { line: place.line, ways: new Map<number, boolean>() };
  condition.ways.set(edge.way, isTaken || condition.ways.get(edge.way) === true);
  file.conditions.set(key, condition);
}

function placeOf(module: LoadedModule, { body }: DefinedFunction, offset: number) {
  const place = module.fuzz!.map!.resolve(offset, body, (file) => !isLibrary(file));
  return place?.line === undefined ? undefined : { file: place.file, line: place.line };
}

function fileOf(files: Map<string, CoveredFile>, name: string): CoveredFile {
  let file = files.get(name);
  if (file === undefined) {
    file = new CoveredFile();
    files.set(name, file);
  }
  return file;
}

/** The record of one file. Adds to the sums. */
function recordOf(name: string, file: CoveredFile, lines: Reached, branches: Reached): string {
  const out = ["TN:", `SF:${name}`];
  const functions = [...file.functions].sort(([, a], [, b]) => a.line - b.line);
  for (const [of, { line }] of functions) out.push(`FN:${line},${of}`);
  for (const [of, { called }] of functions) out.push(`FNDA:${called ? 1 : 0},${of}`);
  out.push(`FNF:${functions.length}`, `FNH:${functions.filter(([, { called }]) => called).length}`);
  const conditions = [...file.conditions.values()].sort((a, b) => a.line - b.line);
  const own = { reached: 0, all: 0 };
  for (const [block, { line, ways }] of conditions.entries()) {
    const isDecided = [...ways.values()].some((taken) => taken);
    for (const [way, taken] of [...ways].sort(([a], [b]) => a - b)) {
      out.push(`BRDA:${line},${block},${way},${taken ? 1 : isDecided ? 0 : "-"}`);
      own.all++;
      if (taken) own.reached++;
    }
  }
  out.push(`BRF:${own.all}`, `BRH:${own.reached}`);
  const numbers = [...file.lines.keys()].sort((a, b) => a - b);
  for (const line of numbers) out.push(`DA:${line},${file.lines.get(line) === true ? 1 : 0}`);
  const reached = numbers.filter((line) => file.lines.get(line) === true).length;
  out.push(`LF:${numbers.length}`, `LH:${reached}`, "end_of_record", "");
  lines.all += numbers.length;
  lines.reached += reached;
  branches.all += own.all;
  branches.reached += own.reached;
  return out.join("\n");
}
