/** coverage.lcov. Oracle: geninfo(1) as lcov-rules.ts has it, the text of the sources, and `genhtml` where there is one. */
import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseLcov } from "../../host/report/lcov-file.ts";
import { hostileVault, runCampaign } from "./campaign.ts";
import { readTracefile, type TraceRecord } from "./lcov-rules.ts";

let root = "";
let text = "";
let records: readonly TraceRecord[] = [];
let told: { readonly reached: number; readonly all: number };
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "vdevbox-lcov-"));
  await hostileVault(root);
  const config = "ram 0,1M\nvdev vault loc 0x1c000000\n";
  const task = { path: join(root, "campaign"), what: "vault", config, modulePath: [join(root, "out")] };
  const { coverage } = await runCampaign({ ...task, executions: 1000 });
  told = coverage.lines;
  text = readFileSync(join(root, "campaign/coverage.lcov"), "utf8");
  records = readTracefile(text);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

describe("coverage.lcov", () => {
  it("is a tracefile, each of its totals right, of sources that are there", () => {
    expect(records.map(({ file }) => file)).toEqual(["vdevs/vault.ts"]);
    const source = readFileSync(join(root, records[0]!.file), "utf8").split("\n");
    for (const line of records[0]!.lines.keys()) expect(source[line - 1]!.trim()).not.toBe("");
    for (const { line } of records[0]!.branches) expect(records[0]!.lines.has(line)).toBe(true);
    for (const [name, { line }] of records[0]!.functions) {
      // The line of a function is that of its first code, behind its head.
      const head = source.slice(0, line).findLast((one) => /\bfunction \w+/.test(one));
      expect(head).toContain(`function ${name}(`);
    }
  });

  it("has branches where the source decides, and none of what the SDK decides in code that is inlined there", () => {
    const [{ file, branches }] = records as [TraceRecord];
    const source = readFileSync(join(root, file), "utf8").split("\n");
    expect(branches.length).toBeGreaterThan(0);
    for (const { line } of branches)
      expect(source[line - 1]).toMatch(/\b(if|else|while|for|switch|assert)\b|&&|\|\||\?/);
  });

  it("says of each line what the campaign said of all", () => {
    const lines = records.flatMap((record) => [...record.lines.values()]);
    expect(lines.filter((count) => count > 0).length).toBe(told.reached);
    expect(lines.length).toBe(told.all);
  });

  it("has a way of a branch taken only where its line is reached", () => {
    const [{ lines, branches }] = records as [TraceRecord];
    for (const { line, taken } of branches) if (Number(taken) > 0) expect(lines.get(line)).toBeGreaterThan(0);
    const decided = new Set(branches.filter(({ taken }) => taken === "1").map(({ block }) => block));
    for (const { block, taken } of branches) expect(taken === "-").toBe(!decided.has(block));
  });

  it("is read by the report as it is by others", () => {
    const [file] = parseLcov(text);
    expect([...file!.lines].map(([line, isReached]) => [line, isReached ? 1 : 0])).toEqual([...records[0]!.lines]);
    expect(file!.branches.map(({ isTaken }) => isTaken)).toEqual(
      records[0]!.branches.map(({ taken }) => taken === "1"),
    );
  });

  it("is shown by genhtml, where that is installed", () => {
    const { error, status, stderr } = spawnSync(
      "genhtml",
      ["--branch-coverage", "--output-directory", join(root, "html"), join(root, "campaign/coverage.lcov")],
      { cwd: root, encoding: "utf8" },
    );
    if ((error as NodeJS.ErrnoException | undefined)?.code === "ENOENT") return;
    expect(stderr).not.toMatch(/error/i);
    expect(status).toBe(0);
  });
});
