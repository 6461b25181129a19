import { UserError } from "../../errors.ts";
import type { AddedData, AddedExport, AddedFunction, AddedGlobal, FunctionImport, MemoryImport } from "./additions.ts";
import { s32Bytes, u32Bytes } from "./byte-writer.ts";
import { buildCallGraph, type CallGraph } from "./call-graph.ts";
import { emitModule } from "./emit.ts";
import { type Code, FunctionEditor } from "./function-editor.ts";
import { type DefinedFunction, definedFunction, type FunctionType, type WasmModule } from "./module.ts";
import type { OffsetMap } from "./offset-map.ts";
import { OP } from "./opcodes.ts";
import { walkBody } from "./walk.ts";

/**
 * One module being rewritten by several passes. Index spaces only grow at their ends, except that imports added push
 * the module's own functions up: `functionIndex` answers the new index, and everything that names a function is
 * adjusted when the module is written.
 */
export class ModuleRewriter {
  readonly module: WasmModule;
  readonly #imports: (FunctionImport & { readonly typeIndex: number })[] = [];
  readonly #types: FunctionType[] = [];
  readonly #globals: AddedGlobal[] = [];
  readonly #functions: (AddedFunction & { readonly typeIndex: number })[] = [];
  readonly #exports: AddedExport[] = [];
  readonly #redirected = new Map<string, number>();
  readonly #editors = new Map<number, FunctionEditor>();
  readonly #hosts: ReadonlySet<number>;
  #graph: CallGraph | undefined;
  #memoryPages: number | undefined;
  #sharedMemory: MemoryImport | undefined;
  readonly #data: AddedData[] = [];

  /** @param hosts exports that are the host's own functions, added by an earlier rewriting */
  constructor(module: WasmModule, imports: readonly FunctionImport[] = [], hosts: readonly string[] = []) {
    this.module = module;
    this.#hosts = new Set(module.exports.filter(({ name }) => hosts.includes(name)).map(({ index }) => index));
    for (const added of imports) this.#imports.push({ ...added, typeIndex: this.typeIndex(added.type) });
  }

  /** The calls of the original module. */
  get callGraph(): CallGraph {
    this.#graph ??= buildCallGraph(this.module);
    return this.#graph;
  }

  get addedGlobals(): readonly AddedGlobal[] {
    return this.#globals;
  }

  /** Whether a function of the module is the host's own. */
  isHosts(index: number): boolean {
    return this.#hosts.has(index);
  }

  /** The new index of an original function. */
  functionIndex(original: number): number {
    return original < this.module.importedFunctionCount ? original : original + this.#imports.length;
  }

  /** The index of an import given to the constructor, by its place there. */
  importIndex(place: number): number {
    return this.module.importedFunctionCount + place;
  }

  /** The index of an equal type, added if there is none. */
  typeIndex(type: FunctionType): number {
    const same = (other: FunctionType) =>
      other.parameters.join() === type.parameters.join() && other.results.join() === type.results.join();
    const known = this.module.types.findIndex(same);
    if (known >= 0) return known;
    const added = this.#types.findIndex(same);
    return this.module.types.length + (added >= 0 ? added : this.#types.push(type) - 1);
  }

  /** Adds a global and answers its index. @throws UserError when the module already has an export of that name. */
  addGlobal(global: AddedGlobal): number {
    const index = this.module.globals.length + this.#globals.push(global) - 1;
    if (global.exportAs !== undefined) this.#export({ name: global.exportAs, kind: "global", index });
    return index;
  }

  /** The index of the global an earlier pass exported under that name, else of a new one. */
  sharedGlobal(global: AddedGlobal & { readonly exportAs: string }): number {
    const known = this.#exports.find((entry) => entry.name === global.exportAs);
    return known?.index ?? this.addGlobal(global);
  }

  /** Appends a function and answers its new index. @throws UserError as `addGlobal`. */
  addFunction(added: AddedFunction): number {
    const place = this.#functions.push({ ...added, typeIndex: this.typeIndex(added.type) }) - 1;
    const index = this.functionIndex(this.module.functionTypes.length) + place;
    if (added.exportAs !== undefined) this.#export({ name: added.exportAs, kind: "function", index });
    return index;
  }

  /** Lets an export of the module name another function, given by its new index. */
  redirectExport(name: string, newIndex: number): void {
    this.#redirected.set(name, newIndex);
  }

  /** Gives the module's memory exactly this many pages. */
  resizeMemory(pages: number): void {
    this.#memoryPages = pages;
  }

  /** Makes the module's memory an import that threads share. It must have a maximum, and keeps its limits. */
  shareMemory(from: MemoryImport): void {
    this.#sharedMemory = from;
  }

  /** Adds bytes that memory begins with. */
  addData(address: number, bytes: Uint8Array): void {
    this.#data.push({ address, bytes });
  }

  edit(func: DefinedFunction): FunctionEditor {
    let editor = this.#editors.get(func.index);
    if (editor === undefined) {
      editor = new FunctionEditor(func);
      this.#editors.set(func.index, editor);
    }
    return editor;
  }

  /** The editor of a function by its original index; undefined for an import. */
  editFunction(original: number): FunctionEditor | undefined {
    const func = definedFunction(this.module, original);
    return func && this.edit(func);
  }

  /**
   * Writes the module. `id` becomes its name: V8 prints `wasm://wasm/ID-HASH` in stack frames.
   * Custom sections are dropped, except those that say which features the module uses or which tools built it.
   */
  finish(id: string): { bytes: Uint8Array<ArrayBuffer>; offsets: OffsetMap } {
    for (const func of this.module.functions) this.#adjust(func);
    const blockTypes = new Map<number, Code>();
    for (const [index, editor] of this.#editors) {
      if (editor.wrapsExits) blockTypes.set(index, this.#blockType(editor.func.type));
    }
    return emitModule(this.module, id, this.#editors, blockTypes, {
      imports: this.#imports,
      types: this.#types,
      globals: this.#globals,
      functions: this.#functions,
      exports: this.#exports,
      memoryPages: this.#memoryPages,
      sharedMemory: this.#sharedMemory,
      data: this.#data,
      redirected: this.#redirected,
    });
  }

  /** Rewrites what epilogues and moved function indices touch in a body. */
  #adjust(func: DefinedFunction): void {
    const wraps = this.#editors.get(func.index)?.wrapsExits ?? false;
    if (!wraps && this.#imports.length === 0) return;
    walkBody(this.module, func, (instruction) => {
      const { opcode, immediates, depth } = instruction;
      let code: Code | undefined;
      if (opcode === OP.return && wraps) code = [OP.br, ...u32Bytes(depth)];
      else if ((opcode === OP.call || opcode === OP.refFunc) && this.#imports.length > 0) {
        code = [opcode, ...u32Bytes(this.functionIndex(immediates[0]))];
      }
      const editor = this.edit(func);
      if (code !== undefined && !editor.isReplaced(instruction)) editor.replace(instruction, code);
    });
  }

  #blockType({ results }: FunctionType): Code {
    if (results.length === 0) return [0x40];
    if (results.length === 1) return [results[0]];
    return s32Bytes(this.typeIndex({ parameters: [], results }));
  }

  #export(added: AddedExport): void {
    const taken = (entry: { readonly name: string }) => entry.name === added.name;
    if (this.module.exports.some(taken) || this.#exports.some(taken)) {
      throw new UserError(
        `The module exports "${added.name}", a name the sandbox reserves for itself; export it under another name.`,
      );
    }
    this.#exports.push(added);
  }
}
