import { createHash } from "node:crypto";
import { existsSync, readFileSync, statSync } from "node:fs";
import { basename } from "node:path";
import type { GateEntry } from "../../abi/definition/schema.ts";
import { UserError } from "../errors.ts";
import { asyncify } from "./asyncify.ts";
import { checkModule } from "./check-module.ts";
import { CONTRACT_VERSION, FRAME_BYTES, FRAME_COUNT } from "./contract.ts";
import { type FuzzBuild, type FuzzInstrumentation, FuzzPasses } from "./passes/fuzz.ts";
import { defaultPasses, instrument } from "./passes/instrument.ts";
import { MemoryAccessPass, type MemoryInstrumentation } from "./passes/memory-access.ts";
import { FUZZ_EXPORT, type Pass } from "./passes/pass.ts";
import { withShared } from "./passes/shared.ts";
import { type SharedWords, sharedWords } from "./passes/shared-globals.ts";
import { SWITCH_EXPORTS } from "./passes/switching.ts";
import { type ModuleSource, readSourceMap, type SourceMap } from "./source-map.ts";
import { moveSourceMap } from "./source-map-writer.ts";
import type { Limits, WasmModule } from "./wasm/module.ts";
import { readModule } from "./wasm/read-module.ts";
import { threadModule } from "./wasm/thread-module.ts";

export interface LoadOptions {
  /** Passes to apply; all default protections unless given. The benchmark of the gate loads without. */
  readonly passes?: readonly Pass[];
  /** Makes a module whose calls can be left and come back to: for a VM with threads. */
  readonly resumable?: boolean;
  /**
   * Shows the host the module's memory accesses. `preempt`: a thread can also be left at each of them, in a resumable
   * module.
   */
  readonly watch?: "accesses" | "preempt";
  /** Makes a build for fuzzing: edges are counted, memory is put back by what was written; and comparisons are logged. */
  readonly fuzz?: FuzzBuild;
  /** Makes a build for parallel threads, each with an instance of its own over one memory. Goes with no other build. */
  readonly shared?: boolean;
}

/**
 * What instances of a module for parallel threads are made of, beside `compiled`, which is for the first. That one writes
 * the module's data and runs `__vdevbox_start`; it is the main thread's.
 */
export interface SharedModule {
  /** For all later instances: no data, no `__vdevbox_start`; else the same imports, exports and code at the same offsets. */
  readonly thread: WebAssembly.Module;
  /** Of the memory to import as `vdevbox.memory`, shared. */
  readonly memory: { readonly initial: number; readonly maximum: number };
  /** Where the words lie that the instances share beside what the module sees. */
  readonly words: SharedWords;
}

/** A module whose memory accesses the host is shown. */
export interface WatchedModule extends MemoryInstrumentation {
  /** Source map of the module as it was built, for the places of its accesses. */
  readonly map: SourceMap | undefined;
  /** Whether a thread can be left at an access. */
  readonly yields: boolean;
  /** Addresses below belong to nothing: a NULL pointer was followed. */
  readonly nullEnd: number;
}

/** A module built for fuzzing; see the passes for what they add. */
export interface FuzzedModule extends FuzzInstrumentation {
  /** Source map of the module as it was built, for the places of its edges. */
  readonly map: SourceMap | undefined;
}

/** A module checked, instrumented and compiled: what instances are made of. */
export interface LoadedModule {
  readonly file: string;
  /** SHA-256 of the file, hexadecimal. */
  readonly hash: string;
  /** Name V8 gives the module in stack traces. */
  readonly id: string;
  readonly compiled: WebAssembly.Module;
  /** ABI functions the module imports. */
  readonly calls: readonly GateEntry[];
  /** Said once when the module is loaded: functions that answer ENOSYS, signatures that are not portable. */
  readonly notes: readonly string[];
  /** What stack frames of the running module are resolved with. */
  readonly source: ModuleSource;
  /** The module as read from its file, for analysis. */
  readonly wasm: WasmModule;
  /** Whether its calls into the host can be left and come back to. */
  readonly isResumable: boolean;
  /** Set when the host is shown its memory accesses. */
  readonly watched: WatchedModule | undefined;
  /** Set in a build for fuzzing. */
  readonly fuzz: FuzzedModule | undefined;
  /** Set in a build for parallel threads. */
  readonly shared: SharedModule | undefined;
}

