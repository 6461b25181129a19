/** The register map in the README of a device, from the `registers.ts` beside it. */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { UserError } from "../../host/errors.ts";
import { type RegisterRow, rowsOf } from "./register-rows.ts";

/** The lines around the generated table. */
const BEGIN = "<!-- register map: generated from registers.ts by `npm run generate` -->";
const END = "<!-- end of the register map -->";
const HEADINGS = ["offset", "name", "bits", "access", "reset", "readable", "writable", "meaning"];

/**
 * The README of every device that has a register table, as it should be, by path from the root.
 * @throws UserError for a table that contradicts itself and for a README without a place for it
 */
export async function generateRegisterDocs(root: string): Promise<ReadonlyMap<string, string>> {
  const files = new Map<string, string>();
  for (const device of readdirSync(join(root, "vdevs")).sort()) {
    const source = join(root, "vdevs", device, "registers.ts");
    if (!existsSync(source)) continue;
    const readme = `vdevs/${device}/README.md`;
    const rows = await readTable(root, source);
    const table = registerTable(rows, meanings(readFileSync(source, "utf8")));
    files.set(readme, withTable(readFileSync(join(root, readme), "utf8"), table, join(root, readme)));
  }
  return files;
}

/** Evaluates a `registers.ts`: it is TypeScript as well as AssemblyScript. */
async function readTable(root: string, source: string): Promise<RegisterRow[]> {
  const { outputFiles } = await build({
    absWorkingDir: root,
    entryPoints: [source],
    alias: { "vdevbox/abi": join(root, "abi") },
    bundle: true,
    format: "esm",
    write: false,
    logLevel: "error",
  });
  const code = (outputFiles[0] as { text: string }).text;
  try {
    return rowsOf(await import(`data:text/javascript,${encodeURIComponent(code)}`));
  } catch (error) {
    throw new UserError((error as Error).message, { file: source });
  }
}

/** What the doc comment directly above each constant says, in one line. */
export function meanings(source: string): ReadonlyMap<string, string> {
  const found = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\nexport const (\w+)/g);
  return new Map(Array.from(found, ([, text, name]) => [name as string, oneLine(text as string)]));
}

function oneLine(comment: string): string {
  return comment.replace(/\n \*/g, " ").replace(/\s+/g, " ").trim();
}

/** The table in Markdown, its columns aligned but for the last. */
export function registerTable(rows: readonly RegisterRow[], meaning: ReadonlyMap<string, string>): string {
  const digits = Math.max(...rows.map(({ offset }) => offset.toString(16).length));
  const cells = rows.map((row) => [
    `0x${row.offset.toString(16).padStart(digits, "0")}`,
    `\`${row.name}\``,
    `${row.bytes * 8}`,
    row.access,
    number(row.reset),
    number(row.readable),
    number(row.writable),
    (meaning.get(row.name) ?? "").replaceAll("|", "\\|"),
  ]);
  const widths = HEADINGS.map((heading, column) =>
    column === HEADINGS.length - 1
      ? 0
      : Math.max(heading.length, ...cells.map((line) => (line[column] as string).length)),
  );
  const line = (texts: readonly string[]) =>
    `| ${texts.map((text, column) => text.padEnd(widths[column] as number)).join(" | ")} |`.replace(/ +\|$/, " |");
  const rule = line(HEADINGS.map((heading, column) => "-".repeat(widths[column] || heading.length)));
  return [line(HEADINGS), rule, ...cells.map(line)].join("\n");
}

function number(value: number): string {
  return value === 0 ? "0" : `0x${value.toString(16)}`;
}

/** Puts the table between its two lines. */
export function withTable(readme: string, table: string, file: string): string {
  const begin = readme.indexOf(BEGIN);
  const end = readme.indexOf(END);
  if (begin < 0 || end < begin) throw new UserError(`has no lines "${BEGIN}" and "${END}"`, { file });
  return `${readme.slice(0, begin) + BEGIN}\n\n${table}\n\n${readme.slice(end)}`;
}
