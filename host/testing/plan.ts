import { basename, dirname } from "node:path";
import { configPieces } from "../config/config-pieces.ts";
import { checkModuleFile } from "../config/module-file.ts";
import { type ConfigPiece, parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import type { PlannedVm } from "../fuzz/confirm.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import type { TestVmOptions } from "./api.js";

/** Where a module's vdev is put that neither chose a place itself nor was given one. */
const PLACE = "loc 0x10000000";
const RAM = "ram 0,1M";

/**
 * Makes something of the plan that options stand for; for a module that wants a place and was given none, of one with it.
 * @param vcpus of a VM that is made for a module
 * @throws UserError
 */
export function withPlan<T>(given: TestVmOptions | string, make: (planned: PlannedVm) => T, vcpus = 1): T {
  const options = typeof given === "string" ? { config: given } : given;
  const { module } = options;
  if (module === undefined) return make(planOf(options, piecesOf(options)));
  checkModuleFile(module);
  const modulePath = [dirname(module), ...(options.modulePath ?? [])];
  const own = { ...options, modulePath };
  try {
    return make(planOf(own, modulePieces(module, options.options ?? "", vcpus)));
  } catch (error) {
    if (!(error instanceof UserError) || /\bloc\b/.test(options.options ?? "")) throw error;
    try {
      return make(planOf(own, modulePieces(module, `${PLACE} ${options.options ?? ""}`, vcpus)));
    } catch {
      throw error;
    }
  }
}

function planOf({ modulePath = [], policy }: TestVmOptions, pieces: readonly ConfigPiece[]): PlannedVm {
  const plan = planFromConfig(parseConfigPieces(pieces), { modulePath, guest: "script" });
  return { plan: policy === undefined ? plan : { ...plan, policy }, pieces };
}

function piecesOf({ config, text }: TestVmOptions): ConfigPiece[] {
  const pieces = config === undefined ? [] : configPieces([config]);
  if (text !== undefined) pieces.push({ file: "<text>", text });
  if (pieces.length === 0) throw new UserError("a VM needs `config`, `text` or `module`");
  return pieces;
}

function modulePieces(module: string, options: string, vcpus: number): ConfigPiece[] {
  const type = basename(module, ".wasm");
  return [
    {
      file: module,
      text: [`system ${type}`, ...Array<string>(vcpus).fill("cpu"), RAM, `vdev ${type}`, options, ""].join("\n"),
    },
  ];
}
