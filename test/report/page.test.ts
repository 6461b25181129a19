/** The page of a campaign. Oracle: docs/fuzzing.md, the remarks in the device's source, and rules of HTML written out here. */
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { formatFinding } from "../../host/gate/finding.ts";
import { readCampaign } from "../../host/report/campaign.ts";
import { pageOf } from "../../host/report/page.ts";
import { HOSTILE, hostileVault, runCampaign } from "./campaign.ts";

let root = "";
let campaign = "";
let module = "";
let source: readonly string[] = [];
const lineOf = (remark: string) => source.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;

beforeAll(async () => {
  root = mkdtempSync(join(tmpdir(), "vdevbox-report-"));
  module = await hostileVault(root);
  source = readFileSync(join(root, "vdevs/vault.ts"), "utf8").split("\n");
  campaign = join(root, "campaign");
  const config = `system "<b>lab</b>"\nram 0,1M\nvdev vault loc 0x1c000000 name <i>v</i>\n`;
  const modulePath = [join(root, "out")];
  await runCampaign({ path: campaign, what: "<u>vault</u>", config, modulePath, executions: 3000, seed: 4 });
}, 60_000);
afterAll(() => rmSync(root, { recursive: true, force: true }));

const page = (folder: string) => {
  const report = readCampaign(folder, []);
  const place = { link: (name: string) => `findings/${name}`, made: new Date(0), textOf: formatFinding };
  return { report, text: pageOf(report, place) };
};
let copies = 0;
function copy(): string {
  const folder = join(root, `copy${copies++}`);
  cpSync(campaign, folder, { recursive: true });
  return folder;
}
/** Elements that are opened and not closed, or the other way round; those that have no end left out. */
function unbalanced(text: string): string[] {
  const open: string[] = [];
  const wrong: string[] = [];
  const body = text.replace(/<style>[\s\S]*?<\/style>/, "");
  for (const [, end, name, attributes] of body.matchAll(/<(\/?)([a-z][a-z0-9]*)((?:"[^"]*"|[^<>"])*)>/g)) {
    if (["meta", "link", "br", "img"].includes(name!) || attributes!.endsWith("/")) continue;
    if (end === "") open.push(name!);
    else if (open.pop() !== name) wrong.push(name!);
  }
  return [...wrong, ...open];
}
const escaped = (text: string) =>
  text.replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");

