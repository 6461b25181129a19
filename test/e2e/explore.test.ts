/** `vdevbox explore` as users see it. Oracle: docs/explore.md, and the lines of the sources it is given. */
import { copyFileSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { packageRoot } from "../../host/paths.ts";
import { scratch, vdevbox, vdevboxInterrupted } from "./command-line.ts";

const WORKER = join(packageRoot(), "examples/worker/worker.ts");
const file = (name: string) => join(scratch(), name);
const explore = (...args: string[]) => vdevbox("explore", ...args, "--out", file("out"));
/** The same but for how long it took. */
const timeless = (text: string) => text.replaceAll(/after [\d.]+ m?s|in [\d.]+ m?s \([\d,]+ a second\)/g, "");

/** The example's source, with vread's lock taken away. */
const unlocked = readFileSync(WORKER, "utf8").replace(/(function worker_vread\([\s\S]*?\n\})/, (vread) =>
  vread.replaceAll(/^.*pthread_mutex_(un)?lock\(vdp\.v_mtx\);$/gm, "  // no lock"),
);

beforeAll(() => {
  expect(unlocked).toContain("  // no lock");
  writeFileSync(file("worker.ts"), unlocked);
  copyFileSync(WORKER, file("right.ts"));
  const ticket = join(packageRoot(), "test/explore/assembly/ticket.ts");
  for (const [source, folder] of [
    [file("worker.ts"), "wrong"],
    [WORKER, "right"],
    [ticket, "ticket"],
  ] as const) {
    expect(vdevbox("build", source, "--out-dir", file(folder)).code).toBe(0);
  }
}, 60_000);

describe("explore", () => {
  it("finds nothing in the worker example", () => {
    const run = explore(file("right/worker.wasm"), "--schedules", "150");
    expect(run.err).toBe("");
    expect(run.out).toMatch(/^\S*worker\.wasm: no findings in 150 schedules of 2 vCPUs; /m);
    expect(run.code).toBe(0);
  });

  it("replays what it found in a VM of two modules that are the same but for their names", () => {
    for (const name of ["one", "two"]) {
      for (const end of [".wasm", ".wasm.map"]) copyFileSync(file(`wrong/worker${end}`), file(`wrong/${name}${end}`));
    }
    const conf = file("twins.qvmconf");
    writeFileSync(conf, "cpu\ncpu\nvdev one loc 0x1c000000\nvdev two loc 0x1c001000\n");
    const found = explore(conf, "--module-path", file("wrong"), "--schedules", "100");
    expect(found.out).toContain("data race");
    for (const name of readdirSync(file("out")).filter((one) => one.startsWith("twins-"))) {
      const again = vdevbox("replay", join(file("out"), name), "--module-path", file("wrong"));
      expect([again.err, again.out]).toEqual(["", expect.stringContaining(": identical; ")]);
    }
  });

  it("finds the race when its lock is gone, shows the way there, and replays it", () => {
    const run = explore(file("wrong/worker.wasm"), "--schedules", "150");
    expect(run.code).toBe(1);
    const written = unlocked.split("\n").findIndex((line) => line.trim() === "state.squared++;") + 1;
    const race = /^violation: data race on .*\n(?: {2}.*\n)+\n(?:.*\|.*\n|-[-+]*\n)+/m.exec(run.out)![0];
    const lines = [...race.matchAll(/worker\.ts:(\d+)/g)].map(([, line]) => Number(line));
    expect(lines).toContain(written);
    expect(race).toMatch(
      /: vCPU \d read it at \S+ with no lock; thread worker wrote it at \S+ holding v_mtx of worker; /,
    );
    expect(race).toMatch(/^main +\| vCPU \d .*\| thread worker .*/m);
    expect(race).toMatch(/\*\*\* race \*\*\*/);
    const recordings = readdirSync(file("out")).filter((name) => name.startsWith("worker-"));
    expect(recordings.length).toBeGreaterThan(0);
    for (const name of recordings) {
      expect(run.out).toContain(name);
      const again = vdevbox("replay", join(file("out"), name), "--module-path", file("wrong"));
      expect(again.out).toContain(": identical; ");
    }
  });

  it("searches the same schedules with the same seed, and others with another", () => {
    const search = (seed: string) =>
      timeless(explore(file("wrong/worker.wasm"), "--schedules", "30", "--seed", seed).out);
    const seven = search("7");
    expect(search("7")).toBe(seven);
    expect(search("8")).not.toBe(seven);
  });

  it("prints one JSON document", () => {
    const run = explore(file("wrong/worker.wasm"), "--schedules", "150", "--json", "--locks");
    const result = JSON.parse(run.out);
    expect(result).toMatchObject({ schedules: 150, unexplained: 0 });
    expect(result.findings[0]).toMatchObject({ rule: "race", schedule: expect.any(Number), text: expect.any(String) });
    expect(result.locks.some(({ lock }: { lock: string }) => lock === "v_mtx of worker")).toBe(true);
  });

  it("holds what the guest gets against its accesses made one at a time", () => {
    const conf = (type: string) => {
      const text = `system t\ncpu\ncpu\nvdev ${type}\n  loc 0x1000\n`;
      writeFileSync(file(`${type}.qvmconf`), text);
      copyFileSync(file("ticket/ticket.wasm"), file(`${type}.wasm`));
      return file(`${type}.qvmconf`);
    };
    writeFileSync(file("two.script"), "vcpu 0\nreadl 0x1000\nvcpu 1\nreadl 0x1000\n");
    const search = (type: string) =>
      explore(conf(type), "--guest", file("two.script"), "--schedules", "200", "--linearize");
    const torn = search("torn");
    expect(torn.out).toContain("no order of these accesses, made one at a time, gives the guest these answers:\n");
    expect(torn.out).toContain("  vCPU 0 readl 0x1000 ok 0x0\n  vCPU 1 readl 0x1000 ok 0x0\n");
    expect(torn.code).toBe(1);
    const whole = search("whole");
    expect(whole.out).toMatch(/no findings.*; answers judged of 1 workload; 1 of 1 small workload in every order/);
    expect(whole.code).toBe(0);
  });

  it("checks a script's expectations in every order", () => {
    writeFileSync(file("expects.script"), "vcpu 0\nreadl 0x1000\nexpect 0\nvcpu 1\nreadl 0x1000\nexpect 1\n");
    const run = explore(file("whole.qvmconf"), "--guest", file("expects.script"), "--schedules", "50");
    expect(run.out).toMatch(/expects\.script:3: the expectation does not hold in every order: got ok 0x1$/m);
    expect(run.out).toMatch(/expects\.script:6: .*got ok 0x0$/m);
    expect(run.code).toBe(1);
  });

  it("tells on Ctrl-C what it has found so far", async () => {
    const args = [file("wrong/worker.wasm"), "--seconds", "60", "--out", file("cut")];
    const run = await vdevboxInterrupted("data race", "explore", ...args);
    expect(run.out).toMatch(/worker\.wasm: \d+ findings? in \d+ schedules? of 2 vCPUs/);
    expect(run.code).toBe(1);
  });

  it.each([
    [[], "explore needs a configuration or a module"],
    [["nosuch.wasm"], "no module"],
    [["x.ts"], "x.ts: this is a source, and not a module; build it first"],
    [["RIGHT", "--guest", "x.s"], "x.s: explore drives vCPUs itself and cannot run x86 code"],
    [["RIGHT", "--guest", "nosuch.script"], "nosuch.script: there is no such file"],
    [["RIGHT", "--seconds", "soon"], '--seconds takes a number from 0.1 to 1000000, and not "soon"'],
    [["RIGHT", "--schedules", "0"], '--schedules takes a number from 1 to 1000000000, and not "0"'],
    [["RIGHT", "--vcpus", "99"], '--vcpus takes a number from 1 to 16, and not "99"'],
    [["RIGHT", "--vcpus", "1"], "--vcpus 1 is less than the 2 vCPUs of the configuration"],
    [["RIGHT", "--preempt", "no"], "--preempt takes calls or memory, and not no"],
  ])("%j is refused", (args, sentence) => {
    const run = vdevbox("explore", ...args.map((arg) => (arg === "RIGHT" ? file("right/worker.wasm") : arg)));
    expect(run.err).toContain(sentence);
    expect(run.err).not.toMatch(/^ +at /m);
    expect(run.code).toBe(2);
    expect(run.out).toBe("");
  });
});
