/** Recordings of what a search finds in the planted lessons. Oracle: a run from the recording alone, event by event. */
import { linkSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { Search, type SearchFinding } from "../../host/explore/search.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { PLANTED } from "../planted/threads/expected.ts";
import { compilePlanted } from "../planted/threads/planted.ts";

/** Every lesson has something to be found in these. */
const SCHEDULES = 150;

const folder = mkdtempSync(join(tmpdir(), "vdevbox-replays-"));
afterAll(() => rmSync(folder, { recursive: true }));
beforeAll(async () => {
  const { wasm, sourceMap } = await compilePlanted("planted");
  writeFileSync(join(folder, "all"), wasm);
  for (const { name } of PLANTED) {
    linkSync(join(folder, "all"), join(folder, `${name}.wasm`));
    writeFileSync(join(folder, `${name}.wasm.map`), sourceMap);
  }
}, 120_000);

/** What is found at first, with recordings that name the configuration. */
async function firstOf(name: string): Promise<readonly SearchFinding[]> {
  const pieces = [{ file: "lesson.qvmconf", text: `system lesson\ncpu\ncpu\nvdev ${name}\n\tloc 0x1c000000\n` }];
  const found: SearchFinding[] = [];
  const search = new Search({
    plan: planFromConfig(parseConfigPieces(pieces), { modulePath: [folder], guest: "explore" }),
    ...{ pieces, create: {}, seed: 1, schedules: SCHEDULES, now: () => performance.now() },
    onFound: (one) => found.push(one),
    stopped: () => found.length > 0,
  });
  const { unexplained } = await search.run();
  expect(unexplained).toBe(0);
  return found;
}

describe("the recording of a finding", () => {
  it.each(PLANTED)(
    "$name: is replayed to the same finding",
    async ({ name }) => {
      const found = await firstOf(name);
      expect(found.length).toBeGreaterThan(0);
      for (const { what, recording } of found) {
        const parsed = parseRecording(recording, name);
        expect(replay(parsed, { modulePath: [folder] })).toMatchObject({ divergence: undefined, endsAtLimit: false });
        if (what.kind !== "finding") throw new Error("a lesson has no expectations");
        const { severity, rule, message, call } = what.finding;
        expect(parsed.events).toContainEqual(
          severity === "fault"
            ? expect.objectContaining({ kind: "fault", text: message })
            : expect.objectContaining({ kind: "violation", rule, call: call?.name ?? severity }),
        );
      }
    },
    60_000,
  );

  it("says so when the schedule is another one", async () => {
    const [deadlock] = (await firstOf("abba")).filter(({ schedule }) => schedule.decisions.length > 1);
    const lines = deadlock!.recording.split("\n");
    const second = lines
      .map((line, i) => (line.includes("schedule") && /vcpu|thread/.test(line) ? i : -1))
      .filter((i) => i >= 0)[1]!;
    const other = lines.with(second, lines[second]!.replace(/(vcpu|thread)\d+/, "thread99")).join("\n");
    expect(replay(parseRecording(other, "other"), { modulePath: [folder] }).divergence).toBeDefined();
  }, 60_000);
});