describe("the page of a campaign", () => {
  it("shows what was found, with its shortest program and where it is", () => {
    const { text, report } = page(campaign);
    expect(report.findings.map(({ finding }) => finding.rule)).toEqual(["abort", "invariant"]);
    expect(text).toContain(`vdevs/vault.ts:${lineOf("push")}`);
    const [name] = readdirSync(join(campaign, "findings")).filter((one) => one.startsWith("abort"));
    expect(text).toContain(`href="findings/${name}/finding.md"`);
    const script = readFileSync(join(campaign, "findings", name!, "program.script"), "utf8");
    expect(text).toContain(script.trimEnd());
  });

  it("lets nothing a vdev says be more than text", () => {
    const { text } = page(campaign);
    expect(text).toContain(escaped(HOSTILE));
    expect(text).toContain("&lt;u&gt;vault&lt;/u&gt;");
    expect(text).toContain("&lt;i&gt;v&lt;/i&gt;");
    expect(text).not.toMatch(/<script|<img|<b>lab|<u>|<i>|onerror=alert\(1\)>/);
    expect(unbalanced(text)).toEqual([]);
    const policy = /Content-Security-Policy" content="([^"]*)"/.exec(text)![1]!;
    expect(policy).toContain("default-src &#39;none&#39;");
    expect(policy).not.toContain("unsafe");
  });

  it("needs no other file and no network", () => {
    const { text } = page(campaign);
    for (const [, address] of text.matchAll(/(?:href|src|action)="([^"]*)"/g)) {
      expect(address).toMatch(/^(#|findings\/)/);
    }
    expect(text).not.toMatch(/@import|url\(|<link|<iframe|<object/);
    const ids = new Set(Array.from(text.matchAll(/\bid="([^"]*)"/g), ([, id]) => id));
    for (const [, id] of text.matchAll(/href="#([^"]*)"/g)) expect(ids).toContain(id);
  });

  it("marks lines that are reached and lines that are not", () => {
    const { text } = page(campaign);
    const row = (remark: string) =>
      new RegExp(`<tr id="f\\d+-${lineOf(remark)}" class="(\\w*)">.*`).exec(text)! as RegExpExecArray;
    expect(row("start")[1]).toBe("y");
    // The assertion fails in the program of the finding only: that counts as reached, and the finding is marked.
    expect(row("push")[0]).toContain("⚑");
    expect(row("push")[1]).not.toBe("n");
    const none = source.findIndex((line) => line.startsWith("import { EOK")) + 1;
    expect(text).toContain(`-${none}" class="">`);
  });

  it("agrees with the campaign on what was reached", () => {
    const { report } = page(campaign);
    const [file] = report.coverage;
    const written = readFileSync(join(campaign, "coverage.lcov"), "utf8");
    for (const [, line, count] of written.matchAll(/^DA:(\d+),(\d+)$/gm)) {
      // Programs of findings reach more than the corpus does.
      if (count !== "0") expect(file!.lines.get(Number(line))).toBe(true);
      else expect(file!.lines.has(Number(line))).toBe(true);
    }
    expect(file!.branches.length).toBe(Number(/^BRF:(\d+)$/m.exec(written)![1]));
  });

  it("counts the accesses of the corpus by register and width, as the scripts have them", () => {
    const { report } = page(campaign);
    const [region] = report.replayed!.regions;
    expect(region).toMatchObject({ vdev: "<i>v</i>", start: 0x1c000000n, length: 0x14 });
    const scripts = readdirSync(join(campaign, "corpus")).map((name) =>
      readFileSync(join(campaign, "corpus", name), "utf8"),
    );
    const count = (word: string) =>
      scripts
        .join("\n")
        .split("\n")
        .filter((line) => line.startsWith(word)).length;
    for (const offset of [0, 4, 8, 0xc, 0x10]) {
      const row = region!.rows.find((one) => one.offset === offset)!;
      const address = `0x${(0x1c000000 + offset).toString(16)}`;
      // A program ends where the VM does, which no program of the corpus does here.
      expect(row.writes.get(4) ?? 0).toBe(count(`writel ${address} `));
      expect(row.reads.get(4) ?? 0).toBe(count(`readl ${address}`));
    }
  });
});

describe("a campaign in any state", () => {
  it("that has only just begun", () => {
    const folder = join(root, "empty");
    for (const name of ["corpus", "findings"]) mkdirSync(join(folder, name), { recursive: true });
    const { text } = page(folder);
    expect(text).toContain("<p>None.</p>");
    expect(text).toContain("Nothing is known");
    expect(unbalanced(text)).toEqual([]);
  });

  it("that was killed in the middle of a line and of a finding", () => {
    const folder = copy();
    for (const name of ["coverage.lcov", "findings.sarif"]) rmSync(join(folder, name));
    const [series] = readdirSync(join(folder, "progress"));
    writeFileSync(join(folder, "progress", series!), '{"seconds":9.5,"execu', { flag: "a" });
    mkdirSync(join(folder, "findings", "half"));
    writeFileSync(join(folder, "findings", "half", "finding.json"), '{"cause":"x","rule');
    const { report, text } = page(folder);
    expect(report.findings).toHaveLength(2);
    expect(report.series.points.length).toBeGreaterThan(0);
    expect(unbalanced(text)).toEqual([]);
  });

  it("whose module is gone: from what it wrote itself", () => {
    const folder = copy();
    const record = JSON.parse(readFileSync(join(folder, "campaign.json"), "utf8"));
    writeFileSync(join(folder, "campaign.json"), JSON.stringify({ ...record, modulePath: ["nowhere"] }));
    const { report, text } = page(folder);
    expect(report.replayed).toBeUndefined();
    expect(report.notes.join()).toContain("there is no module for vdev vault");
    expect(report.coverage[0]!.lines.size).toBeGreaterThan(0);
    expect(text).not.toContain('id="registers"');
    expect(unbalanced(text)).toEqual([]);
    expect(readCampaign(folder, [join(module, "..")]).replayed).toBeDefined();
  });

  it("whose files are rubbish", () => {
    const folder = copy();
    writeFileSync(join(folder, "campaign.json"), '{"what":1,"pieces":[{"file":2}]}');
    writeFileSync(join(folder, "coverage.lcov"), "SF:a\nDA:x,y\nBRDA:1\nDA:-1,1\nDA:1e999,2\nend_of_record\n\0\0");
    writeFileSync(join(folder, "corpus", "bad.script"), "rubbish");
    for (const name of readdirSync(join(folder, "progress")))
      writeFileSync(join(folder, "progress", name), "[]\n{}\n1");
    const finding = { cause: "a", severity: "fault", rule: "trap", message: 1, stack: {} };
    mkdirSync(join(folder, "findings", "bad"));
    writeFileSync(join(folder, "findings", "bad", "finding.json"), JSON.stringify(finding));
    const { report, text } = page(folder);
    expect(report.findings).toHaveLength(2);
    expect(text).toContain("campaign.json is missing");
    expect(unbalanced(text)).toEqual([]);
  });

  it("that is large: the page stays below 5 MB and says what is left out", () => {
    const folder = copy();
    const [name] = readdirSync(join(folder, "findings"));
    const finding = JSON.parse(readFileSync(join(folder, "findings", name!, "finding.json"), "utf8"));
    for (let i = 0; i < 1100; i++) {
      const other = join(folder, "findings", `more-${i}`);
      mkdirSync(other);
      const message = `${i} ${"<".repeat(2000)}`;
      writeFileSync(join(other, "finding.json"), JSON.stringify({ ...finding, cause: `${i}`, message }));
      writeFileSync(join(other, "program.script"), "rubbish &".repeat(2000));
    }
    const files = Array.from({ length: 600 }, (_, i) => {
      const lines = Array.from(
        { length: 400 },
        (_, line) => `DA:${line + 1},${line % 2}\nBRDA:${line + 1},${line},0,0`,
      );
      return `SF:vdevs/${i}.ts\n${lines.join("\n")}\nend_of_record\n`;
    });
    const { report } = page(folder);
    const large = { ...report, coverage: [...report.coverage, ...files.flatMap((text) => parse(text))] };
    const text = pageOf(large, { link: (one) => one, made: new Date(0), textOf: formatFinding });
    expect(Buffer.byteLength(text)).toBeLessThan(5_000_000);
    expect(text).toContain("so that the page stays small");
    expect(text).toMatch(/\d+ more findings in the folder/);
    expect(text).toMatch(/\d+ more files are in coverage\.lcov/);
    expect(unbalanced(text)).toEqual([]);
  });

  it("whose corpus was made smaller", () => {
    const folder = copy();
    const before = readdirSync(join(folder, "corpus")).length;
    const whole = page(folder).report;
    for (const name of readdirSync(join(folder, "corpus")).slice(before / 2)) rmSync(join(folder, "corpus", name));
    const { report } = page(folder);
    expect(report.replayed!.programs).toBeLessThan(whole.replayed!.programs);
    expect(report.replayed!.edges.all).toBe(whole.replayed!.edges.all);
  });

  it("is left as it is", () => {
    const state = () =>
      readdirSync(campaign, { recursive: true, encoding: "utf8" }).map((name) => [
        name,
        statSync(join(campaign, name)).mtimeMs,
      ]);
    const before = state();
    page(campaign);
    expect(state()).toEqual(before);
  });

  it.each([
    ["nowhere", "there is no such folder"],
    [".", "is not the folder of a campaign"],
    ["package.json", "is no folder"],
  ])("%s is none", (name, sentence) => {
    expect(() => readCampaign(join(root, name), [])).toThrow(sentence);
  });
});

/** Just what this file writes. */
function parse(text: string) {
  const file = /^SF:(.*)$/m.exec(text)![1]!;
  const lines = new Map(
    Array.from(text.matchAll(/^DA:(\d+),(\d)/gm), ([, line, n]) => [Number(line), n !== "0"] as const),
  );
  const branches = Array.from(text.matchAll(/^BRDA:(\d+),(\d+),(\d+),(\d)/gm), ([, line, condition, way, n]) => ({
    ...{ line: Number(line), condition: Number(condition), way: Number(way), isTaken: n !== "0" },
  }));
  return [{ file, lines, branches }];
}
