import { dirname } from "node:path";
import { configPieces } from "../config/config-pieces.ts";
import { type ConfigPiece, parseConfigPieces } from "../config/parse-config.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { loadModel, MODEL_FILE } from "../fuzz/reference/load-model.ts";
import type { MakeReference } from "../fuzz/reference/reference.ts";
import { VdevReference } from "../fuzz/reference/vdev-reference.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { Vm } from "../vm/vm.ts";
import { withNeeds } from "./module-alone.ts";

/**
 * What `--reference` stands for: a model, a module in place of the one that is fuzzed, or another configuration.
 * @param words of the command line: what is fuzzed and its options
 * @param more configuration for a module alone
 * @throws UserError when it cannot be had
 */
export async function loadReference(
  file: string,
  words: readonly string[],
  modulePath: readonly string[],
  more: readonly string[],
): Promise<MakeReference> {
  if (MODEL_FILE.test(file)) {
    const model = await loadModel(file);
    return () => model;
  }
  const vm = file.endsWith(".wasm")
    ? withNeeds([file, ...words.slice(1)], (pieces) => vmOf(pieces, [...modulePath, dirname(file)]), more)
    : vmOf(configPieces([file]), modulePath);
  return ({ vdevs }) => {
    const names = vdevs.map(({ name }) => name);
    return new VdevReference(vm, names);
  };
}

function vmOf(pieces: readonly ConfigPiece[], modulePath: readonly string[]): Vm {
  return fuzzVm(planFromConfig(parseConfigPieces(pieces), { modulePath, guest: "fuzz" }), "edges");
}
