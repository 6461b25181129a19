import { basename } from "node:path";
import { configPieces } from "../config/config-pieces.ts";
import { checkModuleFile } from "../config/module-file.ts";
import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";

/** vCPUs of a VM that is made for a module. */
export const VCPUS = 2;

/** Where a module's vdev is put that neither chose a place itself nor was given one, and the interrupt it gets. */
const PLACE = "loc 0x10000000";
const INTERRUPT = "intr gic:40";

/**
 * Makes something of the configuration that the words of a command line say. A module alone may need a place or an
 * interrupt: what it says without is what its user has to know, if it is not those.
 * @param more configuration for a module alone, in front of its options
 * @throws what `make` does without them, when it does with them too
 */
export function withNeeds<T>(
  words: readonly string[],
  make: (pieces: readonly ConfigPiece[]) => T,
  more: readonly string[] = [],
): T {
  const [what, ...given] = words;
  if (!what!.endsWith(".wasm")) return make(piecesOf(words));
  const lacks = (word: RegExp) => !given.some((one) => word.test(one));
  const place = lacks(/\bloc\b/) ? [PLACE] : [];
  const interrupt = lacks(/\bintr\b/) ? [INTERRUPT] : [];
  const attempts = [[], place, interrupt, [...place, ...interrupt]];
  let first: unknown;
  for (const [i, needs] of attempts.entries()) {
    if (i > 0 && needs.length === 0) continue;
    try {
      return make(piecesOf([what!, ...needs, ...given, ...more]));
    } catch (error) {
      if (!(error instanceof UserError)) throw error;
      first ??= error;
    }
  }
  throw first;
}

/** A configuration as `run` takes it, or one for a module alone. */
function piecesOf(words: readonly string[]): readonly ConfigPiece[] {
  const [what, ...more] = words;
  if (what!.endsWith(".ts")) {
    throw new UserError(
      `this is a source, and not a module; build it first: \`vdevbox build ${what}\` makes build/out/vdevs/${basename(what!, ".ts")}.wasm`,
      { file: what! },
    );
  }
  if (!what!.endsWith(".wasm")) return configPieces(words);
  checkModuleFile(what!);
  const type = basename(what!, ".wasm");
  const text = [`system ${type}`, ...Array.from({ length: VCPUS }, () => "cpu"), `vdev ${type}`, ...more, ""];
  return [{ file: what!, text: text.join("\n") }];
}
