import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import { UserError } from "../../errors.ts";
import type { Reference } from "./reference.ts";

/** Files that hold a model. */
export const MODEL_FILE = /\.[cm]?[jt]s$/;

/**
 * Loads a model: the default export of a TypeScript or JavaScript file, with all that it imports.
 * @throws UserError when there is none
 */
export async function loadModel(file: string): Promise<Reference> {
  if (!existsSync(file)) throw new UserError("there is no such file", { file });
  const folder = mkdtempSync(join(tmpdir(), "vdevbox-model-"));
  try {
    const outfile = join(folder, "model.mjs");
    const { build } = await import("esbuild");
    await build({
      entryPoints: [resolve(file)],
      outfile,
      bundle: true,
      platform: "node",
      format: "esm",
      target: "node20",
      logLevel: "silent",
    }).catch((error: unknown) => {
      throw new UserError(sentenceOf(error), { file });
    });
    const { default: model } = await import(pathToFileURL(outfile).href).catch((error: unknown) => {
      throw new UserError(`it cannot be loaded: ${error instanceof Error ? error.message : String(error)}`, { file });
    });
    return checkModel(model, file);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** @throws UserError for what is no model */
export function checkModel(model: unknown, file: string): Reference {
  const given = (model ?? {}) as Record<string, unknown>;
  const missing = ["reset", "read", "write"].find((name) => typeof given[name] !== "function");
  if (missing === undefined) return model as Reference;
  throw new UserError(`a model is an object with reset(), read() and write(): ${missing}() is missing`, { file });
}

/** The first of esbuild's errors, with its line. */
function sentenceOf(error: unknown): string {
  const [first] = (error as { errors?: readonly { text: string; location?: { line: number } | null }[] }).errors ?? [];
  if (first === undefined) return `it cannot be read: ${error instanceof Error ? error.message : String(error)}`;
  const line = first.location?.line;
  return line === undefined ? first.text : `line ${line}: ${first.text}`;
}
