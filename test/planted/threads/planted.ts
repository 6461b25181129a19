import { readFileSync } from "node:fs";
import { join } from "node:path";
import { type CompileResult, compileVdev } from "../../../build/asc/compile.ts";
import { packageRoot } from "../../../host/paths.ts";

/** Which of a lesson's twins. */
export type Twin = "planted" | "fixed";

const FOLDER = join(packageRoot(), "test/planted/threads/assembly");

/** The source file of a lesson, as reports name it. */
export const fileOf = (name: string): string => `test/planted/threads/assembly/${name}.ts`;

/** Lines of a lesson with a marker, from 1: `BUG` where the mistake is, `WITH` where its other half is. */
export function linesOf(name: string, marker: "BUG" | "WITH"): number[] {
  const lines = readFileSync(join(FOLDER, `${name}.ts`), "utf8").split("\n");
  return lines.flatMap((text, i) => (text.endsWith(`// ${marker}`) ? [i + 1] : []));
}

/** The module with every lesson: the vdev's type is the lesson's name. */
export async function compilePlanted(twin: Twin): Promise<CompileResult> {
  return compileVdev({
    file: join(FOLDER, "all.ts"),
    projectDir: packageRoot(),
    ...(twin === "fixed" && { extraFlags: ["--use", "PLANTED_FIXED=1"] }),
  });
}