const cache = new Map<string, LoadedModule>();

/**
 * Loads a vdev module: reads it, checks what it imports and exports, puts in the limits and compiles it. The result is
 * kept by content, so a second vdev of the same type costs an instance only.
 * @throws UserError when the file is missing, is no WebAssembly, or is no vdev module
 */
export function loadModule(file: string, options: LoadOptions = {}): LoadedModule {
  if (!existsSync(file) || !statSync(file).isFile()) {
    throw new UserError(`there is no module ${file}; build it with \`vdevbox build\``);
  }
  const mapFile = `${file}.map`;
  const map = existsSync(mapFile) ? () => readFileSync(mapFile, "utf8") : undefined;
  return loadOnce(readFileSync(file), file, map, options);
}

/** `loadModule` for bytes that are at hand; `file` is how messages name them, `map` the text of their source map. */
export function loadModuleBytes(
  bytes: Uint8Array,
  file: string,
  map?: string,
  options: LoadOptions = {},
): LoadedModule {
  return loadOnce(bytes, file, map === undefined ? undefined : () => map, options);
}

/** @param map asked only for a module that is not known yet: it is many times as long */
function loadOnce(
  bytes: Uint8Array,
  file: string,
  map: (() => string) | undefined,
  options: LoadOptions,
): LoadedModule {
  const hash = createHash("sha256").update(bytes).digest("hex");
  const passes = options.passes ?? defaultPasses();
  const { resumable, watch, fuzz, shared } = options;
  if (shared && (resumable || watch !== undefined || fuzz !== undefined)) {
    throw new RangeError("a build for parallel threads cannot be resumable, watched or for fuzzing");
  }
  const build = [resumable ? "resumable" : "", watch ?? "", fuzz ?? "", ...(shared ? ["shared"] : [])].join(" ");
  const key = [hash, file, map === undefined ? "" : "map", ...passes.map((pass) => pass.key), build].join("|");
  const known = cache.get(key);
  if (known !== undefined) return known;
  const loaded = load(bytes, file, map?.(), hash, { ...options, passes }, build);
  cache.set(key, loaded);
  return loaded;
}

const MAGIC = [0x00, 0x61, 0x73, 0x6d];

function load(
  bytes: Uint8Array,
  file: string,
  map: string | undefined,
  hash: string,
  { passes, resumable, watch, fuzz, shared }: LoadOptions & { readonly passes: readonly Pass[] },
  build: string,
): LoadedModule {
  if (!MAGIC.every((byte, i) => bytes[i] === byte)) throw new UserError(`${file} is no WebAssembly module`);
  const module = inFile(file, () => readModule(bytes));
  const { calls, notes } = checkModule(module, file);
  const isResumable = resumable === true;
  // In one rewriting with the limits where that can be, so that these are counted as in the plain module.
  const isFirst = isResumable || watch !== undefined;
  const fuzzing = fuzz === undefined ? undefined : new FuzzPasses(fuzz, isFirst);
  const first = inFile(file, () => firstStage({ bytes, map }, isFirst ? fuzzing : undefined, watch !== undefined));
  const base = isResumable ? inFile(file, () => asyncify(first.bytes, first.map, LEFT[watch ?? "no"])) : first;
  const passKeys = createHash("sha256")
    .update(passes.map((pass) => pass.key).join() + build)
    .digest("hex");
  const id = `${basename(file, ".wasm")
    .replaceAll(/[^\w.@+-]/g, "_")
    .slice(0, 60)}-${hash.slice(0, 12)}-${passKeys.slice(0, 6)}`;
  const limits = isFirst || fuzzing === undefined ? passes : [...passes, ...fuzzing.passes];
  const { bytes: rewritten, offsets } = inFile(file, () =>
    instrument(base.bytes, {
      id,
      passes: shared ? withShared(limits) : limits,
      hosts: [
        ...(isFirst && fuzzing !== undefined ? Object.values(FUZZ_EXPORT) : []),
        // Called between callbacks: whatever is left of a callback's steps is not theirs to use up.
        ...(isResumable ? SWITCH_EXPORTS : []),
      ],
    }),
  );
  const compiled = new WebAssembly.Module(rewritten);
  checkConstants(module, compiled, file);
  const readMap = (text: string | undefined) =>
    text === undefined ? undefined : inFile(`${file}.map`, () => readSourceMap(text));
  const source = { map: readMap(base.map), offsets };
  const { watching } = first;
  const ownMap = watching === undefined && fuzzing === undefined ? undefined : readMap(map);
  return {
    ...{ file, hash, id, compiled, calls, notes, source, wasm: module, isResumable },
    watched: watching && { ...watching, yields: watch === "preempt", map: ownMap, nullEnd: nullEndOf(module) },
    fuzz: fuzzing && { ...fuzzing.result, map: ownMap },
    shared: shared ? sharedModule(module, rewritten) : undefined,
  };
}

