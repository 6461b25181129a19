/** `set threads parallel` from the command line. Oracle: docs/threads.md, and that the process ends. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox, vdevboxInterrupted } from "./command-line.ts";

const CONF = "examples/trace/trace.qvmconf";
const PARALLEL = "set threads parallel";

function script(...lines: string[]): string {
  const path = join(scratch(), "parallel.script");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

describe("a run with threads in parallel", () => {
  it("counts seconds on a thread of its own, and ends with it", () => {
    const guest = script("readl 0xe0000000", "expect 0", "clock_step 1500000000", "readl 0xe0000000", "expect 1");
    const { code, err } = vdevbox("run", CONF, PARALLEL, "--guest", guest);
    expect(err).toContain("2 of 2 expectations held, 2 guest accesses, no findings");
    expect(code).toBe(0);
  });

  it("leaves nothing behind at Ctrl-C", async () => {
    const guest = script('print "now"', "clock_step 3600000000000", 'print "never"');
    const { code, out, err } = await vdevboxInterrupted("now", "run", CONF, PARALLEL, "--guest", guest);
    expect(err).toContain("interrupted by SIGINT");
    expect(err).toContain("no findings");
    expect(out).not.toContain("never");
    expect(code).toBe(3);
  });

  it("refuses what asks for the same run again, with the place", () => {
    const recorded = vdevbox("run", CONF, PARALLEL, "--record", join(scratch(), "never.rec"));
    expect(recorded.err).toContain("a run whose threads run in parallel cannot be recorded");
    const seeded = vdevbox("run", CONF, `set vdevbox-seed 1 ${PARALLEL}`);
    expect(seeded.err).toMatch(/:1:\d+: `set vdevbox-seed 1` does not go with `set threads parallel`/);
    expect(seeded.code).toBe(65);
    const virtual = vdevbox("run", CONF, PARALLEL, "--time", "virtual");
    expect(virtual.err).toContain("follow the host's clock");
    for (const words of [["explore"], ["fuzz", "--seconds", "1"]]) {
      const { code, err } = vdevbox(words[0]!, CONF, PARALLEL, ...words.slice(1));
      expect([code, err]).toEqual([
        2,
        expect.stringContaining("such a VM cannot be recorded, replayed, explored, fuzzed"),
      ]);
    }
    expect(vdevbox("run", CONF, "set threads many").err).toContain("must be one of deterministic, parallel");
  });
});
