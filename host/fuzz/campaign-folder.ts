import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { UserError } from "../errors.ts";

/** A file of a corpus. */
export interface CorpusFile {
  readonly file: string;
  readonly text: string;
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
    const names = readdirSync(this.corpus).filter((name) => name.endsWith(".script") && !this.#known.has(name));
    return names.sort().flatMap((name) => {
      this.#known.add(name);
      const file = join(this.corpus, name);
      const text = readProgramFile(file);
      return text === undefined ? [] : [{ file, text }];
    });
  }

  /** Keeps a program. @throws UserError when it cannot be written */
  add(text: string): void {
    const name = `${createHash("sha256").update(text).digest("hex").slice(0, 16)}.script`;
    if (this.#known.has(name)) return;
    this.#known.add(name);
    writeWhole(join(this.corpus, name), text);
  }

  /** Makes the corpus these programs and no others, but for files that came since. @returns files taken away */
  replaceBy(texts: readonly string[]): readonly string[] {
    const before = [...this.#known];
    this.#known.clear();
    for (const text of texts) this.add(text);
    return before.filter((name) => !this.#known.has(name)).map((name) => join(this.corpus, name));
  }
}

/** The scripts of a folder, or one script. @throws UserError when there is no such */
export function readPrograms(path: string): CorpusFile[] {
  if (!existsSync(path)) throw new UserError("there is no such file or folder", { file: path });
  if (!statSync(path).isDirectory()) return [{ file: path, text: readFileSync(path, "utf8") }];
  const names = readdirSync(path).filter((name) => name.endsWith(".script"));
  return names.sort().flatMap((name) => {
    const file = join(path, name);
    const text = readProgramFile(file);
    return text === undefined ? [] : [{ file, text }];
  });
}

/** @returns undefined when it is gone, too large for a program, or no file */
function readProgramFile(file: string): string | undefined {
  try {
    const { size } = statSync(file);
    return size > FILE_MAX ? undefined : readFileSync(file, "utf8");
  } catch {
    return undefined;
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
    throw new UserError(`cannot be written: ${(error as NodeJS.ErrnoException).code}`, { file });
  }
}
