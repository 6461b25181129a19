/** What goes wrong around a run: files, disks, signals, and numbers at the edge. Oracle: `run --help` and common sense. */
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch, vdevbox, vdevboxInterrupted } from "./command-line.ts";

const file = (name: string, text: string) => {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
};
const conf = () => file("odd.qvmconf", "vdev trace loc 0xe0000000\n");

describe("names of files", () => {
  it("may have blanks, also the first", () => {
    const folder = join(scratch(), "a b é");
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, "vm.qvmconf"), "system blanks\n");
    expect(vdevbox("run", join(folder, "vm.qvmconf"))).toMatchObject({ code: 0 });
    expect(vdevbox("run", join(folder, "none.qvmconf")).err).toContain("there is no such file");
  });

  it("a configuration may stand in their place", () => {
    const run = vdevbox("run", 'system "a \\"b" vdev trace loc 0x1000', "emit-trace", "7");
    expect(run.err).toContain('a "b: the guest ended');
    expect(run.code).toBe(0);
  });
});

describe("a recording", () => {
  it("never overwrites what the run reads", () => {
    const [configuration, script] = [conf(), file("odd.script", "readl 0xe0000000\n")];
    for (const input of [configuration, script]) {
      const before = readFileSync(input, "utf8");
      const run = vdevbox("run", configuration, "--guest", script, "--record", input);
      expect(run.err).toContain("the recording would overwrite this file");
      expect(run.code).toBe(2);
      expect(readFileSync(input, "utf8")).toBe(before);
    }
  });

  it.skipIf(!existsSync("/dev/full"))("on a full disk ends the run, and no vdev gets the blame", () => {
    const script = file("long.script", "repeat 100000 {\nreadl 0xe0000000\n}\n");
    const run = vdevbox("run", conf(), "--guest", script, "--record", "/dev/full");
    expect(run.err).toContain("the recording cannot be written: ENOSPC");
    expect(run.err).toContain("no findings");
    expect(run.code).toBe(2);
  });

  it("is refused for a module it does not name", () => {
    const recording = join(scratch(), "named.rec");
    vdevbox("run", conf(), "--record", recording);
    const edited = readFileSync(recording, "utf8").replace("module trace.wasm", "module other.wasm");
    const replay = vdevbox("replay", file("edited.rec", edited));
    expect(replay.err).toMatch(/names no module trace\.wasm/);
    expect(replay.code).toBe(2);
  });
});

describe("Ctrl-C", () => {
  const endless: [string, string][] = [
    ["centuries of virtual time", "print go\nclock_step 18446744073709551615\n"],
    ["a repeat of nothing", "print go\nrepeat 1000000 {\nrepeat 1000000 {\n}\n}\n"],
    ["a repeat of what needs no VM", "print go\nrepeat 1000000 {\nrepeat 1000000 {\nvcpu 0\n}\n}\n"],
  ];
  for (const [name, text] of endless) {
    it(`ends ${name}`, async () => {
      const run = await vdevboxInterrupted("go", "run", conf(), "--guest", file("endless.script", text));
      expect(run.err).toContain("interrupted by SIGINT");
      expect(run.code).toBe(3);
    });
  }
});

describe("a script", () => {
  it("cannot be on a vCPU the VM does not have, not even in a repeat", () => {
    const script = file("vcpu.script", "repeat 2 {\nvcpu 1\n}\n");
    const run = vdevbox("run", conf(), "--guest", script);
    expect(run.err).toMatch(/vcpu\.script:2:1: there is no vCPU 1: the VM has one vCPU/);
    expect(run.code).toBe(2);
    expect(vdevbox("run", file("two.qvmconf", "cpu cpu\n"), "--guest", script).code).toBe(0);
  });

  it("that ends the VM before an expectation fails, and is not said to have checked it", () => {
    const run = vdevbox("run", conf(), "--guest", file("early.script", "terminate\nreadl 0\nexpect 4\n"));
    expect(run.err).toContain("was not reached");
    expect(run.err).not.toContain("held");
    expect(run.code).toBe(1);
  });
});

describe("x86 code", () => {
  const rom = (text: string, configuration = conf()) =>
    vdevbox("run", configuration, "--guest", file("odd.s", `start:\n${text}\n`));

  it("that exits with more than a process can does not come out as 0", () => {
    expect(rom("mov $256, %eax\nout %eax, $EXIT_PORT").code).toBe(255);
  });

  it("is ended by what nobody answers where the configuration says so", () => {
    for (const [kind, access] of [
      ["io", "in $0x80, %al"],
      ["mem", "mov 0xd0000000, %eax"],
    ]) {
      const strict = file("abort.qvmconf", `unsupported ${kind} abort\nvdev trace loc 0xe0000000\n`);
      expect(rom(`${access}\nmov $0, %eax\nout %eax, $EXIT_PORT`, strict).code).toBe(5);
      expect(rom(`${access}\nmov $0, %eax\nout %eax, $EXIT_PORT`).code).toBe(0);
    }
  });

  it("may jump to a bare number", () => {
    const run = rom("jmp 0x50000000");
    expect(run.err).toContain("the guest left RAM (at address 0x50000000)");
    expect(run.code).toBe(7);
  });

  it("cannot have a vdev above 4 GiB, which is told with its place", () => {
    const run = rom("ret", file("high.qvmconf", "\nvdev trace loc 0x100000000\n"));
    expect(run.err).toMatch(/high\.qvmconf:2:16: memory region 0x100000000 .* does not fit/);
    expect(run.code).toBe(64);
  });

  it("prints without line breaks as it goes", async () => {
    const text =
      "start:\nmov $5000, %ecx\nmore:\nmov $65, %al\noutb %al, $TEXT_PORT\ndec %ecx\njnz more\nend: jmp end\n";
    const program = file("print.s", text);
    const run = await vdevboxInterrupted("AAAA", "run", conf(), "--guest", program);
    expect(run.code).toBe(3);
  });
});

describe("build", () => {
  it("says in one sentence that it cannot write", () => {
    const source = file("tiny.ts", "export const x: i32 = 1;\n");
    const run = vdevbox("build", source, "--out-dir", join(conf(), "below"));
    expect(run.err).toMatch(/tiny\.wasm\.map: cannot be written: ENOTDIR/);
    expect(run.err).not.toMatch(/^\s+at /m);
    expect(run.code).toBe(1);
  });

  it("takes files of AssemblyScript only", () => {
    const run = vdevbox("build", file("tiny.txt", ""), "--out-dir", scratch());
    expect(run.err).toContain("the name of an AssemblyScript file ends in .ts");
    expect(run.code).toBe(1);
  });
});
