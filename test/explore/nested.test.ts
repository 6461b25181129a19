/**
 * Accesses in the middle of a callback that is in the middle of another one. Oracle: the comment of assembly/nested.ts, and that
 * accesses of several vCPUs may be made at any time.
 */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { Search } from "../../host/explore/search.ts";
import { parseWorkload } from "../../host/explore/workload.ts";
import { packageRoot } from "../../host/paths.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";

const folder = mkdtempSync(join(tmpdir(), "vdevbox-nested-"));
beforeAll(async () => {
  const file = join(packageRoot(), "test/explore/assembly/nested.ts");
  for (const [name, level] of [
    ["controller", "1"],
    ["client", "2"], // so that it is a module of its own
  ] as const) {
    const { wasm, sourceMap } = await compileVdev({
      file,
      projectDir: packageRoot(),
      extraFlags: ["--optimizeLevel", level],
    });
    writeFileSync(join(folder, `${name}.wasm`), wasm);
    writeFileSync(join(folder, `${name}.wasm.map`), sourceMap);
  }
}, 120_000);
afterAll(() => rmSync(folder, { recursive: true }));

const CLIENT = "0x1c010000";
const INSIDE = "0x1c000000";
const LOOKS = "0x1c000004";

async function search(schedules: number, ...lines: string[]) {
  const text = `system nested\ncpu\ncpu\nvdev controller name pic0 loc ${INSIDE} intr gic:40\nvdev client loc ${CLIENT} intr pic0:3\n`;
  const pieces = [{ file: "nested.qvmconf", text }];
  return new Search({
    plan: planFromConfig(parseConfigPieces(pieces), { modulePath: [folder], guest: "explore" }),
    pieces,
    create: {},
    seed: 1,
    schedules,
    workload: parseWorkload(lines.join("\n"), "nested.script", 2),
    now: () => 0,
  }).run();
}

describe("a callback in the middle of another one", () => {
  it("has other vCPUs begin accesses meanwhile, several of them, and a recording shows that again", async () => {
    const reads = [`readl ${INSIDE}`, `readl ${INSIDE}`, `readl ${LOOKS}`, "expect 0/2"];
    const { found, unexplained } = await search(400, "vcpu 0", `writel ${CLIENT} 1`, "vcpu 1", ...reads);
    expect(unexplained).toBe(0);
    expect(found.map(({ what }) => what.kind)).toEqual(["expectation"]);
    const replayed = replay(parseRecording(found[0]!.recording, "nested.rec"), { modulePath: [folder] });
    expect(replayed).toMatchObject({ divergence: undefined, endsAtLimit: false });
  }, 60_000);

  it("leaves each access its own answer", async () => {
    const outer = ["vcpu 0", `readl ${CLIENT}`, "expect 0x5161"];
    const others = [`readl ${INSIDE}`, "expect 0/0xfffffffe", `readl ${INSIDE}`, "expect 0/0xfffffffe"];
    const { found } = await search(600, ...outer, "vcpu 1", ...others);
    expect(found.map(({ what }) => (what.kind === "finding" ? what.finding.message : what))).toEqual([]);
  }, 60_000);

  it("is not met when only one vCPU makes accesses", async () => {
    const { found } = await search(200, `writel ${CLIENT} 1`, `readl ${INSIDE}`, "expect 0");
    expect(found).toEqual([]);
  }, 60_000);
});
