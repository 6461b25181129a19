import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { UserError } from "../errors.ts";

/** A file of a corpus. */
export interface CorpusFile {
  readonly file: string;
  readonly text: string;
  /** Why it cannot be read; there is no text then. */
  readonly unread?: string;
}

/** Bytes of a corpus file that are read at most: a program is never that long. */
const FILE_MAX = 1 << 20;

/**
 * The folder of a campaign: `corpus/` with a script for each program worth keeping, `findings/` with a folder for each
 * finding. Every file is whole or not there, so that several processes may share it, and one that is killed loses
 * nothing that was written.
 */
export class CampaignFolder {
  readonly path: string;
  readonly corpus: string;
  readonly findings: string;
  /** Corpus files that were read or written. */
  readonly #known = new Set<string>();

  /** @throws UserError when it cannot be made */
  constructor(path: string) {
    this.path = path;
    this.corpus = join(path, "corpus");
    this.findings = join(path, "findings");
    for (const folder of [this.corpus, this.findings]) makeFolder(folder);
  }

  /** Corpus files that are new since it was last asked, in the order of their names. */
  newFiles(): CorpusFile[] {
    const names = namesIn(this.corpus).filter((name) => name.endsWith(".script") && !this.#known.has(name));
    return names.sort().flatMap((name) => {
      this.#known.add(name);
      return readProgramFile(join(this.corpus, name));
    });
  }

  /** Keeps a program. @returns its file @throws UserError when it cannot be written */
  add(text: string): string {
    const name = nameOf(text);
    const file = join(this.corpus, name);
    if (!this.#known.has(name)) writeWhole(file, text);
    this.#known.add(name);
    return file;
  }

  /**
   * Puts programs in the place of others, all of them before one is taken out.
   * @param others files; those that are not of this corpus stay @returns how many were taken out @throws UserError when one cannot be written
   */
  replaceBy(texts: readonly string[], others: ReadonlySet<string>): number {
    const kept = new Set(texts.map((text) => this.add(text)));
    const gone = [...others].filter((file) => dirname(file) === this.corpus && !kept.has(file));
    for (const file of gone) {
      rmSync(file, { force: true });
      this.#known.delete(basename(file));
    }
    return gone.length;
  }
}

/** Programs that are the same have the same file. */
function nameOf(text: string): string {
  return `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.script`;
}

/** The scripts of a folder, or one script. @throws UserError when there is no such */
export function readPrograms(path: string): CorpusFile[] {
  if (!existsSync(path)) throw new UserError("there is no such file or folder", { file: path });
  if (!statSync(path).isDirectory()) return readProgramFile(path);
  const names = readdirSync(path).filter((name) => name.endsWith(".script"));
  return names.sort().flatMap((name) => readProgramFile(join(path, name)));
}

/** @returns nothing when it is gone. What is no file, as a pipe, might never come to its end. */
function readProgramFile(file: string): CorpusFile[] {
  try {
    const status = statSync(file);
    if (!status.isFile()) return [{ file, text: "", unread: "this is no file" }];
    if (status.size > FILE_MAX) return [{ file, text: "", unread: "this is longer than any program (1 MiB)" }];
    return [{ file, text: readFileSync(file, "utf8") }];
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return code === "ENOENT" ? [] : [{ file, text: "", unread: `cannot be read: ${code}` }];
  }
}

/** Names in a folder; none when it is gone. */
export function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

export function makeFolder(folder: string): void {
  try {
    mkdirSync(folder, { recursive: true });
  } catch (error) {
    throw new UserError(`cannot be made: ${(error as NodeJS.ErrnoException).code}`, { file: folder });
  }
}

/** Writes a file that is never half there. @throws UserError when it cannot be written */
export function writeWhole(file: string, content: string): void {
  const other = `${file}.${process.pid}.tmp`;
  try {
    writeFileSync(other, content);
    renameSync(other, file);
  } catch (error) {
    discard(other);
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
  }
}

/** Takes away what was not finished. Where nothing can be taken away, nothing was put. */
export function discard(path: string): void {
  try {
    rmSync(path, { recursive: true, force: true });
  } catch {}
}
