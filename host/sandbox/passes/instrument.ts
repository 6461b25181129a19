import { UserError } from "../../errors.ts";
import type { OffsetMap } from "../wasm/offset-map.ts";
import { readModule } from "../wasm/read-module.ts";
import { ModuleRewriter } from "../wasm/rewriter.ts";
import { type DepthOptions, depthPass } from "./depth.ts";
import { type FuelOptions, fuelPass } from "./fuel.ts";
import type { Pass } from "./pass.ts";
import { snapshotPass } from "./snapshot.ts";

export interface InstrumentOptions {
  /**
   * Becomes the module's name: V8 prints `wasm://wasm/ID-HASH` in its stacks, and `resolveStack` looks modules up by
   * it. Letters, digits and `_.@+-`, at most 200; unique for each module and set of passes.
   */
  readonly id: string;
  /** Applied in this order. */
  readonly passes: readonly Pass[];
  /** Exports that are an earlier rewriting's, and so the host's: what they do is not limited. */
  readonly hosts?: readonly string[];
}

export interface Instrumented {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly offsets: OffsetMap;
}

const ID = /^[\w.@+-]{1,200}$/;

/**
 * Rewrites a module with all passes at once: one reading, one writing.
 * @throws UserError when the bytes are no valid module, or a pass refuses it.
 */
export function instrument(bytes: Uint8Array, { id, passes, hosts }: InstrumentOptions): Instrumented {
  if (!ID.test(id)) throw new RangeError(`"${id}" cannot be the id of a module: use letters, digits and _.@+-`);
  if (!WebAssembly.validate(bytes as Uint8Array<ArrayBuffer>)) {
    throw new UserError("This is not a valid WebAssembly module; build it again.");
  }
  const module = readModule(bytes);
  const imports = passes.map((pass) => pass.imports?.(module) ?? []);
  const rewriter = new ModuleRewriter(module, imports.flat(), hosts);
  let place = 0;
  for (const [number, pass] of passes.entries()) {
    pass.apply(
      rewriter,
      imports[number].map(() => rewriter.importIndex(place++)),
    );
  }
  const instrumented = rewriter.finish(id);
  if (!WebAssembly.validate(instrumented.bytes)) {
    throw new UserError(
      "The module is too large for the sandbox to add its checks: a function has too many locals or too much code; split it.",
    );
  }
  return instrumented;
}

export interface DefaultPassOptions extends FuelOptions, DepthOptions {}

/** Fuel for a fifth of a second of plain code, two of the slowest; a fifth and a sixteenth of V8's megabyte of stack. */
export const DEFAULT_LIMITS: DefaultPassOptions = {
  startBudget: 100_000_000,
  recursionBytes: 192 * 1024,
  chainBytes: 64 * 1024,
};

/** The passes every module runs with, in their order: fuel, depth, snapshot. */
export function defaultPasses(options: Partial<DefaultPassOptions> = {}): readonly Pass[] {
  const limits = { ...DEFAULT_LIMITS, ...options };
  return [fuelPass(limits), depthPass(limits), snapshotPass()];
}
