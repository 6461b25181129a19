/** A half-open range of byte offsets in a module file. */
export interface ByteRange {
  readonly start: number;
  readonly end: number;
}

/** Value types by their byte in the binary format. */
export const VALUE = {
  i32: 0x7f,
  i64: 0x7e,
  f32: 0x7d,
  f64: 0x7c,
  v128: 0x7b,
  funcref: 0x70,
  externref: 0x6f,
} as const;
export type ValueType = (typeof VALUE)[keyof typeof VALUE];

export function isValueType(byte: number): byte is ValueType {
  return (byte >= 0x7b && byte <= 0x7f) || byte === 0x70 || byte === 0x6f;
}

/** Whether values of the type are numbers, which the host can read. */
export function isNumber(type: ValueType): boolean {
  return type >= VALUE.f64 && type <= VALUE.i32;
}

export interface FunctionType {
  readonly parameters: readonly ValueType[];
  readonly results: readonly ValueType[];
}

/** Sizes of a memory (64 KiB pages) or a table (elements). */
export interface Limits {
  readonly minimum: number;
  readonly maximum: number | undefined;
  readonly shared: boolean;
}

export interface TableType extends Limits {
  readonly element: ValueType;
}

export interface GlobalType {
  readonly type: ValueType;
  readonly mutable: boolean;
}

/** Index spaces count imports first, then what the module defines. */
export type ExternalKind = "function" | "table" | "memory" | "global";

export interface Import {
  readonly module: string;
  readonly name: string;
  readonly kind: ExternalKind;
  /** Index in the space of its kind. */
  readonly index: number;
}

export interface Export {
  readonly name: string;
  readonly kind: ExternalKind;
  readonly index: number;
  /** Where the index stands in the file. */
  readonly indexRange: ByteRange;
}

export interface LocalGroup {
  readonly count: number;
  readonly type: ValueType;
}

/** A function the module defines. */
export interface DefinedFunction {
  /** Index in the function space. */
  readonly index: number;
  readonly typeIndex: number;
  readonly type: FunctionType;
  /** The whole body as the size field counts it: locals and code. */
  readonly body: ByteRange;
  /** The instructions, with the closing `end`. */
  readonly code: ByteRange;
  readonly localGroups: readonly LocalGroup[];
  /** Declared locals, parameters not counted. */
  readonly localCount: number;
}

export interface Global extends GlobalType {
  readonly index: number;
  readonly imported: boolean;
  /** The initialiser, with its `end`; undefined for an imported global. */
  readonly initializer: ByteRange | undefined;
}

export interface ElementSegment {
  readonly mode: "active" | "passive" | "declared";
  readonly table: number;
  /** The functions the segment names, in order; null elements are left out. */
  readonly functions: readonly number[];
}

export interface DataSegment {
  readonly mode: "active" | "passive";
  readonly content: ByteRange;
  /** Where it goes; undefined when it is passive, or when only an instance knows. */
  readonly start: number | undefined;
}

export interface Section {
  readonly id: number;
  readonly content: ByteRange;
  /** Of a custom section. */
  readonly name: string | undefined;
}

/** A place outside the function bodies that names a function by its index. */
export interface FunctionReference {
  readonly range: ByteRange;
  readonly index: number;
  /** Exports do not put a function in reach of the module's own indirect calls; elements and `ref.func` do. */
  readonly where: "export" | "start" | "element" | "global";
}

/** What names a module carries for debugging. */
export interface Names {
  readonly module: string | undefined;
  readonly functions: ReadonlyMap<number, string>;
  /** Subsections for tables, memories, globals, segments and types, as they stand. */
  readonly others: readonly { readonly id: number; readonly content: ByteRange }[];
}

export interface WasmModule {
  readonly bytes: Uint8Array;
  readonly sections: readonly Section[];
  readonly types: readonly FunctionType[];
  readonly imports: readonly Import[];
  /** Type index of every function, imports first. */
  readonly functionTypes: readonly number[];
  readonly importedFunctionCount: number;
  /** The functions of the code section; `functions[i]` has index `importedFunctionCount + i`. */
  readonly functions: readonly DefinedFunction[];
  readonly tables: readonly TableType[];
  readonly memories: readonly Limits[];
  readonly globals: readonly Global[];
  readonly exports: readonly Export[];
  readonly start: number | undefined;
  readonly elements: readonly ElementSegment[];
  readonly data: readonly DataSegment[];
  readonly functionReferences: readonly FunctionReference[];
  readonly names: Names;
  /** The URL of the source map, if the module names one. */
  readonly sourceMappingUrl: string | undefined;
}

/** The defined function of that index, undefined for an import. */
export function definedFunction(module: WasmModule, index: number): DefinedFunction | undefined {
  return module.functions[index - module.importedFunctionCount];
}

/** A name for messages: the debug name, else an export's, else an import's, else the number. */
export function functionName(module: WasmModule, index: number): string {
  const named = module.names.functions.get(index);
  if (named !== undefined) return named;
  const exported = module.exports.find((entry) => entry.kind === "function" && entry.index === index);
  if (exported !== undefined) return exported.name;
  const imported = module.imports.find((entry) => entry.kind === "function" && entry.index === index);
  return imported === undefined ? `function ${index}` : `${imported.module}.${imported.name}`;
}
