/**
 * Runs what a page of documentation shows. A code block whose first line is a comment with a file name is that file;
 * blocks with `, continued` behind the name follow on. A `console` block is a terminal: `$ ` begins a command, and what
 * stands under it is all it prints, where `…` stands for anything.
 */
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { packageRoot } from "../../host/paths.ts";

const BLOCK = /^```(\w*)\n([\s\S]*?)^```$/gm;
const FILE = /^(?:#|\/\/) ([\w./-]+\.[a-z]+)(, continued)?$/;

export interface Command {
  readonly line: string;
  readonly expected: string;
}

export interface Examples {
  readonly files: ReadonlyMap<string, string>;
  readonly commands: readonly Command[];
}

export function examplesOf(page: string): Examples {
  const text = readFileSync(join(packageRoot(), page), "utf8");
  const files = new Map<string, string>();
  const commands: Command[] = [];
  for (const [, language, body] of text.matchAll(BLOCK)) {
    if (language === "console") commands.push(...commandsOf(body!));
    const [, name, continued] = FILE.exec(body!.split("\n")[0]!) ?? [];
    if (name === undefined) continue;
    const before = continued === undefined ? "" : (files.get(name) ?? fail(`${page}: ${name} is continued, not begun`));
    if (continued === undefined && files.has(name)) fail(`${page}: ${name} is begun twice`);
    files.set(name, `${before}${body}`);
  }
  return { files, commands };
}

function fail(why: string): never {
  throw new Error(why);
}

function commandsOf(block: string): Command[] {
  const parts = block.split(/^\$ /m);
  if (parts[0] !== "") fail(`a console block begins with "$ ": ${parts[0]}`);
  return parts.slice(1).map((part) => {
    const end = part.indexOf("\n");
    return { line: part.slice(0, end), expected: part.slice(end + 1) };
  });
}

export function writeFiles(folder: string, files: ReadonlyMap<string, string>): void {
  for (const [name, text] of files) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
}

/** What a command of a page prints when it is typed in a folder, both streams as they come. */
export function type(folder: string, line: string): string {
  const binary = join(packageRoot(), "build", "vdevbox.mjs");
  const script = line.replaceAll("npx vdevbox", `"${process.execPath}" "${binary}"`);
  const { stdout } = spawnSync("sh", ["-c", `( ${script} ) 2>&1`], { cwd: folder, encoding: "utf8", timeout: 60_000 });
  return stdout;
}

/** A pattern for what a page says a command prints. */
export function outputPattern(expected: string): RegExp {
  const escaped = expected.replace(/[.*+?^${}()|[\]\\]/g, "\\$&");
  return new RegExp(`^${escaped.replace(/^…\n/gm, "(?:.*\\n)*").replaceAll("…", ".*")}$`);
}
