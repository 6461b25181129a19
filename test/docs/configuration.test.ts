/** The page of the configuration names every word that is read, and what it shows can be read. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import * as constants from "../../abi/generated/constants.ts";
import { ALL_WORDS, CPU_WORDS, PASS_WORDS, VDEV_WORDS, VM_WORDS } from "../../host/config/grammar.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import { VARIABLE_NAMES } from "../../host/config/settings.ts";
import { LOG_DESTINATIONS, SEVERITIES, UNSUPPORTED_ACTIONS, UNSUPPORTED_KINDS } from "../../host/config/vm-config.ts";
import { UserError } from "../../host/errors.ts";
import { packageRoot } from "../../host/paths.ts";

const page = readFileSync(join(packageRoot(), "docs/configuration.md"), "utf8");
/** Rows of the tables: cells without their blanks. */
const rows = page
  .split("\n")
  .filter((line) => line.startsWith("| "))
  .map((line) =>
    line
      .slice(1, -1)
      .split("|")
      .map((cell) => cell.trim()),
  );

describe("docs/configuration.md", () => {
  it.each([...ALL_WORDS, ...VARIABLE_NAMES])("has a row for %s", (word) => {
    expect(rows.some(([first]) => first?.startsWith(`\`${word}\``))).toBe(true);
  });

  it("names no option and no variable there is not", () => {
    const known = new Set<string>([...ALL_WORDS, ...VARIABLE_NAMES, ...UNSUPPORTED_KINDS, ...UNSUPPORTED_ACTIONS]);
    const named = rows.flatMap(([first]) => /^`([a-z0-9-]+)`/.exec(first!)?.[1] ?? []);
    expect(named.filter((word) => !known.has(word))).toEqual([]);
  });

  it.each([...SEVERITIES, ...LOG_DESTINATIONS, ...UNSUPPORTED_KINDS, ...UNSUPPORTED_ACTIONS])("names %s", (word) => {
    expect(page).toContain(`\`${word}\``);
  });

  it("names every flag of a factory", () => {
    const flags = Object.keys(constants).filter((name) => /^VFF_(?!NONE|VDEV_LOC_TYPES)/.test(name));
    for (const flag of flags) expect(page).toContain(flag);
  });

  it("shows an example of every option that can be read, and every example can be", () => {
    const shown = new Set<string>();
    const examples = rows.flatMap(
      (cells) => (cells.length > 2 ? /^`(.+)`$/.exec(cells.at(-1)!) : /^`(loc .+)`$/.exec(cells[0]!))?.[1] ?? [],
    );
    const fenced = [...page.matchAll(/```qvmconf\n([\s\S]*?)```/g)].map((match) => match[1]!);
    for (const example of [...examples, ...fenced]) {
      for (const context of ["", "vdev x ", "cpu ", "pass "]) {
        try {
          const config = parseConfig(`${context}${example}`, "docs/configuration.md");
          // A word that is no option of the context would pass as one of the vdev's own.
          if (context === "vdev x " && config.vdevs[0]!.own.length > 0) continue;
          for (const word of example.split(/\s+/)) shown.add(word);
        } catch (error) {
          if (!(error instanceof UserError)) throw error;
        }
      }
      expect(shown, example).toContain(example.split(/\s+/)[0]);
    }
    const words = [
      ...VM_WORDS,
      ...CPU_WORDS,
      ...VDEV_WORDS,
      ...PASS_WORDS,
      ...VARIABLE_NAMES,
      "cpu",
      "vdev",
      "pass",
      "set",
    ];
    expect(words.filter((word) => word !== "reserve" && !shown.has(word))).toEqual([]);
  });
});
