/** A campaign in a folder. Oracle: nothing that was found is lost, whatever becomes of the folder. */
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { CampaignFolder, readPrograms } from "../../host/fuzz/campaign-folder.ts";
import { FuzzSession, type ToldFinding } from "../../host/fuzz/session.ts";
import { packageRoot } from "../../host/paths.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { folder as testFolder } from "../support/assembly.ts";
import { moduleFile } from "../support/vm.ts";

let module = "";
beforeAll(async () => {
  const file = join(packageRoot(), "test/fuzz/assembly/vault.ts");
  const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
  module = moduleFile(wasm, "vault", sourceMap);
}, 60_000);

interface Fuzzed {
  readonly session: FuzzSession;
  readonly told: ToldFinding[];
  readonly notes: string[];
}

function sessionIn(folder: CampaignFolder, more: { seeds?: readonly string[]; now?: () => number } = {}): Fuzzed {
  const pieces = [{ file: "vm.qvmconf", text: "ram 0,1M\nvdev vault loc 0x1c000000\n" }];
  const plan = planFromConfig(parseConfigPieces(pieces), { modulePath: [join(module, "..")] });
  const told: ToldFinding[] = [];
  const notes: string[] = [];
  const session = new FuzzSession({
    ...{ plan, pieces, folder, seed: 1, seeds: more.seeds ?? [], now: more.now ?? (() => 0) },
    isShared: more.now !== undefined,
    onFinding: (one) => told.push(one),
    onNote: (text) => notes.push(text),
  });
  session.takeWaiting();
  return { session, told, notes };
}

let count = 0;
const newFolder = () => testFolder(join(module, "..", `campaign${count++}`), { "readme.txt": "kept" });

/** Runs until a program that overruns the FIFO is found. */
async function overrun({ session, told }: Fuzzed): Promise<ToldFinding | undefined> {
  for (;;) {
    const found = told.find(({ finding }) => finding.rule === "abort");
    if (found !== undefined || session.progress.executions > 200_000) return found;
    await session.step();
  }
}

describe("a campaign in a folder", () => {
  it("tells a finding with its program when the folder cannot be written any more", async () => {
    const path = newFolder();
    const fuzzed = sessionIn(new CampaignFolder(path));
    rmSync(join(path, "findings"), { recursive: true });
    writeFileSync(join(path, "findings"), "no folder");
    const one = await overrun(fuzzed);
    expect(one).toMatchObject({ folder: undefined, isConfirmed: true, operations: 9 });
    expect(one!.unwritten).toContain("cannot be made: ");
    expect(one!.script).toContain("writel 0x1c00000c");
    expect(fuzzed.session.progress.findings).toBe(fuzzed.told.length);
  });

  it("does not tell what is in the folder already, and a broken finding.json costs nothing", async () => {
    const path = newFolder();
    const folder = new CampaignFolder(path);
    const first = sessionIn(folder);
    const known = await overrun(first);
    expect(known!.folder).toBeDefined();
    mkdirSync(join(path, "findings", "broken"));
    writeFileSync(join(path, "findings", "broken", "finding.json"), "{ not JSON");
    const second = sessionIn(new CampaignFolder(path));
    const until = 2000;
    while (second.session.progress.executions < until) await second.session.step();
    expect(second.told.map(({ finding }) => finding.rule)).not.toContain("abort");
    expect(second.notes).toEqual([]);
  });

  it("takes in what another process puts there, a second later", async () => {
    const path = newFolder();
    let now = 0;
    const folder = new CampaignFolder(path);
    const { session } = sessionIn(folder, { now: () => now });
    await session.step();
    const before = session.progress.corpus;
    // Two states of the lock deep: nothing a few random programs come to.
    const program = "writel 0x1c000000 0x600df00d\nwritel 0x1c000000 0x1234f197\nwritel 0x1c000004 0x1\n";
    writeFileSync(join(path, "corpus", "other.script"), program);
    const { edges } = session.progress;
    now = 999;
    await session.step();
    const later = session.progress;
    now = 1000;
    await session.step();
    expect(session.progress.corpus).toBeGreaterThan(before);
    expect(session.progress.edges).toBeGreaterThan(Math.max(edges, later.edges));
  });

  it("begins with programs of one's own", () => {
    const path = newFolder();
    writeFileSync(join(path, "mine.script"), "writel 0x1c000000 0x600df00d\nexpect ok\n");
    const { session, notes } = sessionIn(new CampaignFolder(path), { seeds: [join(path, "mine.script")] });
    expect(session.progress.corpus).toBe(1);
    expect(notes).toEqual([]);
    expect(readdirSync(join(path, "corpus"))).toHaveLength(1);
    const [kept] = readPrograms(join(path, "corpus"));
    expect(kept!.text).toBe("writel 0x1c000000 0x600df00d\n");
    expect(readFileSync(join(path, "readme.txt"), "utf8")).toBe("kept");
  });
});
