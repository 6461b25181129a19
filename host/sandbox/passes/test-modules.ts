import asc from "assemblyscript/asc";
import wabtFactory from "wabt";
import { locate, readSourceMap, type SourceMap } from "../source-map.ts";
import { type Instrumented, instrument } from "./instrument.ts";
import type { Pass } from "./pass.ts";

const wabt = await wabtFactory();
/** wabt parses the features it is told of; modules the tests write may use all that the reader knows. */
const FEATURES = {
  bulk_memory: true,
  multi_value: true,
  mutable_globals: true,
  reference_types: true,
  sat_float_to_int: true,
  sign_extension: true,
  simd: true,
  threads: true,
};

/** Assembles WebAssembly text. Types are not checked: `instrument` and the engine do. */
export function wat(text: string): Uint8Array<ArrayBuffer> {
  const module = wabt.parseWat("test.wat", text, FEATURES);
  try {
    return new Uint8Array(module.toBinary({ write_debug_names: true }).buffer);
  } finally {
    module.destroy();
  }
}

export interface Compiled {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly map: SourceMap;
}

/** Compiles AssemblyScript named `device.ts`, by default optimised as vdevs are. */
export async function compile(source: string, flags: readonly string[] = ["-O"]): Promise<Compiled> {
  const outputs = new Map<string, Uint8Array | string>();
  const argv = ["device.ts", "-o", "device.wasm", "--sourceMap", "--runtime", "stub", "--exportTable", ...flags];
  const { error, stderr } = await asc.main(argv, {
    readFile: (name: string) => (name === "device.ts" ? source : null),
    writeFile: (name: string, contents: Uint8Array | string) => void outputs.set(name, contents),
    listFiles: () => [],
  });
  if (error !== null) throw new Error(`${error.message}\n${stderr.toString()}`);
  return {
    bytes: new Uint8Array(outputs.get("device.wasm") as Uint8Array),
    map: readSourceMap(String(outputs.get("device.wasm.map"))),
  };
}

/** Exports by name; tests know what they are. */
// biome-ignore lint/suspicious/noExplicitAny: the exports of a module have no static type
export type Exports = Record<string, any>;

export function run(bytes: Uint8Array<ArrayBuffer>, imports: WebAssembly.Imports = {}): Exports {
  const abort = () => {
    throw new Error("abort");
  };
  return new WebAssembly.Instance(new WebAssembly.Module(bytes), { env: { abort }, ...imports }).exports;
}

/** Instruments a module and runs it. */
export function runWith(
  bytes: Uint8Array<ArrayBuffer>,
  passes: readonly Pass[],
  imports: WebAssembly.Imports = {},
): Exports {
  return run(instrument(bytes, { id: "test", passes }).bytes, imports);
}

/** What a call answers, or the class of error it ends in: equal for a plain and an instrumented module. */
export function outcome(call: () => unknown): unknown {
  try {
    return call();
  } catch (error) {
    return error instanceof Error ? `${error.constructor.name}: ${error.message}` : error;
  }
}

/** `file:line` of the innermost frame of the error a call ends in. */
export function faultLine(call: () => unknown, map: SourceMap, offsets?: Instrumented["offsets"]): string | undefined {
  try {
    call();
  } catch (error) {
    const frame = /wasm-function\[\d+\]:0x([0-9a-f]+)/.exec((error as Error).stack ?? "");
    const place = frame && locate({ map, offsets }, Number.parseInt(frame[1], 16));
    return place ? `${place.file}:${place.line}` : undefined;
  }
  return undefined;
}
