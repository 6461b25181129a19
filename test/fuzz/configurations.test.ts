/** Options of vdevs as input. Oracle: the remarks in the device's source. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { CampaignFolder } from "../../host/fuzz/campaign-folder.ts";
import { configurations } from "../../host/fuzz/configurations.ts";
import { ConfiguredSessions } from "../../host/fuzz/configured-sessions.ts";
import type { PlannedVm } from "../../host/fuzz/confirm.ts";
import { sourceCoverage } from "../../host/fuzz/lcov.ts";
import { withOptions } from "../../host/fuzz/option-pieces.ts";
import type { ToldFinding } from "../../host/fuzz/session.ts";
import { packageRoot } from "../../host/paths.ts";
import { parseLcov } from "../../host/report/lcov-file.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { createVm } from "../../host/vm/startup.ts";
import { folder as testFolder } from "../support/assembly.ts";
import { moduleFile } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/tuned.ts");
const lines = readFileSync(SOURCE, "utf8").split("\n");
const lineOf = (remark: string) => lines.findIndex((text) => text.endsWith(`// ${remark}`)) + 1;

let module = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  module = moduleFile(wasm, "tuned", sourceMap);
}, 60_000);

function planned(options = ""): PlannedVm {
  const pieces = [{ file: "vm.qvmconf", text: `ram 0,1M\nvdev tuned ${options} loc 0x1c000000\n` }];
  return planOf(pieces);
}

function planOf(pieces: PlannedVm["pieces"]): PlannedVm {
  return { plan: planFromConfig(parseConfigPieces(pieces), { modulePath: [join(module, "..")] }), pieces };
}

let count = 0;
function sessions(given: PlannedVm, seed: number, most = 8) {
  const told: ToldFinding[] = [];
  const folder = new CampaignFolder(testFolder(join(module, "..", `configured${count++}`), { "readme.txt": "kept" }));
  const onFinding = (one: ToldFinding) => told.push(one);
  const rest = { seeds: [], isShared: false, onNote: () => {}, now: () => 0 };
  return { told, folder, all: new ConfiguredSessions({ ...given, ...rest, folder, seed, onFinding }, most) };
}

const linesTold = (told: readonly ToldFinding[]) => told.map(({ finding }) => finding.stack[0]!.line).sort();

describe("configurations that a campaign tries", () => {
  it("differ in options, the given one first, and are all accepted", () => {
    const { all, trials } = configurations(planned(), 1, 8);
    expect(all).toHaveLength(8);
    expect(trials).toBeLessThanOrEqual(128);
    expect(all[0]!.pieces[0]!.text).toBe("ram 0,1M\nvdev tuned  loc 0x1c000000\n");
    expect(new Set(all.map(({ pieces }) => pieces[0]!.text)).size).toBe(8);
    for (const { pieces } of all) createVm(planOf(pieces).plan); // as anybody reads them
    const texts = all.map(({ pieces }) => pieces[0]!.text).join("");
    for (const option of ['mode "plain"', 'mode "turbo"', " fast ", " rate "]) expect(texts).toContain(option);
  });

  it("leave what the user gave as it is", () => {
    const { all } = configurations(planned("mode plain rate 5"), 1, 8);
    for (const { pieces } of all) expect(pieces[0]!.text.match(/mode|rate/g)).toEqual(["mode", "rate"]);
    expect(all.length).toBe(2); // with and without `fast`
  });

  it("are one where no option is left, or no more are asked for", () => {
    expect(configurations(planned("mode plain rate 5 fast"), 1, 8)).toMatchObject({ trials: 0, findings: [] });
    expect(configurations(planned(), 1, 1).all).toHaveLength(1);
  });

  it("give an interrupt to a vdev that has none, and what needs one with it (README of wdt-ib700: `fiq`)", () => {
    const pieces = [{ file: "vm.qvmconf", text: "vdev wdt-ib700\n" }];
    const { all, taken } = configurations(planOf(pieces), 1, 8);
    const texts = all.map((one) => one.pieces[0]!.text);
    expect(texts).toContain('vdev wdt-ib700 intr "8259:5" action "fiq"\n');
    expect(texts.filter((text) => text.includes("fiq") && !text.includes("intr"))).toEqual([]);
    const [file] = parseLcov(sourceCoverage(taken).lcov).filter((one) => one.file.endsWith("/wdt-ib700.ts"));
    const source = readFileSync(join(packageRoot(), file!.file), "utf8").split("\n");
    const refusals = source.flatMap((text, i) => (text.includes("return refuse_watchdog_action") ? [i + 1] : []));
    // What a start that was refused has done is reached.
    expect(refusals.map((line) => file!.branches.filter((way) => way.line === line && way.isTaken).length)).toEqual([
      2,
    ]);
  });

  it("leave the interrupt that is given", () => {
    const { all } = configurations(planOf([{ file: "vm.qvmconf", text: "vdev wdt-ib700 intr 8259:9\n" }]), 1, 8);
    for (const { pieces } of all) expect(pieces[0]!.text.match(/intr \S+/g)).toEqual(["intr 8259:9"]);
    expect(all.some(({ pieces }) => pieces[0]!.text.includes('action "fiq"'))).toBe(true);
  });

  it("put words where the vdev's own are, whatever they hold", () => {
    const place = { file: "a", line: 2, column: 1 };
    const pieces = [{ file: "a", text: "cpu # vdev x\nvdev x loc 1\nvdev x\n" }];
    const made = withOptions(pieces, [
      { vdev: place, name: "o", argument: 'a "b"\\' },
      { vdev: { ...place, line: 3 }, name: "p", argument: undefined },
    ]);
    expect(made[0]!.text).toBe('cpu # vdev x\nvdev x o "a \\"b\\"\\\\" loc 1\nvdev x p\n');
  });
});

describe("a campaign over configurations", () => {
  it("finds what goes wrong at an option, and behind one", async () => {
    const { told, all } = sessions(planned(), 1);
    expect(linesTold(told)).toEqual([lineOf("rate")]);
    while (told.length < 3 && all.executions < 300_000) await all.step();
    expect(linesTold(told)).toEqual([lineOf("rate"), lineOf("turbo"), lineOf("fast")].sort());
    expect(all.progress.findings).toBe(3);
    const conf = (remark: string) => {
      const { folder } = told.find(({ finding }) => finding.stack[0]!.line === lineOf(remark))!;
      return readFileSync(join(folder!, "vm.qvmconf"), "utf8");
    };
    expect(conf("rate")).toMatch(/ rate "0+"/);
    expect(conf("turbo")).toContain(' mode "turbo"');
    expect(conf("fast")).toContain(" fast ");
    expect(told.every(({ isConfirmed }) => isConfirmed)).toBe(true);
  });

  it("is told of a mistake at the start once, also when the campaign goes on", () => {
    const first = sessions(planned(), 1, 3);
    expect(first.told).toHaveLength(1);
    const { folder } = first;
    const again: ToldFinding[] = [];
    const rest = { seeds: [], isShared: false, onNote: () => {}, now: () => 0, seed: 1 };
    new ConfiguredSessions({ ...planned(), ...rest, folder, onFinding: (one) => again.push(one) }, 3);
    expect(again).toEqual([]);
  });

  it("says once what is wrong with a file of the corpus, and what is right goes into each of them", async () => {
    const files = { "corpus/a.script": "readx 0\n", "corpus/b.script": "readl 0x1c000000\n" };
    const folder = new CampaignFolder(testFolder(join(module, "..", `configured${count++}`), files));
    const notes: string[] = [];
    const rest = { seeds: [], isShared: false, now: () => 0, seed: 1, onFinding: () => {} };
    const all = new ConfiguredSessions({ ...planned(), ...rest, folder, onNote: (text) => notes.push(text) }, 3);
    while (all.sessions.some(({ progress }) => progress.corpus === 0)) await all.step();
    for (let i = 0; i < 2 * all.sessions.length; i++) await all.step();
    expect(notes).toEqual([expect.stringMatching(/left out.*a\.script:1:1: .*readx/)]);
  });

  it("is the same with the same seed", async () => {
    const run = async () => {
      const { all } = sessions(planned(), 5, 3);
      while (all.executions < 2000) await all.step();
      return [all.executions, ...all.sessions.map(({ progress }) => progress)];
    };
    expect(await run()).toEqual(await run());
  });
});