/** One stage of what becomes of a module. */
interface Build {
  readonly bytes: Uint8Array;
  readonly map: string | undefined;
}

/** Imports at which a resumable module can be left, for each way to watch it; none stands for all. */
const LEFT = { no: [], accesses: ["qvm.*", "posix.*"], preempt: [] } as const;

/** Must come before Asyncify, whose own saving and restoring is nothing of the author's. */
function firstStage(
  { bytes, map }: Build,
  fuzzing: FuzzPasses | undefined,
  watches: boolean,
): Build & { readonly watching?: MemoryInstrumentation } {
  const watching = watches ? new MemoryAccessPass() : undefined;
  const passes = [...(fuzzing?.passes ?? []), ...(watching === undefined ? [] : [watching])];
  if (passes.length === 0) return { bytes, map };
  const made = instrument(bytes, { id: "shown", passes });
  return {
    bytes: made.bytes,
    map: map === undefined ? undefined : moveSourceMap(map, made.offsets),
    ...(watching && { watching: watching.result }),
  };
}

function sharedModule(module: WasmModule, rewritten: Uint8Array): SharedModule {
  const { minimum, maximum } = module.memories[0]!;
  return {
    thread: new WebAssembly.Module(threadModule(rewritten, "__vdevbox_start")),
    memory: { initial: minimum, maximum: maximum! },
    words: sharedWords(module),
  };
}

function nullEndOf(module: WasmModule): number {
  return Math.min(NULL_BYTES, ...module.data.map(({ start }) => start ?? 0));
}

/** AssemblyScript puts nothing below; a module of another compiler may. */
const NULL_BYTES = 1024;

/** Puts the file's name in front of what its bytes are refused for. */
function inFile<T>(file: string, read: () => T): T {
  try {
    return read();
  } catch (error) {
    if (error instanceof UserError) throw new UserError(error.message, { file });
    throw error;
  }
}

/** An instance of which nothing runs. */
function tryInstance(compiled: WebAssembly.Module, imports: WebAssembly.Imports, file: string): WebAssembly.Instance {
  try {
    return new WebAssembly.Instance(compiled, imports);
  } catch (error) {
    throw new UserError(`${file} cannot be instantiated: ${(error as Error).message}`);
  }
}

/** The numbers the module exports: version of the contract, and frames inside its memory. */
function checkConstants(module: WasmModule, compiled: WebAssembly.Module, file: string): void {
  const stub = () => {
    throw new Error("called");
  };
  const imports: WebAssembly.Imports = {};
  const [{ minimum, maximum }] = module.memories as [Limits];
  for (const { module: from, name, kind } of WebAssembly.Module.imports(compiled)) {
    imports[from] ??= {};
    imports[from][name] =
      kind === "memory" ? new WebAssembly.Memory({ initial: minimum, maximum: maximum!, shared: true }) : stub;
  }
  const exports = tryInstance(compiled, imports, file).exports as Record<string, WebAssembly.Global>;
  const version = exports.__vdevbox_abi!.value;
  if (version !== CONTRACT_VERSION) {
    throw new UserError(
      `${file} was built for version ${version} of the vdevbox contract, and this host has ${CONTRACT_VERSION}; build it again`,
    );
  }
  const frames = exports.__vdevbox_frame!.value >>> 0;
  const end = module.memories[0]!.minimum * 65536;
  if (frames % FRAME_BYTES !== 0 || frames === 0 || frames + FRAME_BYTES * FRAME_COUNT > end) {
    throw new UserError(`${file} puts its frames at ${frames}, which is not inside its memory; build it again`);
  }
}
