import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { compareFiles } from "./compare-files.ts";

let root = "";
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vdevbox-generate-"));
  mkdirSync(join(root, "out"));
  writeFileSync(join(root, "out/same.ts"), "same");
  writeFileSync(join(root, "out/edited.ts"), "by hand");
  writeFileSync(join(root, "out/old.ts"), "of an entry that is gone");
});
afterEach(() => rmSync(root, { recursive: true }));

test("names what is missing, edited, or left over", () => {
  const files = new Map([
    ["out/same.ts", "same"],
    ["out/edited.ts", "generated"],
    ["out/new.ts", "generated"],
  ]);
  expect(compareFiles(root, files, ["out", "not-there"])).toEqual({
    stale: ["out/edited.ts", "out/new.ts"],
    left: ["out/old.ts"],
  });
});
