/** What a user sees of a configuration: dryrun, messages by destination, mistakes with their place. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox } from "./command-line.ts";

function file(name: string, text: string): string {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
}

describe("dryrun", () => {
  it("says what the VM would be, runs no guest, and exits with 0", () => {
    const conf = file(
      "dry.qvmconf",
      "system dry\nram 0x80000000,1M\nvdev trace loc 0xe0000000\nunsupported io ignore\n",
    );
    const script = file("dry.script", "print the guest runs\n");
    const run = vdevbox("run", conf, "cpu", "cpu", "dryrun", "--guest", script);
    expect(run.code).toBe(0);
    expect(run.out.split("\n")).toEqual([
      "system dry: a machine of no known kind with 2 vCPUs",
      "  0x80000000..0x800fffff  ram",
      "  0xe0000000..0xe0000003  trace",
      "vdev trace: type trace, 0xe0000000, no interrupt, module trace.wasm",
      "unsupported: memory fail, io ignore",
      "policy strict, instances shared, on-fault continue",
      "",
    ]);
    expect(run.err).toContain("dryrun: the VM can be built, and its guest was not started (exit code 0)");
  });

  it("says what is reserved, which nothing it placed itself meets", () => {
    const text =
      "reserve loc 0,1m loc io:0x70,2 loc pci:0:1 intr 39 ram 1m set vdevbox-races yes vdev mc146818 intr 8259:8";
    const run = vdevbox("run", file("kept.qvmconf", text), "dryrun");
    expect(run.out.split("\n").slice(1, 4)).toEqual([
      "  0x100000..0x1fffff  ram",
      "  io:0x70..io:0x71  mc146818",
      "reserved: 0x0..0xfffff, io:0x70..io:0x71, pci:0:1.0, interrupt 39",
    ]);
  });

  it("finds the mistakes a run would find", () => {
    const run = vdevbox("run", file("wrong.qvmconf", "dryrun\nvdev trace loc io:0x80\n"));
    expect(run.err).toContain("wrong.qvmconf:2:16: trace takes memory locations only, and this is an x86 port");
    expect([run.code, run.out]).toEqual([64, ""]);
  });
});

describe("a host device that is not here", () => {
  it("is told at the option that names it", () => {
    const { code, err } = vdevbox("run", "system lab vdev pl011 loc 0x1c090000 hostdev /dev/ser1");
    expect(err).toMatch(/^<command line>:1:38: pl011 is to use the host device "\/dev\/ser1"/m);
    expect(code).toBe(64);
  });
});

describe("messages", () => {
  it("of one vdev go where its log says, of the others where logger says, added up", () => {
    const conf = file(
      "logs.qvmconf",
      `logger info stdout logger info slog
       vdev trace loc 0xe0000000 name loud emit-logger
       vdev trace loc 0xe0001000 name own emit-logger log info stderr
       vdev trace loc 0xe0002000 name silent emit-logger log info none`,
    );
    const script = file("logs.script", "readl 0xe0000000\nreadl 0xe0001000\nreadl 0xe0002000\n");
    const run = vdevbox("run", conf, "--guest", script);
    const said = (text: string) => text.split("\n").filter((line) => line.includes("read of 4 bytes"));
    expect(said(run.out)).toEqual(["info loud: read of 4 bytes, count 0x0"]);
    expect(said(run.err)).toEqual([
      "slog: info loud: read of 4 bytes, count 0x0",
      "info own: read of 4 bytes, count 0x0",
    ]);
  });
});

describe("files that include files", () => {
  it("are read as one, and mistakes keep their place", () => {
    file("place.inc", "loc 0xe0000000\nlocc 1\n");
    const run = vdevbox("run", file("main.qvmconf", "vdev trace\n@place.inc\n"));
    expect(run.err).toMatch(/place\.inc:2:1: "locc" is not an option of vdev trace \(did you mean "loc"\?\)/);
  });
});
