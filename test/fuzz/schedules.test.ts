/**
 * What a campaign of a vdev with threads, or that two vCPUs meet in, leaves behind; `npm run test:system` has what each finds. Oracle:
 * what the planted lesson and its corrected twin do with it.
 */
import { spawnSync } from "node:child_process";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { vdevbox } from "../e2e/command-line.ts";
import { LessonModules } from "../planted/threads/campaigns.ts";

const lessons = new LessonModules();
beforeAll(() => lessons.make(), 120_000);
afterAll(() => lessons.remove());

describe("the folder of such a finding", () => {
  it("has a schedule, a recording that replays, a script to explore, and a test that passes once it is mended", async () => {
    const found = await lessons.campaign("abba", "planted", 30_000, { rule: "deadlock" });
    const folder = found.find(({ finding }) => finding.rule === "deadlock")!.folder!;
    expect(readFileSync(join(folder, "finding.md"), "utf8")).toMatch(/It takes this schedule:\n\n```text\n.*vCPU 0/s);
    const path = ["--module-path", lessons.folderOf("planted")];
    const replayed = vdevbox("replay", join(folder, "finding.rec"), ...path);
    expect(replayed.out + replayed.err).toContain("identical");
    const guest = ["--guest", join(folder, "program.script")];
    const explored = vdevbox("explore", join(folder, "vm.qvmconf"), ...guest, "--schedules", "300", ...path);
    expect([explored.code, explored.out]).toEqual([1, expect.stringContaining("deadlock")]);

    const config = join(lessons.path, "vitest.config.mjs"); // not this repository's own
    writeFileSync(config, "export default {};\n");
    const test = readdirSync(folder).find((file) => file.endsWith(".test.ts"))!;
    const vitest = () => {
      const words = ["run", "--config", config, "--root", folder, join(folder, test)];
      const program = join(packageRoot(), "node_modules/vitest/vitest.mjs");
      const { status, stdout } = spawnSync(process.execPath, [program, ...words], {
        encoding: "utf8",
        timeout: 60_000,
      });
      return [status, stdout];
    };
    expect(vitest()).toEqual([1, expect.stringContaining("1 failed")]);
    const module = join(lessons.folderOf("planted"), "abba.wasm");
    const saved = readFileSync(module);
    writeFileSync(module, readFileSync(join(lessons.folderOf("fixed"), "abba.wasm")));
    const mended = vitest();
    writeFileSync(module, saved);
    expect(mended).toEqual([0, expect.stringContaining("1 passed")]);
  }, 60_000);
});
