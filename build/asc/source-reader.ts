import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { join, resolve, sep } from "node:path";

/** How the compiler names our package's AssemblyScript, in the repo and outside it alike. */
const PACKAGE_PREFIX = "~lib/vdevbox/";
const IN_NODE_MODULES = /(?:^|\/)node_modules\/vdevbox\/(abi\/.*)$/;

/** One file the compiler asked for. `hash` is null when there was no such file: creating it changes the result. */
export interface InputFile {
  readonly file: string;
  readonly hash: string | null;
}

/** What asc reads through. It remembers every file, so that a build knows what it depends on. */
export interface SourceReader {
  /** The `readFile` option of asc: text, or null when there is no such file. */
  read(name: string, baseDir: string): Promise<string | null>;
  /** Text of a source by the name the compiler reports, for places in messages. */
  text(sourceName: string): string | undefined;
  /** Every file asked for, sorted by name. */
  inputs(): readonly InputFile[];
}

export interface SourceReaderOptions {
  /** Folder of the vdevbox package: `vdevbox/abi/...` is always taken from here. */
  readonly packageDir: string;
  /** Changes a configuration file's text before the compiler sees it. */
  readonly rewriteConfig?: (file: string, text: string) => string;
}

/**
 * Files for asc. `import ... from "vdevbox/abi/x"` makes asc look into node_modules folders; whichever it asks for,
 * it gets the file of the package this code belongs to, so a vdev outside the repo needs no node_modules at all.
 */
export function createSourceReader(options: SourceReaderOptions): SourceReader {
  const inputs = new Map<string, InputFile>();
  const texts = new Map<string, string>();

  const locate = (name: string, baseDir: string): string => {
    if (name.startsWith(PACKAGE_PREFIX)) return join(options.packageDir, name.slice(PACKAGE_PREFIX.length));
    const full = resolve(baseDir, name);
    const inPackage = IN_NODE_MODULES.exec(full.split(sep).join("/"));
    return inPackage === null ? full : join(options.packageDir, inPackage[1] as string);
  };

  return {
    async read(name, baseDir) {
      const file = locate(name, baseDir);
      const text = await readTextFile(file);
      inputs.set(file, { file, hash: text === null ? null : contentHash(text) });
      if (text === null) return null;
      if (file.endsWith(".json")) return options.rewriteConfig?.(file, text) ?? text;
      texts.set(reportedName(name), text);
      return text;
    },
    text: (sourceName) => texts.get(sourceName),
    inputs: () => [...inputs.values()].sort((a, b) => (a.file < b.file ? -1 : 1)),
  };
}

/** The name the compiler gives a source it read: the package's by `~lib/`, all others as they were asked for. */
function reportedName(name: string): string {
  const normal = name.replaceAll("\\", "/");
  const inPackage = IN_NODE_MODULES.exec(normal);
  return inPackage === null ? normal : PACKAGE_PREFIX + inPackage[1];
}

/** The text of a file, or null when there is none. */
export async function readTextFile(file: string): Promise<string | null> {
  try {
    return await readFile(file, "utf8");
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code;
    if (code === "ENOENT" || code === "ENOTDIR" || code === "EISDIR") return null;
    throw error;
  }
}

export function contentHash(content: string | Uint8Array): string {
  return createHash("sha256").update(content).digest("hex");
}
