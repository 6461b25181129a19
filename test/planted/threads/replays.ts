import { linkSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect } from "vitest";
import { parseConfigPieces } from "../../../host/config/parse-config.ts";
import { Search, type SearchFinding } from "../../../host/explore/search.ts";
import { replay } from "../../../host/recording/replay.ts";
import { parseRecording } from "../../../host/recording/text.ts";
import { planFromConfig } from "../../../host/vm/plan-from-config.ts";
import { PLANTED } from "./expected.ts";
import { compilePlanted } from "./planted.ts";
import { SCHEDULES } from "./search.ts";

/** The lessons as modules that a configuration finds by their names. */
export class LessonFolder {
  readonly folder = mkdtempSync(join(tmpdir(), "vdevbox-lessons-"));

  async fill(): Promise<void> {
    const { wasm, sourceMap } = await compilePlanted("planted");
    writeFileSync(join(this.folder, "all"), wasm);
    for (const { name } of PLANTED) {
      linkSync(join(this.folder, "all"), join(this.folder, `${name}.wasm`));
      writeFileSync(join(this.folder, `${name}.wasm.map`), sourceMap);
    }
  }

  remove(): void {
    rmSync(this.folder, { recursive: true });
  }

  /** What a search finds at first, with recordings that name the configuration. */
  async firstOf(name: string): Promise<readonly SearchFinding[]> {
    const pieces = [{ file: "lesson.qvmconf", text: `system lesson\ncpu\ncpu\nvdev ${name}\n\tloc 0x1c000000\n` }];
    const found: SearchFinding[] = [];
    const search = new Search({
      plan: planFromConfig(parseConfigPieces(pieces), { modulePath: [this.folder], guest: "explore" }),
      ...{ pieces, create: {}, seed: 1, schedules: SCHEDULES, now: () => performance.now() },
      onFound: (one) => found.push(one),
      stopped: () => found.length > 0,
    });
    const { unexplained } = await search.run();
    expect(unexplained).toBe(0);
    return found;
  }

  /** Replays a recording from its text alone. */
  replayed(recording: string): ReturnType<typeof replay> {
    return replay(parseRecording(recording, "lesson.rec"), { modulePath: [this.folder] });
  }

  /** Expects of all first findings of a lesson that their recordings are the same to the byte, with the finding in them. */
  async expectReplays(name: string): Promise<void> {
    const found = await this.firstOf(name);
    expect(found.length).toBeGreaterThan(0);
    for (const { what, recording } of found) {
      expect(this.replayed(recording)).toMatchObject({ divergence: undefined, endsAtLimit: false });
      if (what.kind !== "finding") throw new Error("a lesson has no expectations");
      const { severity, rule, message, call } = what.finding;
      expect(parseRecording(recording, name).events).toContainEqual(
        severity === "fault"
          ? // A recording names a module without its folder.
            expect.objectContaining({ kind: "fault", text: message.replaceAll(join(this.folder, "/"), "") })
          : expect.objectContaining({ kind: "violation", rule, call: call?.name ?? severity }),
      );
    }
  }
}
