import { UnreadableFile } from "../config/config-file.ts";
import { configPieces } from "../config/config-pieces.ts";
import type { ConfigPiece } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { EXIT } from "../vm/vm.ts";

/**
 * The configuration a command line asks for.
 *
 * @throws UserError with qvm's exit code for an error in the configuration, except when the command line itself names a
 * file that cannot be read
 */
export function givenPieces(words: readonly string[]): ConfigPiece[] {
  try {
    return configPieces(words);
  } catch (error) {
    if (error instanceof UserError && !(error instanceof UnreadableFile)) error.exitCode ??= EXIT.configuration;
    throw error;
  }
}
