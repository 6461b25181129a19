/** The vdevs that authors copy from the documentation do what it asks of them: no schedule shows a mistake. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { Search } from "../../host/explore/search.ts";
import { packageRoot } from "../../host/paths.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";
import { examplesOf, writeFiles } from "./examples.ts";

const folder = mkdtempSync(join(tmpdir(), "vdevbox-docs-"));
afterAll(() => rmSync(folder, { recursive: true }));

it.each([
  ["README.md", "vdevs/scratch/scratch.ts", undefined],
  ["docs/authoring.md", "vdevs/blinker/blinker.ts", { pic: "gic", line: 40 }],
])(
  "the vdev of %s",
  async (page, source, intr) => {
    mkdirSync(dirname(join(folder, source)), { recursive: true });
    writeFiles(folder, examplesOf(page).files);
    const { wasm, sourceMap } = await compileVdev({ file: join(folder, source), projectDir: packageRoot() });
    const search = new Search({
      plan: vmPlan([vdevPlan(moduleFile(wasm, "copied", sourceMap), { intr })], { cpus: 2 }),
      ...{ pieces: [], create: {}, seed: 1, schedules: 300, now: () => 0 },
    });
    const { found, switches } = await search.run();
    expect(found.map(({ what }) => (what.kind === "finding" ? what.finding.message : what.kind))).toEqual([]);
    expect(switches).toBeGreaterThan(300);
  },
  60_000,
);
