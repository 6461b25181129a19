/**
 * Guest memory in schedules: each begins with what the guest has written and nothing that another schedule has left.
 * Oracle: the comment of assembly/keeper.ts.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { Search } from "../../host/explore/search.ts";
import { parseWorkload } from "../../host/explore/workload.ts";
import { packageRoot } from "../../host/paths.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { linesIn } from "../planted/threads/search.ts";
import { moduleFile } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/explore/assembly/keeper.ts");
const BUG =
  readFileSync(SOURCE, "utf8")
    .split("\n")
    .findIndex((line) => line.endsWith("// BUG")) + 1;

let module = "";
beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  module = moduleFile(wasm, "keeper", sourceMap);
}, 120_000);

const search = (...lines: string[]) => {
  const text = `system keeper\ncpu\ncpu\nram 0,1M\nvdev keeper loc 0x1c000000\n`;
  const pieces = [{ file: "keeper.qvmconf", text }];
  return new Search({
    plan: planFromConfig(parseConfigPieces(pieces), { modulePath: [dirname(module)], guest: "explore" }),
    pieces,
    create: {},
    seed: 1,
    schedules: 100,
    workload: parseWorkload(lines.join("\n"), "keeper.script", 2),
    now: () => 0,
  });
};
const WRITES = ["vcpu 0", "writel 0x1c000000 1", "vcpu 1", "writel 0x1c000000 1"];

describe("guest memory", () => {
  it("is zero again in each schedule, whatever vdevs wrote in the one before", async () => {
    const { found, schedules } = await search(...WRITES, "readl 0x1c000000", "expect 0x0/0xfffffffc").run();
    expect([found, schedules]).toEqual([[], 100]);
  });

  it("holds what the script fills it with, the shortest schedule too, and replays", async () => {
    const { found, unexplained } = await search(
      "write 0x1000 0x4 0x04000000",
      "memset 0x2000 0x8 0xff",
      ...WRITES,
    ).run();
    expect(unexplained).toBe(0);
    expect(found.map(({ what }) => what.kind === "finding" && linesIn(what.finding, "keeper.ts"))).toEqual([
      expect.arrayContaining([BUG]),
    ]);
    const [{ schedule, recording }] = found as [(typeof found)[number]];
    expect(schedule.workload.memory).toEqual([{ address: 0x1000n, bytes: Uint8Array.of(4, 0, 0, 0) }]);
    expect(schedule.workload.vcpus.flat()).toHaveLength(1);
    const { divergence } = replay(parseRecording(recording, "keeper.rec"), { modulePath: [dirname(module)] });
    expect(divergence).toBeUndefined();
  });

  it("is filled where the guest has some", () => {
    expect(() => search("memset 0x1c000000 0x8 0", ...WRITES)).toThrow(
      "explore fills guest memory only, and the guest has none at 0x1c000000",
    );
  });
});
