import type { GateEntry } from "../../abi/definition/schema.ts";
import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { UserError } from "../errors.ts";
import { nearestWord } from "../nearest-word.ts";
import {
  AUTHORS_EXPORTS,
  EXPORT_SIGNATURES,
  IMPORT_MODULES,
  MEMORY_LIMIT_PAGES,
  REQUIRED_EXPORTS,
} from "./contract.ts";
import { type FunctionType, VALUE, type WasmModule } from "./wasm/module.ts";

const entries = new Map(GATE_TABLE.map((entry) => [`${entry.module}.${entry.name}`, entry]));

/** What a module was found to be. */
export interface CheckedModule {
  /** ABI functions it imports, in the order of its imports. */
  readonly calls: readonly GateEntry[];
  readonly notes: readonly string[];
}

/**
 * Refuses whatever is no vdev module: imports the host does not offer, memory without a bound, missing exports.
 * @throws UserError, one sentence
 */
export function checkModule(module: WasmModule, file: string): CheckedModule {
  checkMemory(module, file);
  checkExports(module, file);
  if (module.start !== undefined) {
    throw new UserError(
      `${file} has a start function, which would run before its calls can be checked; build it with \`vdevbox build\``,
    );
  }
  const calls: GateEntry[] = [];
  for (const imported of module.imports) {
    const entry = checkImport(module, file, imported);
    if (entry !== undefined) calls.push(entry);
  }
  return { calls, notes: notesOn(calls, file) };
}

function checkMemory(module: WasmModule, file: string): void {
  const [memory] = module.memories;
  if (module.memories.length !== 1 || memory === undefined)
    throw new UserError(`${file} has no memory of its own, and a vdev module needs one`);
  if (memory.maximum === undefined) {
    throw new UserError(
      `${file} asks for memory without a bound; build it with --maximumMemory PAGES (at most ${MEMORY_LIMIT_PAGES})`,
    );
  }
  if (memory.maximum > MEMORY_LIMIT_PAGES) {
    throw new UserError(
      `${file} asks for up to ${memory.maximum} pages of memory, and a vdev module may have ${MEMORY_LIMIT_PAGES}`,
    );
  }
  if (memory.shared) throw new UserError(`${file} asks for shared memory, which only the host may give`);
}

function checkExports(module: WasmModule, file: string): void {
  const missing = Object.entries(REQUIRED_EXPORTS).filter(
    ([name, kind]) => !module.exports.some((one) => one.name === name && one.kind === kind),
  );
  if (missing.length > 0) {
    const names = missing.map(([name]) => name).join(", ");
    throw new UserError(`${file} is no vdev module: it does not export ${names}; build it with \`vdevbox build\``);
  }
  for (const { name, kind, index } of module.exports) checkExportType(module, file, name, kind, index);
}

/** The dispatcher calls these through a table, and the host reads the globals once: their types are part of the contract. */
function checkExportType(module: WasmModule, file: string, name: string, kind: string, index: number): void {
  if (!(name in REQUIRED_EXPORTS) && !AUTHORS_EXPORTS.includes(name)) return;
  if (kind === "global") {
    const { type, mutable } = module.globals[index]!;
    if (type === VALUE.i32 && !mutable) return;
    throw new UserError(`${file} exports ${name} as another global than an immutable i32; build it again`);
  }
  if (kind !== "function") return;
  const found = signature(module.types[module.functionTypes[index]!]!);
  const expected = EXPORT_SIGNATURES[name];
  if (found === expected) return;
  throw new UserError(`${file} exports ${name} as ${found}, and the host calls it as ${expected}; build it again`);
}

function checkImport(module: WasmModule, file: string, imported: WasmModule["imports"][number]): GateEntry | undefined {
  const name = `${imported.module}.${imported.name}`;
  if (imported.kind !== "function")
    throw new UserError(`${file} imports the ${imported.kind} ${name}, and a vdev module imports functions only`);
  const type = module.types[module.functionTypes[imported.index]!]!;
  if (name === "env.abort") {
    if (signature(type) === "(i32, i32, i32, i32)") return undefined;
    throw new UserError(`${file} imports env.abort as ${signature(type)}, and it is (i32, i32, i32, i32)`);
  }
  if (!IMPORT_MODULES.includes(imported.module as never)) {
    throw new UserError(`${file} imports ${name}; a vdev module may import from qvm and posix, and env.abort`);
  }
  if ([...type.parameters, ...type.results].includes(VALUE.i64)) {
    throw new UserError(
      `${file} imports ${name} with a 64-bit integer; use the wrapper of vdevbox/abi, which passes two halves`,
    );
  }
  const entry = entries.get(name);
  if (entry === undefined) throw unknownImport(file, name, imported.module);
  if (entry.prototype === "unknown") {
    throw new UserError(
      `${file} imports ${name}, which exists in qvm, but no public page shows its prototype, so it cannot be called here`,
    );
  }
  checkSignature(entry, type, file, name);
  return entry;
}

function unknownImport(file: string, name: string, from: string): UserError {
  const known = GATE_TABLE.filter((entry) => entry.module === from).map((entry) => entry.name);
  const near = nearestWord(name.slice(from.length + 1), known);
  return new UserError(
    `${file} imports ${name}, which is no function of the API${near === undefined ? "" : `; did you mean ${near}?`}`,
  );
}

function checkSignature(entry: GateEntry, type: FunctionType, file: string, name: string): void {
  const returns = entry.result.kind === "void" || entry.result.kind === "u64" ? 0 : 1;
  const good =
    type.parameters.length === entry.rawParams &&
    type.results.length === returns &&
    [...type.parameters, ...type.results].every((value) => value === VALUE.i32);
  if (good) return;
  const expected = `(${Array(entry.rawParams).fill("i32").join(", ")})${returns === 1 ? " -> i32" : ""}`;
  throw new UserError(`${file} imports ${name} as ${signature(type)}, and it is ${expected}`);
}

const VALUE_NAMES = new Map<number, string>(Object.entries(VALUE).map(([name, byte]) => [byte, name]));

function signature(type: FunctionType): string {
  const names = (values: readonly number[]) => values.map((value) => VALUE_NAMES.get(value) ?? "?").join(", ");
  return `(${names(type.parameters)})${type.results.length === 0 ? "" : ` -> ${names(type.results)}`}`;
}

function notesOn(calls: readonly GateEntry[], file: string): string[] {
  const later = calls.filter((entry) => entry.body === "later").map((entry) => `${entry.name}()`);
  const ours = calls
    .filter((entry) => entry.prototype === "vdevbox" && entry.module === "qvm")
    .map((entry) => `${entry.name}()`);
  const notes: string[] = [];
  if (later.length > 0) notes.push(`${file} imports ${later.join(", ")}: not implemented yet, answers ENOSYS`);
  if (ours.length > 0)
    notes.push(`${file} imports ${ours.join(", ")}: the signature is vdevbox's own and not portable as is`);
  return notes;
}
