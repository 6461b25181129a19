/** Accesses of several vCPUs at the same time in a script. Oracle: docs/guests.md, and the planted lesson `abba` with its twin. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compilePlanted } from "../planted/threads/planted.ts";
import { scratch, vdevbox } from "./command-line.ts";

const file = (name: string, text: string) => {
  const path = join(scratch(), name);
  writeFileSync(path, text);
  return path;
};

beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    const { wasm, sourceMap } = await compilePlanted(twin);
    mkdirSync(join(scratch(), twin), { recursive: true });
    writeFileSync(join(scratch(), twin, "abba.wasm"), wasm);
    writeFileSync(join(scratch(), twin, "abba.wasm.map"), sourceMap);
  }
}, 120_000);

const CONF = "system lab\ncpu\ncpu\nvdev abba loc 0x10000000\n";
const ACCESSES = "vcpu 0\nreadl 0x10000000\nvcpu 1\nwritel 0x10000000 7\n";
/** Reads take a and then b, writes b and then a: only at the same time they can wait for each other. */
const TOGETHER = `repeat 30 {\ntogether {\n${ACCESSES}}\n}\n`;

/** @param more arguments of `run` */
function run(twin: "planted" | "fixed", script: string, ...more: string[]) {
  const guest = file("together.script", script);
  const conf = file("together.qvmconf", CONF);
  return vdevbox("run", conf, "set vdevbox-seed 3", "--guest", guest, "--module-path", join(scratch(), twin), ...more);
}

describe("accesses in together", () => {
  it("meet in a vdev: what locks in two orders comes to a deadlock", () => {
    const { code, err } = run("planted", TOGETHER);
    expect(err).toMatch(/deadlock/);
    expect(err).toContain("abba.ts");
    expect(code).toBe(6);
  });

  it("find nothing in its twin, and nothing comes of the same accesses one after another", () => {
    expect(run("fixed", TOGETHER).err).toContain("60 guest accesses, no findings");
    expect(run("planted", `repeat 30 {\n${ACCESSES}}\n`).err).toContain("60 guest accesses, no findings");
  });

  it("go the same way again: the same recording each time, which replays", () => {
    for (const twin of ["planted", "fixed"] as const) {
      const [a, b] = ["a", "b"].map((name) => join(scratch(), `${twin}-${name}.rec`));
      const script = `${TOGETHER}vcpu 0\nreadl 0x10000000\n`;
      const once = run(twin, script, "--record", a!);
      expect(run(twin, script, "--record", b!).err).toBe(once.err);
      const path = ["--module-path", join(scratch(), twin)];
      for (const recording of [a!, b!]) expect(vdevbox("replay", recording, ...path).out).toContain("identical");
    }
  });

  it("are checked each", () => {
    const script =
      "together {\nvcpu 1\nwritel 0x10000000 7\nwritel 0x10000000 7\nvcpu 0\nreadl 0x10000010\nexpect 3\n}\nreadl 0x10000000\nexpect 7\n";
    const { code, err } = run("fixed", script);
    expect(err).toMatch(/together\.script:7: expected 0x3 from "readl 0x10000010", got error/);
    expect(err).toContain("1 of 2 expectations held");
    expect(code).toBe(1);
  });

  it("are explained with whose they are", () => {
    const { out, err } = run("fixed", `together {\n${ACCESSES}}\n`, "--explain");
    expect(out + err).toContain("vCPU 0 reads 4 bytes at 0x10000000; abba answers");
    expect(out + err).toContain("vCPU 1 writes 0x7, 4 bytes, to 0x10000000; abba takes it");
  });

  it("need vCPUs that are there, and threads that take turns", () => {
    const guest = file("third.script", "together {\nvcpu 2\nreadl 0x10000000\n}\n");
    const conf = file("third.qvmconf", CONF);
    const path = ["--module-path", join(scratch(), "fixed")];
    expect(vdevbox("run", conf, "--guest", guest, ...path).err).toMatch(/third\.script:2:1: there is no vCPU 2/);
    const both = file("both.script", `together {\n${ACCESSES}}\n`);
    const parallel = vdevbox("run", conf, "set threads parallel", "--guest", both, ...path);
    expect(parallel.err).toMatch(/both\.script:1:1: this VM cannot make accesses together/);
    expect(parallel.code).toBe(2);
  });
});
