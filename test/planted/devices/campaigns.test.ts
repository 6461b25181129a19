/**
 * What campaigns tell that an execution of one program does not. Oracle: the remarks in the sources of the planted devices; their
 * corrected twins, of which nothing is told.
 */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { vdevbox } from "../../e2e/command-line.ts";
import { PLANTED_DEVICES } from "./expected.ts";
import { DeviceModule, type TimeToBug } from "./time-to-bug.ts";

/** What takes more than executing a program once; all others are fuzzed by `npm run test:system`. */
const NAMES = ["double-fetch", "memory-growth", "zero-period"];
const EXECUTIONS = 40_000;
const TWIN_EXECUTIONS = 5000;

describe.each(PLANTED_DEVICES.filter(({ name }) => NAMES.includes(name)))("$name", (planted) => {
  let broken: DeviceModule;
  let mended: DeviceModule;
  let found: TimeToBug["found"];
  beforeAll(async () => {
    broken = await DeviceModule.make(planted, "planted");
    mended = await DeviceModule.make(planted, "fixed");
  }, 60_000);
  afterAll(() => {
    broken.end();
    mended.end();
  });

  it("is found, in the line of the mistake, by a run as well", async () => {
    ({ found } = await broken.campaign(1, { executions: EXECUTIONS }));
    expect(found).toMatchObject({ isConfirmed: true });
    expect(found!.operations).toBeLessThanOrEqual(10);
  });

  it("leaves a configuration and a script that lead to it, and a recording", () => {
    const run = vdevbox("run", `${found!.folder}/vm.qvmconf`, "--guest", `${found!.folder}/program.script`, ...path());
    expect(run.err + run.out).toContain(planted.file);
    const replay = vdevbox("replay", `${found!.folder}/finding.rec`, ...path());
    expect(replay.out + replay.err).toContain("identical");
  });

  it("is not found in the corrected twin", async () => {
    const { others, found: none } = await mended.campaign(1, { executions: TWIN_EXECUTIONS });
    expect([none, others]).toEqual([undefined, []]);
  });

  const path = () => ["--module-path", broken.folder];
});
