/**
 * Programs whose schedule belongs to them. Oracles: the comment of assembly/fetcher.ts, whose mistake needs bytes in guest
 * memory and two vCPUs at once; that a campaign goes on with what its folder has; and what a meeting is.
 */
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import { ACTOR, actorOf } from "../../host/explore/actor.ts";
import { InOrderFirst, plainChoice, Random } from "../../host/explore/chooser.ts";
import { CampaignFolder } from "../../host/fuzz/campaign-folder.ts";
import { lengthOf, META, OPERATION_WORDS, type Program, vcpuOf } from "../../host/fuzz/program.ts";
import { formatProgram, parseProgram } from "../../host/fuzz/program-text.ts";
import { drawnOf, meeting, takenInSchedules } from "../../host/fuzz/scheduled-program.ts";
import { FuzzSession, type ToldFinding } from "../../host/fuzz/session.ts";
import { packageRoot } from "../../host/paths.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { createVm } from "../../host/vm/startup.ts";
import { linesIn } from "../planted/threads/campaigns.ts";

const SOURCE = join(packageRoot(), "test/fuzz/assembly/fetcher.ts");
const BUG =
  readFileSync(SOURCE, "utf8")
    .split("\n")
    .findIndex((line) => line.endsWith("// BUG")) + 1;
const TEXT = "system fetcher\ncpu\ncpu\nram 0,1M\nvdev fetcher loc 0x10000000\n";

const path = mkdtempSync(join(tmpdir(), "vdevbox-scheduled-"));
beforeAll(async () => {
  for (const twin of ["planted", "fixed"]) {
    const extraFlags = twin === "fixed" ? ["--use", "PLANTED_FIXED=1"] : [];
    const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot(), extraFlags });
    mkdirSync(join(path, twin));
    writeFileSync(join(path, twin, "fetcher.wasm"), wasm);
    writeFileSync(join(path, twin, "fetcher.wasm.map"), sourceMap);
  }
}, 120_000);
afterAll(() => rmSync(path, { recursive: true }));

const planOf = (twin: string) =>
  planFromConfig(parseConfig(TEXT, "vm.qvmconf"), { modulePath: [join(path, twin)], guest: "fuzz" });

function session(twin: string, folder: string): { session: FuzzSession; told: ToldFinding[] } {
  const told: ToldFinding[] = [];
  const made = new FuzzSession({
    plan: planOf(twin),
    pieces: [{ text: TEXT, file: "vm.qvmconf" }],
    folder: new CampaignFolder(join(path, folder)),
    seed: 1,
    isShared: false,
    seeds: [],
    onFinding: (finding) => told.push(finding),
    onNote: (text) => {
      throw new Error(text);
    },
    now: () => 0,
  });
  return { session: made, told };
}

const program = (...lines: string[]): Program =>
  parseProgram(createVm(planOf("fixed")), lines.map((line) => `${line}\n`).join(""), "p.script");

describe("a campaign", () => {
  it("finds what takes bytes in guest memory and a schedule, with both in the recording, and goes on from its folder", async () => {
    const { session: first, told } = session("planted", "first");
    while (told.length === 0 && first.progress.executions < 1_000_000) await first.step();
    expect(told.map(({ finding }) => finding.rule)).toEqual(["trap"]);
    expect(linesIn(told[0]!)).toContain(BUG);
    expect(told[0]!.operations).toBeLessThanOrEqual(10);
    const folder = told[0]!.folder!;
    expect(readFileSync(join(folder, "program.script"), "utf8")).toMatch(/^write 0x2000 2 0x5a/);
    expect(readFileSync(join(folder, "finding.md"), "utf8")).toContain("It takes this schedule:");
    const recording = parseRecording(readFileSync(join(folder, "finding.rec"), "utf8"), "finding.rec");
    expect(replay(recording, { modulePath: [join(path, "planted")] }).divergence).toBeUndefined();
  });

  it("tells nothing of the twin, keeps what only a schedule reaches, and has it again when it goes on", async () => {
    const { session: first, told } = session("fixed", "again");
    while (first.progress.executions < 20_000) await first.step();
    expect(told).toEqual([]);
    const corpus = join(path, "again/corpus");
    const scheduled = readdirSync(corpus).filter((file) =>
      /^# schedule/m.test(readFileSync(join(corpus, file), "utf8")),
    );
    expect(scheduled.length).toBeGreaterThan(0);
    const { session: second } = session("fixed", "again");
    second.takeWaiting();
    expect(second.progress.edges).toBe(first.progress.edges);
    const { programs } = second.merge();
    expect(programs.some((text) => text.includes("# schedule"))).toBe(true);
    const programsOf = programs.map((text) => parseProgram(first.campaign.target.vm, text, "p.script"));
    const reached = takenInSchedules(
      planOf("fixed"),
      programsOf.filter(({ schedule }) => schedule !== undefined),
    );
    expect(reached.flatMap(({ taken }) => taken).filter(Boolean).length).toBeGreaterThan(0);
  });
});

