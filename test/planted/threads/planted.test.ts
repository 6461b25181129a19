/**
 * The planted mistakes and their corrected twins. Oracle: the comments of the lessons. That each mistake is found is the
 * search's own test; here both twins build, and a corrected one has nothing to be told in ordinary runs.
 */
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { parseScript } from "../../../host/guests/script/parse-script.ts";
import { runScript } from "../../../host/guests/script/run-script.ts";
import { VmScriptMachine } from "../../../host/guests/script/vm-machine.ts";
import { packageRoot } from "../../../host/paths.ts";
import { createVm } from "../../../host/vm/startup.ts";
import type { Vm } from "../../../host/vm/vm.ts";
import { moduleFile, vdevPlan, vmPlan } from "../../support/vm.ts";
import { PLANTED } from "./expected.ts";
import { compilePlanted, type Twin } from "./planted.ts";

const files: Partial<Record<Twin, string>> = {};
beforeAll(async () => {
  for (const twin of ["planted", "fixed"] as const) {
    const { wasm, sourceMap } = await compilePlanted(twin);
    files[twin] = moduleFile(wasm, twin, sourceMap);
  }
}, 120_000);

/** Two drivers take turns: enough writes to fill what can be filled, a refused one, and time for threads to work. */
const SCRIPT = parseScript(
  [
    ...["vcpu 0", "writel 0x1c000000 3", "readl 0x1c000000", "clock_step 500000"],
    ...["vcpu 1", "writel 0x1c000000 5", "writel 0x1c000004 1", "readl 0x1c000004", "clock_step 1000000"],
    ...["vcpu 0", "writel 0x1c000000 7", "writel 0x1c000008 0", "readl 0x1c000008", "clock_step 2000000"],
    ...["vcpu 1", "writel 0x1c000000 0", "readl 0x1c000000", "readl 0x1c000004", "clock_step 30000000"],
    ...["vcpu 0", "readl 0x1c000000", "readl 0x1c000004", "writel 0x1c000000 9"],
  ].join("\n"),
  "two-drivers.script",
);
const SEEDS = [undefined, 1, 2];

/** Runs the script to the end of the VM. */
async function run(twin: Twin, type: string, seed: number | undefined): Promise<Vm> {
  const vm = createVm(vmPlan([vdevPlan(files[twin]!, { type })], { cpus: 2, seed, policy: "report" }));
  await runScript(SCRIPT, new VmScriptMachine(vm), { print: () => {} });
  vm.terminate();
  return vm;
}

describe("lessons", () => {
  const sources = readdirSync(join(packageRoot(), "test/planted/threads/assembly"));

  it("are all in the table, and in the module that has them all", () => {
    const lessons = sources.filter((file) => file !== "lesson.ts" && file !== "all.ts");
    expect(PLANTED.map(({ name }) => `${name}.ts`).sort()).toEqual(lessons.sort());
    const all = readFileSync(join(packageRoot(), "test/planted/threads/assembly/all.ts"), "utf8");
    for (const { name } of PLANTED) expect(all).toContain(`import "./${name}";`);
  });

  it.each(PLANTED)("$name: is short, says its class, and marks its line", ({ name, class: which, file, bug }) => {
    const text = readFileSync(join(packageRoot(), file), "utf8");
    expect(text.split("\n").length).toBeLessThanOrEqual(81);
    expect(text).toMatch(new RegExp(`Finding: ${which}\\b`));
    expect(bug.length).toBeGreaterThan(0);
    expect(text).toContain("FIXED");
    expect(text).toContain(`"${name}"`);
  });
});

describe("corrected twins", () => {
  it.each(PLANTED)("$name: nothing is told, whose turn it may be", async ({ name }) => {
    for (const seed of SEEDS) {
      const vm = await run("fixed", name, seed);
      expect([seed, vm.findings.all.map(({ message }) => message)]).toEqual([seed, []]);
    }
  });
});

/** What the gate and the locks tell by themselves, in any run: rule and, where there is a place, the marked line. */
const AT_ONCE: Readonly<Record<string, RegExp>> = {
  "lock-kept": /returned while it held v_mtx/,
  "may-block": /may block and was called on a vCPU thread/,
  unlock: /^pthread_mutex_unlock\(\) was called for .* holds$/,
  gate: /^guest_timer_create\(\) was called in thread/,
  alive: /is still alive after VDEV_CTRL_TERMINATE/,
};

/** Its lock is kept by a thread that ends in the middle of its work, which takes a search. */
const BY_SEARCH = "cancelled-with-lock";

describe("planted mistakes that any run shows", () => {
  it.each(PLANTED.filter((one) => one.class in AT_ONCE && one.name !== BY_SEARCH))(
    "$name: $class",
    async ({ name, class: which, bug, file }) => {
      const vm = await run("planted", name, undefined);
      const finding = vm.findings.all.find(({ message }) => AT_ONCE[which]!.test(message));
      expect(finding, vm.findings.all.map(({ message }) => message).join("\n")).toBeDefined();
      const lines = finding!.stack.flatMap((frame) => (frame.file === file ? [frame.line] : []));
      if (which !== "alive") expect(bug).toContain(lines[0]);
    },
  );
});
