import { closeSync, fstatSync, openSync, readSync } from "node:fs";
import { type SourcePlace, UserError } from "../errors.ts";

/** No configuration is larger; a device or a pipe may never end. */
export const CONFIG_FILE_LIMIT = 4 << 20;

/** Text of a file, and what tells it from every other file. */
export interface ConfigFile {
  readonly text: string;
  /** Device and inode: the same file by any name. */
  readonly identity: string;
}

/** The command line names a file that cannot be read: its mistake, while any other is one in a configuration. */
export class UnreadableFile extends UserError {}

/**
 * Reads a file of a configuration. A pipe will do too.
 *
 * @param place where a configuration asks for the file; none for a file of the command line
 * @throws UserError when it is missing, cannot be read, is a directory, is too large, or is no UTF-8 text
 * @throws UnreadableFile for the first three, of a file of the command line
 */
export function readConfigFile(file: string, place?: SourcePlace): ConfigFile {
  const refuse = (why: string) =>
    place === undefined ? new UserError(why, { file }) : new UserError(`${file}: ${why}`, place);
  const unreadable = (why: string) => (place === undefined ? new UnreadableFile(why, { file }) : refuse(why));
  if (file === "") throw new UnreadableFile("the name of a file is missing");
  let handle: number;
  try {
    handle = openSync(file, "r");
  } catch (error) {
    throw unreadable(sentenceOf(error));
  }
  try {
    const stats = fstatSync(handle);
    if (stats.isDirectory()) throw unreadable("is a directory, and no configuration");
    const bytes = readAll(handle);
    if (bytes === undefined) throw refuse(`is larger than ${CONFIG_FILE_LIMIT >> 20} MiB, and no configuration`);
    const wrong = firstNonText(bytes);
    if (wrong !== undefined) throw refuse(`is no text: ${wrong}`);
    return { text: new TextDecoder().decode(bytes), identity: `${stats.dev}:${stats.ino}` };
  } catch (error) {
    throw error instanceof UserError ? error : unreadable(sentenceOf(error));
  } finally {
    closeSync(handle);
  }
}

function sentenceOf(error: unknown): string {
  const { code, message } = error as NodeJS.ErrnoException;
  if (code === "ENOENT") return "there is no such file";
  if (code === "EACCES" || code === "EPERM") return `cannot be read: you may not (${code})`;
  return `cannot be read: ${code ?? message}`;
}

/** All bytes; undefined when there are more than a configuration has. */
function readAll(handle: number): Uint8Array | undefined {
  const bytes = Buffer.allocUnsafe(CONFIG_FILE_LIMIT + 1);
  let length = 0;
  while (length < bytes.length) {
    const count = readSync(handle, bytes, length, bytes.length - length, null);
    if (count === 0) return bytes.subarray(0, length);
    length += count;
  }
  return undefined;
}

/** Why bytes are no text, and where; undefined when they are. */
function firstNonText(bytes: Uint8Array): string | undefined {
  const nul = bytes.indexOf(0);
  if (nul >= 0) return `byte ${nul} is 0, as in programs and images`;
  try {
    new TextDecoder("utf-8", { fatal: true }).decode(bytes);
    return undefined;
  } catch {
    return "it is not UTF-8";
  }
}
