/** What a user types and sees. Oracle: the README, `--help`, and the text of qvm's exit codes. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox, vdevboxInterrupted } from "./command-line.ts";

const CONF = "examples/trace/trace.qvmconf";
const file = (name: string, text: string) => {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
};

const TRACE_GUEST = ["run", CONF, "--guest", "examples/trace/guest.s", "--explain"];

describe("x86 code and the trace vdev", () => {
  it("is run, explained, recorded, and replayed identically", () => {
    const recording = join(scratch(), "demo.rec");
    const run = vdevbox(...TRACE_GUEST, "--record", recording);
    expect(run.err).toBe("");
    expect(run.code).toBe(0);
    expect(run.out).toContain("the guest reads 4 bytes at 0xe0000000; trace answers 0x0");
    expect(run.out).toContain("the guest writes 0x12345678, 4 bytes, to 0xe0000000; trace takes it");
    expect(run.out).toContain("trace answers 0x12345679");
    expect(run.out).toContain("the guest reads 1 byte at 0xe0000000; trace answers 0x79");
    expect(run.out).toContain("guest: all as expected");

    const again = vdevbox("replay", recording);
    expect(again).toMatchObject({ code: 0, err: "" });
    expect(again.out).toContain("identical");
  });

  it("records the same bytes each time", () => {
    const [first, second] = ["a.rec", "b.rec"].map((name) => join(scratch(), name));
    vdevbox(...TRACE_GUEST, "--record", first!);
    vdevbox(...TRACE_GUEST, "--record", second!);
    expect(readFileSync(first!, "utf8")).toBe(readFileSync(second!, "utf8"));
  });

  it("tells where a replay differs, and refuses a recording that was cut off", () => {
    const recording = join(scratch(), "whole.rec");
    vdevbox(...TRACE_GUEST, "--record", recording);
    const text = readFileSync(recording, "utf8");
    const changed = vdevbox("replay", file("changed.rec", text.replace("=> ok 0x12345679", "=> ok 0x1234567a")));
    expect(changed.code).toBe(1);
    expect(changed.out).toContain("readl 0xe0000000 vcpu=0 => ok 0x1234567a");
    expect(changed.out).toContain("readl 0xe0000000 vcpu=0 => ok 0x12345679");
    const state = vdevbox("replay", file("state.rec", text.replace(/state=../, "state=00")));
    expect(state.code).toBe(1);
    expect(state.out).toContain("final state");
    const cut = vdevbox("replay", file("cut.rec", text.slice(0, text.indexOf("clock_step"))));
    expect(cut.code).toBe(2);
    expect(cut.err).toMatch(/cut\.rec:\d+/);
  });
});

describe("the script guest", () => {
  it("drives the same VM with qtest words", () => {
    const run = vdevbox("run", CONF, "--guest", "examples/trace/trace.script");
    expect(run.code).toBe(0);
    expect(run.out).toContain("trace: count 0xff345679, 5 reads, 2 writes");
    expect(run.err).toContain("7 of 7 expectations held");
  });

  it("names file and line of an expectation that does not hold, goes on, and exits 1", () => {
    const script = file("wrong.script", "readl 0xe0000000\nexpect 5\nreadl 0xe0000000\nexpect 0\n");
    const run = vdevbox("run", CONF, "--guest", `script:${script}`);
    expect(run.code).toBe(1);
    expect(run.err).toContain(`${script}:2: `);
    expect(run.err).toContain("1 of 2 expectations held");
  });

  it("records and replays, status and findings included", () => {
    const recording = join(scratch(), "script.rec");
    expect(vdevbox("run", CONF, "--guest", "examples/trace/trace.script", "--record", recording).code).toBe(0);
    expect(vdevbox("replay", recording, "--json").out).toContain('"identical": true');
  });

  it("--json tells programs how it ended", () => {
    const run = vdevbox("run", CONF, "--guest", "examples/trace/trace.script", "--json");
    const result = JSON.parse(run.out);
    expect(result).toMatchObject({
      system: "trace-demo",
      exitCode: 0,
      guestAccesses: 9,
      script: { expectations: 7, failed: 0 },
      vdevs: [{ name: "trace", type: "trace", location: "0xe0000000", stopped: null }],
      findings: [],
    });
  });
});

describe("Ctrl-C", () => {
  it("ends an endless guest, terminates the vdevs, and leaves a recording that replays", async () => {
    const endless = file(
      "endless.s",
      "start:\n mov $0x6f, %al\n out %al, $0xe9\n mov $0x0a, %al\n out %al, $0xe9\nagain:\n movl 0xe0000000, %eax\n jmp again\n",
    );
    const recording = join(scratch(), "interrupted.rec");
    const conf = file("quiet.qvmconf", "system quiet\nram 0,4M\nvdev trace loc 0xe0000000\n");
    const run = await vdevboxInterrupted("o\n", "run", conf, "--guest", `rom:${endless}`, "--record", recording);
    expect(run.err).toContain("interrupted by SIGINT");
    expect(run.code).toBe(3);
    expect(vdevbox("replay", recording).out).toContain("identical");
  });
});

describe("Ctrl-C in a script", () => {
  it("ends it between two commands", async () => {
    const script = file("long.script", "print begun\nrepeat 1000000 {\nrepeat 1000 {\nreadl 0xe0000000\n}\n}\n");
    const conf = file("quiet2.qvmconf", "system quiet\nram 0,4M\nvdev trace loc 0xe0000000\n");
    const run = await vdevboxInterrupted("begun", "run", conf, "--guest", script);
    expect(run.err).toContain("interrupted by SIGINT");
    expect(run.code).toBe(3);
  });
});

describe("a user's mistake is one clear sentence", () => {
  const wrong: [string, string[], number, RegExp][] = [
    ["no command", [], 2, /^$/],
    ["an unknown command", ["rnu"], 2, /no command rnu \(did you mean "run"\?\)/],
    ["an unknown option", ["run", CONF, "--guset", "x"], 2, /no option --guset \(did you mean "--guest"\?\)/],
    ["no configuration", ["run"], 2, /needs a configuration/],
    ["a missing configuration", ["run", "nowhere.qvmconf"], 2, /nowhere\.qvmconf: there is no such file/],
    ["a missing guest", ["run", CONF, "--guest", "nowhere.s"], 2, /nowhere\.s: there is no such file/],
    ["an unknown kind of guest", ["run", CONF, "--guest", "pdp11:x"], 2, /--guest takes script:FILE, rom:FILE or none/],
    ["a missing module to check", ["check", "nowhere.wasm"], 2, /there is no module nowhere\.wasm/],
    ["a missing recording", ["replay", "nowhere.rec"], 2, /nowhere\.rec: there is no such file/],
    ["a source that is not there", ["build", "nowhere.ts"], 2, /nowhere\.ts: there is no such file or folder/],
    ["a wrong policy", ["run", CONF, "--policy", "lax"], 2, /--policy takes strict or report/],
  ];
  for (const [name, args, code, message] of wrong) {
    it(name, () => {
      const run = vdevbox(...args);
      expect(run.err).toMatch(message);
      expect(run.err).not.toMatch(/^\s+at /m);
      expect(run.code).toBe(code);
    });
  }

  const configurations: [string, string, number, RegExp][] = [
    ["an unknown vdev", "vdev nonesuch loc 0x1000\n", 65, /bad\.qvmconf:1:1: there is no module for vdev nonesuch/],
    ["an option the vdev does not know", "vdev trace loc 0x1000 emit-loger\n", 64, /bad\.qvmconf:1:\d+: .*emit-logger/],
    [
      "an argument the vdev refuses",
      "vdev trace loc 0x1000\n emit-trace soon\n",
      64,
      /bad\.qvmconf:2:\d+: trace refused option emit-trace with EINVAL \(22\); its argument is "soon"/,
    ],
    [
      "two vdevs on one address",
      "vdev trace loc 0x1000\nvdev trace loc 0x1002\n",
      64,
      /trace-1 claims 0x1002\.\.0x1005, which overlaps 0x1000\.\.0x1003 of trace/,
    ],
    ["no location", "vdev trace\n", 64, /trace has no location/],
    ["a port for a memory device", "vdev trace loc io:0x3f8\n", 64, /takes memory locations only/],
    ["a vdev over RAM", "ram 0,4M\nvdev trace loc 0x1000\n", 64, /overlaps 0x0\.\.0x3fffff of ram/],
    ["a word that is none", "rma 512M\n", 65, /bad\.qvmconf:1:1: .*did you mean "ram"/],
  ];
  for (const [name, text, code, message] of configurations) {
    it(name, () => {
      const run = vdevbox("run", file("bad.qvmconf", text));
      expect(run.err).toMatch(message);
      expect(run.err).not.toMatch(/^\s+at /m);
      expect(run.code).toBe(code);
    });
  }

  it("a module that is none", () => {
    file("broken.wasm", "not wasm");
    const run = vdevbox("run", file("broken.qvmconf", "vdev broken loc 0x1000\n"));
    expect(run.err).toMatch(/broken\.wasm is no WebAssembly module/);
    expect(run.err).not.toMatch(/^\s+at /m);
    expect(run.code).toBe(64);
  });
});

describe("help", () => {
  it("names every command, and every command has its own", () => {
    const overview = vdevbox("--help");
    expect(overview.code).toBe(0);
    for (const command of ["build", "run", "replay", "check", "bench"]) {
      expect(overview.out).toContain(`  ${command}`);
      const own = vdevbox(command, "--help");
      expect(own.code).toBe(0);
      expect(own.out).toContain(`usage: vdevbox ${command}`);
    }
  });
});
