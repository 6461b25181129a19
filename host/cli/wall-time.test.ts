/** Runs in wall time, with a clock of the test's own: no test sleeps. Oracle: the same run in virtual time. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox, vdevboxInterrupted } from "../../test/e2e/command-line.ts";
import { FakeTime } from "../../test/support/fake-time.ts";
import { configPieces } from "../config/config-pieces.ts";
import { Recorder } from "../recording/recorder.ts";
import { replay } from "../recording/replay.ts";
import { parseRecording } from "../recording/text.ts";
import type { VmEvent } from "../vm/events.ts";
import { createSession, parseGuestSpec } from "./session.ts";

const CONF = "examples/trace/trace.qvmconf";
const S = 1_000_000_000n;

/** Runs the trace example. @returns its end, its recording and what it printed */
async function run(guest: string, timeSource: FakeTime, text: string[] = ["set vdevbox-time wall"]) {
  const pieces = configPieces([CONF, ...text.join(" ").split(" ")]);
  const events: VmEvent[] = [];
  let recorder: Recorder | undefined;
  let recording = "";
  const output: string[] = [];
  const session = await createSession({
    pieces,
    guest: parseGuestSpec(guest),
    timeSource,
    onOutput: (line) => output.push(line),
    listener: (event) => {
      if (recorder === undefined) events.push(event);
      else recorder.event(event);
    },
  });
  recorder = new Recorder(session.vm, { guest: parseGuestSpec(guest).kind, pieces }, (line) => {
    recording += line;
  });
  for (const event of events) recorder.event(event);
  const end = await session.run();
  recorder.end(end);
  return { end, recording, output: output.join(""), vm: session.vm };
}

/** A script of the test's own, for the trace vdev that counts seconds at 0xe0000000. */
function script(...lines: string[]): string {
  const path = join(scratch(), "wall.script");
  writeFileSync(path, `${lines.join("\n")}\n`);
  return path;
}

describe("a script in wall time", () => {
  it("waits for real time, and sees what it would see in virtual time", async () => {
    const time = new FakeTime(() => 1234n);
    const lines = ["readl 0xe0000000", "expect 0", "clock_step 2500000000", "readl 0xe0000000", "expect 2"];
    const { end, vm } = await run(script(...lines, "clock_step", "readl 0xe0000000", "expect 3"), time);
    expect(end.script).toMatchObject({ expectations: 3, failed: 0 });
    expect(time.sleptNs).toBeGreaterThanOrEqual(3n * S - 10_000n);
    expect(vm.nowNs - 3n * S).toBeLessThan(10_000n);
  });

  it("counts its steps from where time stood, so that a thousand of them do not drift", async () => {
    const time = new FakeTime(() => 777n);
    const { vm } = await run(script("repeat 1000 {", "clock_step 10000000", "}"), time);
    expect(vm.nowNs).toBe(10n * S);
  });

  it("replays in virtual time, bit for bit", async () => {
    let n = 0n;
    const time = new FakeTime(() => (n++ * 7919n) % 1000n);
    const steps = ["writel 0xe0000000 7", "repeat 20 {", "clock_step 333333333", "readl 0xe0000000", "}"];
    const { recording } = await run(script(...steps), time);
    const result = replay(parseRecording(recording, "wall.rec"));
    expect(result.divergence).toBeUndefined();
    expect(result.events).toBeGreaterThan(40);
  });

  it("stops waiting at Ctrl-C", async () => {
    const long = script('print "now"', "clock_step 3600000000000", 'print "never"');
    const { code, out, err } = await vdevboxInterrupted("now", "run", CONF, "--guest", long, "--time", "wall");
    expect(code).toBe(3);
    expect(err).toContain("interrupted by SIGINT");
    expect(out).not.toContain("never");
  }, 30_000);
});

describe("x86 code in wall time", () => {
  it("waits in hlt for real time, comes to the same end, and replays in virtual time", async () => {
    const time = new FakeTime(() => 55n);
    const { end, output, recording } = await run("examples/trace/guest.s", time);
    expect([end.exitCode, end.guestError]).toEqual([0, undefined]);
    expect(output).toContain("all as expected");
    // The guest waits until the counter of seconds moves.
    expect(time.sleptNs).toBeGreaterThan((9n * S) / 10n);
    expect(replay(parseRecording(recording, "wall.rec")).divergence).toBeUndefined();
  });

  it("stops waiting at Ctrl-C", async () => {
    const path = join(scratch(), "wait.s");
    writeFileSync(
      path,
      ["mov $'W', %al", "outb %al, $0xe9", "mov $10, %al", "outb %al, $0xe9", "sti", "again:", "hlt", "jmp again"].join(
        "\n",
      ),
    );
    const { code, err } = await vdevboxInterrupted("W", "run", CONF, "--guest", path, "--time", "wall");
    expect(err).toContain("interrupted by SIGINT");
    expect(code).toBe(3);
  }, 30_000);
});

describe("the options of time", () => {
  it("are checked, and the time of day is that of the recording", async () => {
    expect(vdevbox("run", CONF, "--time", "slow").err).toContain("--time takes virtual or wall, and not slow");
    expect(vdevbox("run", CONF, "set", "vdevbox-start-time", "yesterday").err).toMatch(
      /vdevbox-start-time must be a date in UTC like 2026-01-31/,
    );
    const { recording, vm } = await run(script("readl 0xe0000000"), new FakeTime(), [
      "set vdevbox-start-time 2026-01-31",
    ]);
    expect(vm.startTimeNs).toBe(BigInt(Date.UTC(2026, 0, 31)) * 1_000_000n);
    expect(recording).toContain("set vdevbox-start-time 2026-01-31T00:00:00Z");
  });
});
