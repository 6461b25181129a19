import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import {
  accessSync,
  constants,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { createRequire } from "node:module";
import { homedir, tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { UserError } from "../errors.ts";
import { instrument } from "./passes/instrument.ts";
import { SWITCH, switchingPass } from "./passes/switching.ts";
import { moveSourceMap } from "./source-map-writer.ts";

/** A module whose calls into the host can be left and entered again, with the source map that fits it. */
export interface AsyncifiedModule {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly map: string | undefined;
}

/** What the host calls to leave a module and to come back to it: the last is Asyncify's own, for the others see SWITCH. */
export interface SwitchExports {
  [SWITCH.leave](block: number, end: number): number;
  [SWITCH.left](scratch: number): void;
  [SWITCH.return](block: number, scratch: number): number;
  asyncify_stop_rewind(): void;
}

/** Mutable globals Asyncify adds behind a module's own: its state, and where the locals of what is left go. */
export const ASYNCIFY_GLOBALS = 2;

/** Part of the key of the cache: to be counted up when the arguments below change. */
const VERSION = 5;

/**
 * Rewrites a module with binaryen's Asyncify, so that a thread can be suspended at any call to the host and resumed
 * later. `wasm-opt` carries the source map through; it takes most of a second, so results are kept by content in
 * `cacheDir`.
 * @param map text of the module's source map
 * @param waitingImports imports that may be left, as `module.*`; all of them unless given
 * @throws UserError when binaryen refuses the module
 */
export function asyncify(
  bytes: Uint8Array,
  map: string | undefined,
  waitingImports: readonly string[] = [],
  cacheDir = defaultCache(),
): AsyncifiedModule {
  const args = waitingImports.length === 0 ? [] : [`--pass-arg=asyncify-imports@${waitingImports.join()}`];
  const key = createHash("sha256")
    .update(`${VERSION} ${binaryenVersion()} ${args.join(" ")}\0`)
    .update(bytes)
    .update(`\0${map ?? ""}`);
  const known = join(cacheDir, key.digest("hex").slice(0, 32));
  if (!isWhole(known, map)) make(bytes, map, args, known);
  const mapFile = join(known, "module.map");
  return {
    bytes: new Uint8Array(readFileSync(join(known, "module.wasm"))),
    map: existsSync(mapFile) ? readFileSync(mapFile, "utf8") : undefined,
  };
}

/** What cleans a cache may have taken some of it. */
function isWhole(folder: string, map: string | undefined): boolean {
  return existsSync(join(folder, "module.wasm")) && (map === undefined || existsSync(join(folder, "module.map")));
}

/** The user's cache folder; one of this process's own where there is none to write to. */
function defaultCache(): string {
  const folder = join(process.env.XDG_CACHE_HOME || join(homedir(), ".cache"), "vdevbox", "asyncify");
  try {
    makeFolder(folder);
    accessSync(folder, constants.W_OK);
    return folder;
  } catch {
    return ownCache();
  }
}

/** Level by level: Node's own `recursive` never returns where a level can neither be found nor made, as in /proc. */
function makeFolder(path: string): void {
  if (existsSync(path)) return;
  makeFolder(dirname(path));
  if (!existsSync(path)) mkdirSync(path, { mode: 0o700 });
}

let own: string | undefined;

function ownCache(): string {
  if (own === undefined) {
    const made = mkdtempSync(join(tmpdir(), "vdevbox-asyncify-"));
    process.once("exit", () => rmSync(made, { recursive: true, force: true }));
    own = made;
  }
  return own;
}

/** Writes to a folder of its own first: other processes may make the same module at the same time. */
function make(bytes: Uint8Array, map: string | undefined, args: readonly string[], folder: string): void {
  makeFolder(dirname(folder));
  const own = mkdtempSync(`${folder}-`);
  const file = (name: string) => join(own, name);
  try {
    writeFileSync(file("in.wasm"), bytes);
    const maps = map === undefined ? [] : ["-ism", file("in.map"), "-osm", file("module.map")];
    if (map !== undefined) writeFileSync(file("in.map"), map);
    wasmOpt([file("in.wasm"), "-all", "-g", "-ol", "1", ...maps, "--asyncify", ...args, "-o", file("module.wasm")]);
    addSwitching(file("module.wasm"), file("module.map"));
    rmSync(file("in.wasm"));
    if (map !== undefined) rmSync(file("in.map"));
    if (!isWhole(folder, map)) {
      rmSync(folder, { recursive: true, force: true });
      renameSync(own, folder);
    }
  } catch (error) {
    if (!isWhole(folder, map)) throw error;
  } finally {
    rmSync(own, { recursive: true, force: true });
  }
}

/** Puts in what the host calls at each switch. */
function addSwitching(wasm: string, map: string): void {
  const { bytes, offsets } = instrument(readFileSync(wasm), { id: "resumable", passes: [switchingPass] });
  writeFileSync(wasm, bytes);
  if (existsSync(map)) writeFileSync(map, moveSourceMap(readFileSync(map, "utf8"), offsets));
}

function wasmOpt(args: readonly string[]): void {
  try {
    execFileSync(process.execPath, [join(binaryenFolder(), "bin/wasm-opt"), ...args], { stdio: "pipe" });
  } catch (error) {
    const said = String((error as { stderr?: Buffer }).stderr ?? error).split("\n")[0];
    throw new UserError(`the module cannot be prepared for threads: wasm-opt says ${said}`);
  }
}

let found: string | undefined;

function binaryenFolder(): string {
  found ??= dirname(createRequire(import.meta.url).resolve("binaryen"));
  return found;
}

function binaryenVersion(): string {
  return JSON.parse(readFileSync(join(binaryenFolder(), "package.json"), "utf8")).version;
}