describe("a program with a schedule", () => {
  it("is read as it is written, also with no decision in it", () => {
    const vm = createVm(planOf("fixed"));
    for (const text of ["# schedule vcpu0 thread3 late\nreadl 0x10000008\n", "# schedule\nreadl 0x10000008\n"]) {
      expect(formatProgram(vm, parseProgram(vm, text, "p.script"))).toBe(text);
    }
    expect(program("readl 0x10000008").schedule).toBeUndefined();
  });

  it.each(["# schedule vcpu", "# schedule nobody", "# schedule thread-1"])("says who is nobody: %s", (line) =>
    expect(() => program(line, "readl 0x10000008")).toThrow(/nobody is called/),
  );

  it("has its memory at the beginning, each vCPU's accesses in order, and the order of what comes before the meeting", () => {
    const vm = createVm(planOf("fixed"));
    const given = program(
      "# answers 0x0102",
      "readl 0x10000000",
      "clock_step 5",
      "write 0x3000 0x1 0x07",
      "vcpu 1",
      "readl 0x10000004",
    );
    const { workload, undecided, order } = drawnOf(vm, given, 2);
    expect(workload.memory).toEqual([{ address: 0x3000n, bytes: Uint8Array.of(7) }]);
    expect(workload.vcpus.map((steps) => steps.length)).toEqual([1, 1]);
    expect(workload.outside.map(({ kind }) => kind)).toEqual(["clockStep"]);
    expect(undecided).toEqual({ answers: Uint8Array.of(1, 2), answersLength: 2 });
    expect(order).toEqual([actorOf(ACTOR.vcpu, 0), actorOf(ACTOR.outside)]);
  });
});

describe("a meeting", () => {
  it("begins as the program does, on one vCPU, and ends with a few accesses more, of vCPUs there are", () => {
    const long = program("repeat 20 {", "writel 0x10000000 0x1", "readl 0x10000008", "}");
    const short = program("writel 0x10000004 0x9");
    const vcpusOf = ({ words }: Program) =>
      Array.from({ length: words.length / OPERATION_WORDS }, (_, i) => vcpuOf(words[i * OPERATION_WORDS + META]!));
    const ends = new Set<number>();
    fc.assert(
      fc.property(fc.integer(), fc.constantFrom(long, short), (seed, given) => {
        const { program: met, before } = meeting(given, short, 2, new Random(seed));
        expect(lengthOf(met) - lengthOf(given)).toBeGreaterThanOrEqual(0);
        expect(lengthOf(met) - lengthOf(given)).toBeLessThanOrEqual(3);
        const vcpus = vcpusOf(met);
        expect(new Set(vcpus.slice(0, before)).size).toBeLessThanOrEqual(1);
        for (const vcpu of vcpus) expect(vcpu).toBeLessThan(2);
        ends.add(new Set(vcpus.slice(before)).size);
      }),
    );
    expect(ends).toContain(2); // they do meet
  });

  it("goes in order to where it begins, while threads have their turns", () => {
    const [thread, vcpu0, vcpu1, outside] = [
      actorOf(ACTOR.thread, 7),
      actorOf(ACTOR.vcpu, 0),
      actorOf(ACTOR.vcpu, 1),
      actorOf(ACTOR.outside),
    ] as const;
    const last = { begin() {}, choose: () => vcpu1 };
    const chooser = new InOrderFirst([vcpu0, outside, vcpu0], last, new Random(3));
    chooser.begin();
    const made: number[] = [];
    while (made.length < 3) {
      const actor = chooser.choose(-1, [thread, vcpu0, vcpu1, outside]);
      if (actor !== thread) made.push(actor);
    }
    expect(made).toEqual([vcpu0, outside, vcpu0]);
    expect(chooser.choose(-1, [thread, vcpu0])).toBe(vcpu1); // the other one decides
    chooser.begin();
    chooser.only(vcpu0); // without a choice
    expect(chooser.choose(thread, [thread, outside])).toBe(plainChoice(thread, [thread, outside])); // a thread goes on
    expect([outside, thread]).toContain(chooser.choose(-1, [thread, outside]));
  });
});
