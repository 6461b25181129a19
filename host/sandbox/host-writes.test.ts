/** Who writes to module memory. A write that is not marked would stay when a module built for fuzzing is put back. */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { packageRoot } from "../paths.ts";

/** Ways to write to what `ModuleInstance.bytes` and `.view` answer, as the host's code has them. */
const WRITES = [
  /instance!?\.bytes\.(set|fill|copyWithin|reverse|sort)\(/,
  /instance!?\.bytes\[[^\]]*\]!? *([-+*|&^]|<<|>>>?)?=[^=]/,
  /instance!?\.view\.set/,
];

function* sources(folder: string): Generator<string> {
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) yield* sources(path);
    else if (entry.name.endsWith(".ts") && !entry.name.endsWith(".test.ts")) yield path;
  }
}

it("is ModuleInstance alone: everybody else calls write(), fill() or setU32() and its kin", () => {
  const found = [...sources(join(packageRoot(), "host"))].flatMap((file) =>
    readFileSync(file, "utf8")
      .split("\n")
      .flatMap((line, i) => (WRITES.some((pattern) => pattern.test(line)) ? [`${file}:${i + 1}: ${line.trim()}`] : [])),
  );
  expect(found).toEqual([]);
});
