import { existsSync, readFileSync } from "node:fs";
import type { GateEntry } from "../../abi/definition/schema.ts";
import { QVM_VDEV_ABI } from "../../abi/generated/constants.ts";
import { CONTRACT_VERSION } from "../sandbox/contract.ts";
import { type LoadedModule, loadModule } from "../sandbox/load.ts";
import { functionName, type WasmModule } from "../sandbox/wasm/module.ts";
import { Reachability, type Reachable } from "./analysis/reach.ts";
import { type EntryPoint, entryPointsOf, moduleStart } from "./entry-points.ts";
import { factoryReport, functionsOf } from "./factories.ts";
import { type CallsByIndex, findingsAt, namesOf, startFinding, withoutRepeats } from "./findings.ts";
import { importReport, notPortable } from "./imports.ts";
import { missingCallbacks } from "./missing-callbacks.ts";
import { importedOf } from "./own-constants.ts";
import { SourcePlaces } from "./places.ts";
import type { CallbackReport, CheckReport, ModuleReport } from "./report.ts";
import { breaches } from "./rules.ts";
import { startModule } from "./start-module.ts";
import { isFollowed, threadPoints } from "./thread-points.ts";
import { unmadeMutex } from "./unmade-mutex.ts";

export { formatCheckReport } from "./format.ts";
export type { CheckReport } from "./report.ts";

/** AssemblyScript's allocators, whichever runtime: what `new`, string operations and heap.alloc() come down to. */
const ALLOCATOR = /^~lib\/rt\/\w+\/__(new|alloc|renew|realloc)$/;

export interface CheckOptions {
  /** Constants to be listed when the author's sources import them; see own-constants.ts. */
  readonly ownConstants?: ReadonlySet<string>;
}

/**
 * Says what a module is, and proves for each of its callbacks which ABI calls it can reach: the rules the gate would
 * enforce, before anything but the top level has run.
 * @throws UserError when the module cannot be loaded as a vdev
 */
export function checkModuleFile(file: string, options: CheckOptions = {}): CheckReport {
  const module = loadModule(file);
  const map = existsSync(`${file}.map`) ? readFileSync(`${file}.map`, "utf8") : undefined;
  const { instance, findings: atStart } = startModule(module);
  const reachability = new Reachability(module.wasm, allocatorsOf(module.wasm));
  const places = new SourcePlaces(module, reachability, map);
  const calls = callsByIndex(module);
  const factories = instance.factories.map((factory) => ({ factory, functions: functionsOf(instance, factory) }));
  const points = [
    ...startOf(module.wasm),
    ...factories.flatMap(({ factory, functions }) => entryPointsOf(factory, functions)),
  ];
  const analyse = (point: EntryPoint) => ({ point, reachable: reachability.from(point.func, point.args) });
  const callbacks = points.map(analyse);
  const analysed = [...callbacks, ...threadPoints(callbacks, reachability, calls, places).map(analyse)];
  const findings = withoutRepeats([
    ...atStart.map(startFinding),
    ...analysed.flatMap(({ point, reachable }) => findingsAt(point, reachable, calls, places)),
    ...factories.flatMap(({ factory }) => missingCallbacks(factory, analysed, calls, places)),
    ...factories.flatMap(({ factory }) => unmadeMutex(factory, points, reachability, calls, places)),
  ]);
  return {
    verdict: findings.length === 0 ? "ok" : "findings",
    module: moduleReport(module, factories.length > 0),
    imports: module.calls.map(importReport),
    notPortable: notPortable(module.calls),
    ownConstants: importedOf(places.sources, options.ownConstants ?? new Set()),
    factories: factories.map(({ factory, functions }) => factoryReport(factory, functions, places)),
    callbacks: analysed.map(({ point, reachable }) => callbackReport(point, reachable, calls, places)),
    findings,
    notes: [...module.notes, ...notFollowed(module.calls)],
  };
}

function allocatorsOf(module: WasmModule): ReadonlySet<number> {
  const all = module.functionTypes.map((_, index) => index);
  return new Set(all.filter((index) => ALLOCATOR.test(functionName(module, index))));
}

function callsByIndex(module: LoadedModule): CallsByIndex {
  const entries = new Map(module.calls.map((entry) => [`${entry.module}.${entry.name}`, entry]));
  const calls = new Map<number, GateEntry>();
  for (const { kind, index, module: from, name } of module.wasm.imports) {
    const entry = kind === "function" ? entries.get(`${from}.${name}`) : undefined;
    if (entry !== undefined) calls.set(index, entry);
  }
  return calls;
}

/** The top level has run, but not every way through it. */
function startOf(module: WasmModule): EntryPoint[] {
  const start = module.exports.find(({ kind, name }) => kind === "function" && name === "__vdevbox_start");
  return start === undefined ? [] : [moduleStart(start.index)];
}

function moduleReport(module: LoadedModule, registered: boolean): ModuleReport {
  const memory = module.wasm.memories[0]!;
  return {
    file: module.file,
    sha256: module.hash,
    bytes: module.wasm.bytes.length,
    memory: { minimum_pages: memory.minimum, maximum_pages: memory.maximum! },
    contract: CONTRACT_VERSION,
    // A factory for another version is refused, so this is the one that was given.
    ...(registered ? { vdev_abi: QVM_VDEV_ABI } : {}),
    source_map: module.source.map !== undefined,
  };
}

function callbackReport(
  point: EntryPoint,
  reachable: Reachable,
  calls: CallsByIndex,
  places: SourcePlaces,
): CallbackReport {
  const names = namesOf(reachable, calls);
  const refused = [...calls.values()]
    .filter((entry) => names.includes(entry.name))
    .filter((entry) => point.early.some((context) => breaches(entry, context, true).some(isRefusal)))
    .map((entry) => entry.name);
  return {
    title: point.title,
    callback: point.callback,
    ...(point.factory === undefined ? {} : { factory: point.factory }),
    ...(point.ctrl === undefined ? {} : { ctrl: point.ctrl }),
    function: places.functionName(point.func),
    calls: names,
    ...(refused.length === 0 ? {} : { refused_at_startup: refused.sort() }),
  };
}

function isRefusal({ severity }: { readonly severity: string }): boolean {
  return severity === "violation";
}

/** Callbacks that are no members of a factory: where they come from cannot be seen in the module. */
function notFollowed(calls: readonly GateEntry[]): string[] {
  const gives = (entry: GateEntry) => entry.params.some(({ type }) => type.kind === "callback");
  const givers = calls.filter((entry) => gives(entry) && !isFollowed(entry.name));
  return givers.map((entry) => `what a callback given to ${entry.name}() calls is not followed`);
}
