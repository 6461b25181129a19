/** Oracle: the pages themselves. What they show is written to a folder outside the repository, typed and compared. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { examplesOf, outputPattern, type, writeFiles } from "./examples.ts";

const PAGES = ["README.md", "docs/guests.md", "docs/authoring.md", "docs/command-line.md"];

for (const page of PAGES) {
  describe(page, () => {
    const { files, commands } = examplesOf(page);
    let folder = "";
    beforeAll(() => {
      folder = mkdtempSync(join(tmpdir(), "vdevbox-docs-"));
      writeFiles(folder, files);
    });
    afterAll(() => rmSync(folder, { recursive: true, force: true }));

    for (const { line, expected } of commands) {
      it(line, () => expect(type(folder, line)).toMatch(outputPattern(expected)));
    }
    it("shows how to run what it shows", () => expect(commands.length).toBeGreaterThan(0));
  });
}
