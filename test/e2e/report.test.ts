/** `vdevbox report` as it is typed. Oracle: docs/fuzzing.md and docs/command-line.md. */
import { spawn } from "node:child_process";
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { hostileVault } from "../report/campaign.ts";
import { brokenRules } from "../report/sarif-rules.ts";
import { vdevbox } from "./command-line.ts";

let root = "";
let module = "";
beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "vdevbox-report-"));
  module = await hostileVault(root);
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const sarifOf = (folder: string) => JSON.parse(readFileSync(join(folder, "findings.sarif"), "utf8"));

describe("vdevbox report", () => {
  it("makes a page of a campaign of several jobs, beside it or where it is said", () => {
    const folder = join(root, "jobs");
    vdevbox("fuzz", module, "--executions", "700", "--jobs", "2", "--out", folder);
    expect(readdirSync(join(folder, "progress"))).toHaveLength(2);
    const { code, out, err } = vdevbox("report", folder);
    expect({ code, out, err }).toEqual({ code: 0, out: `${join(folder, "report.html")}\n`, err: "" });
    const page = readFileSync(join(folder, "report.html"), "utf8");
    expect(page).toContain("2 processes");
    const other = join(root, "a page #1.html");
    expect(vdevbox("report", folder, "-o", other).code).toBe(0);
    const moved = readFileSync(other, "utf8");
    expect(moved).toContain('href="jobs/findings/');
    expect(page).toContain('href="findings/');
    // Every finding of either job is in the log at the end.
    const known = readdirSync(join(folder, "findings"));
    expect(sarifOf(folder).runs[0].results).toHaveLength(known.length);
    expect(brokenRules(sarifOf(folder))).toEqual([]);
  });

  it("makes one of a campaign that was killed, and of it once it has gone on and was merged", async () => {
    const folder = join(root, "killed");
    const words = ["build/vdevbox.mjs", "fuzz", module, "--seconds", "60", "--out", folder, "--json"];
    const child = spawn(process.execPath, words, { cwd: packageRoot() });
    let text = "";
    await new Promise<void>((resolve) => {
      child.stdout.on("data", (chunk) => {
        text += chunk;
        if (text.includes('"rule":"abort"')) child.kill("SIGKILL");
      });
      child.on("close", () => resolve());
    });
    expect(brokenRules(sarifOf(folder))).toEqual([]);
    expect(sarifOf(folder).runs[0].results.length).toBeGreaterThan(0);
    expect(vdevbox("report", folder)).toMatchObject({ code: 0, err: "" });
    expect(readFileSync(join(folder, "report.html"), "utf8")).toContain("of work");
    vdevbox("fuzz", module, "--executions", "500", "--out", folder);
    vdevbox("fuzz", module, "--merge", "--out", folder);
    expect(vdevbox("report", folder)).toMatchObject({ code: 0, err: "" });
    const page = readFileSync(join(folder, "report.html"), "utf8");
    expect(page).toContain("2 processes");
    expect(page).toContain("taken up again");
  });

  it("names what it had to do without", () => {
    const folder = join(root, "bare");
    mkdirSync(join(folder, "corpus"), { recursive: true });
    writeFileSync(join(folder, "corpus", "a.script"), "writel 0x0 1\n");
    const { code, err } = vdevbox("report", folder);
    expect(code).toBe(0);
    expect(err).toContain("note: campaign.json is missing");
  });

  it.each([
    [["report"], "report needs the folder of a campaign"],
    [["report", "nowhere"], "nowhere: there is no such folder"],
    [["report", "host"], "host: is not the folder of a campaign"],
    [["report", "package.json"], "package.json: is no folder"],
    [["report", "a", "b"], "is one too many"],
    [["report", "a", "--out", "x", "-o", "y"], "--out is given 2 times"],
  ])("%j is told in a sentence", (words, sentence) => {
    const { code, err } = vdevbox(...words);
    expect(err).toContain(sentence);
    expect(err).not.toMatch(/^\s+at /m);
    expect(code).toBe(2);
  });

  it("a page that cannot be written is a sentence", () => {
    const folder = join(root, "unwritten");
    mkdirSync(join(folder, "corpus"), { recursive: true });
    const { code, err } = vdevbox("report", folder, "--out", join(root, "no/such/folder/page.html"));
    expect(err).toContain("cannot be written: ENOENT");
    expect(code).toBe(2);
  });
});
