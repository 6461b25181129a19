/** Writes docs/planted-threads.md: `npm run planted`. What a search finds does not depend on the machine, the time does. */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { packageRoot } from "../../../host/paths.ts";
import { PLANTED, type Planted } from "./expected.ts";
import { compilePlanted } from "./planted.ts";
import { firstPlanted, SCHEDULES, searchLesson } from "./search.ts";

const { wasm, sourceMap } = await compilePlanted("planted");
const folder = mkdtempSync(join(tmpdir(), "vdevbox-planted-"));
const module = join(folder, "planted.wasm");
writeFileSync(module, wasm);
writeFileSync(`${module}.map`, sourceMap);
const rows: string[] = [];
for (const planted of PLANTED) {
  const { found } = await searchLesson(module, planted, { schedules: SCHEDULES }, true);
  const first = firstPlanted(found, planted);
  const lines = planted.bug.map((line) => `[${line}](../${planted.file}#L${line})`).join(", ");
  const result = first === undefined ? "not found | – " : `${first.schedules} | ${Math.round(first.milliseconds)} ms`;
  rows.push(`| \`${planted.name}\` | ${lessonOf(planted)} | \`${planted.class}\` | ${lines} | ${result} |`);
  console.log(rows.at(-1));
}
rmSync(folder, { recursive: true });
const page = join(packageRoot(), "docs/planted-threads.md");
const [before, after] = readFileSync(page, "utf8").split(/<!-- table -->[\s\S]*<!-- end -->/) as [string, string];
const head = ["| vdev | the mistake | found as | line | schedule | after |", "| --- | --- | --- | --- | --- | --- |"];
writeFileSync(page, [before, "<!-- table -->\n", [...head, ...rows].join("\n"), "\n<!-- end -->", after].join(""));

/** The lesson's first sentence. */
function lessonOf({ file }: Planted): string {
  const comment = /^\/\*\*([\s\S]*?)\*\//.exec(readFileSync(join(packageRoot(), file), "utf8"))?.[1] ?? "";
  return comment
    .replace(/\s*\n \*/g, "")
    .trim()
    .replace(/\s*Finding: .*$/, "")
    .replaceAll("|", "\\|");
}
