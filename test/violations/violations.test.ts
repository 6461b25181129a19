/**
 * Three vdevs that break a rule, in AssemblyScript, as an author would write them. Each is stopped, and the report
 * names the author's own line, in the build as compiled and in the one with every protection put in.
 */
import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { UserError } from "../../host/errors.ts";
import { type Finding, formatFinding } from "../../host/gate/finding.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import { defaultPasses } from "../../host/sandbox/passes/instrument.ts";
import type { Pass } from "../../host/sandbox/passes/pass.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, vdevPlan, vmPlan, write } from "../support/vm.ts";

const MODULES = ["timer", "region", "path"] as const;
type Name = (typeof MODULES)[number];
const FIRST = 0x1c000000n;
const SECOND = 0x1c010000n;

let folder: string;
const sources = new Map<Name, string[]>();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-violations-"));
  for (const name of MODULES) {
    const file = fileURLToPath(new URL(`assembly/${name}.ts`, import.meta.url));
    sources.set(name, readFileSync(file, "utf8").split("\n"));
    await compileVdev({ file, outFile: join(folder, `${name}.wasm`) });
  }
}, 60_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** The line that ends in this remark, and where on it the call stands; both from 1. */
function placeOf(name: Name, remark: string, call: string): { line: number; column: number } {
  const lines = sources.get(name)!;
  const line = lines.findIndex((text) => text.endsWith(`// ${remark}`));
  expect(line).toBeGreaterThanOrEqual(0);
  return { line: line + 1, column: lines[line]!.indexOf(call) + 1 };
}

interface Run {
  readonly vm: Vm | undefined;
  readonly findings: readonly Finding[];
  readonly error: string;
}

/** Two vdevs of one type in one VM; what breaks the rule happens in the first of them. */
function runOf(name: Name, passes: readonly Pass[], helper: boolean, policy: "strict" | "report" = "strict"): Run {
  const events: VmEvent[] = [];
  const option = { index: 0, name: "by-helper" };
  const plan = (label: string, address: bigint) =>
    vdevPlan(join(folder, `${name}.wasm`), {
      type: name,
      name: label,
      loc: { space: "memory", address },
      options: () => (helper && name === "path" ? [option] : []),
    });
  let vm: Vm | undefined;
  let error = "";
  try {
    vm = createVm(vmPlan([plan("first", FIRST), plan("second", SECOND)], { policy }), {
      passes,
      listener: (event) => events.push(event),
    });
    if (name !== "path") drive(vm, name, helper, policy);
  } catch (thrown) {
    if (!(thrown instanceof UserError)) throw thrown;
    error = thrown.message;
  }
  return { vm, error, findings: events.flatMap((event) => (event.kind === "finding" ? [event.finding] : [])) };
}

/** The access that breaks the rule is the second trap. The helper is behind the other kind of access. */
function drive(vm: Vm, name: "timer" | "region", helper: boolean, policy: "strict" | "report"): void {
  read(vm, 0x5000n);
  const isRead = (name === "timer") !== helper;
  const status = isRead ? read(vm, FIRST)[0] : write(vm, FIRST, 1n);
  expect(status).toBe(AccessStatus.busError);
  expect(vm.instances[0]!.stopped !== undefined).toBe(policy === "strict");
}

const BUILDS: readonly (readonly [string, () => readonly Pass[]])[] = [
  ["as compiled", () => []],
  ["fully instrumented", () => defaultPasses()],
];

const EXPECTED = {
  timer: {
    call: "guest_timer_create",
    arguments: ["gcp", "vdp", "data", "resolutionp"],
    rule: "phase",
    direct: "vread",
    through: "vwrite",
    during: "phase running, vCPU 0, trap #2",
    reason: /guest_timer_create\(\) may be called at startup only, before VDEV_CTRL_GUEST_CONFIGURED \(documented\)/,
    advice: /Create the timer at startup, for example in VDEV_CTRL_OPTIONS_END/,
    manual: /topic\/guest_timer_create\.html/,
  },
  region: {
    call: "gasp_region_set_soft",
    arguments: ["gsp", "num_regions", "rgn"],
    rule: "lock",
    direct: "vwrite",
    through: "vread",
    during: "phase running, vCPU 0, trap #2",
    reason: /gasp_region_set_soft\(\) belongs between gasp_lock\(\) and gasp_unlock\(\) \(documented\)/,
    advice: /Call gasp_lock\(\) with the region's type first and gasp_unlock\(\) after it/,
    manual: /topic\/gasp_region_set_soft\.html/,
  },
  path: {
    call: "vdev_path",
    arguments: ["buf", "count", "vdp"],
    rule: "phase",
    direct: "control",
    through: "control",
    during: "phase startup, main thread",
    reason: /vdev_path\(\) may be called from VDEV_CTRL_GUEST_CONFIGURED on \(documented\)/,
    advice:
      /OPTIONS_END is not the boundary: other vdevs may still be unconfigured\. Wait for VDEV_CTRL_GUEST_CONFIGURED/,
    manual: /https:\/\//,
  },
} as const;

describe.each(MODULES)("%s", (name) => {
  const expected = EXPECTED[name];
  const callback = (author: string) => (author === "control" ? "OPTIONS_END" : author);
  const violationOf = ({ findings }: Run) => findings.filter((one) => one.severity === "violation");

  describe.each(BUILDS)("%s", (_build, passes) => {
    it("is stopped by one violation at the author's own line and column", () => {
      const run = runOf(name, passes(), false);
      const [finding, ...more] = violationOf(run);
      expect(more).toEqual([]);
      expect(finding).toMatchObject({ rule: expected.rule, call: { name: expected.call } });
      expect(finding!.situation.callback).toBe(callback(expected.direct));
      expect(finding!.stack[0]).toMatchObject({
        function: expected.direct,
        file: `test/violations/assembly/${name}.ts`,
        ...placeOf(name, "direct", `${expected.call}(`),
      });
      expect(finding!.stack).toHaveLength(1);
    });

    it("is found through a helper function: the stack has both", () => {
      const [finding] = violationOf(runOf(name, passes(), true));
      const file = `test/violations/assembly/${name}.ts`;
      expect(finding!.stack).toMatchObject([
        { function: "helper", file, ...placeOf(name, "by helper", `${expected.call}(`) },
        { function: expected.through, file, ...placeOf(name, "caller of helper", "helper(") },
      ]);
    });

    it("is reported in words with everything an author needs", () => {
      const run = runOf(name, passes(), true);
      const text = formatFinding(violationOf(run)[0]!);
      const { line, column } = placeOf(name, "by helper", `${expected.call}(`);
      expect(text).toMatch(new RegExp(`^violation: ${expected.call}\\(\\) was called`));
      for (const argument of expected.arguments) expect(text).toMatch(new RegExp(`call .*${argument}=`));
      expect(text).toMatch(expected.reason);
      expect(text).toMatch(expected.manual);
      expect(text).toMatch(expected.advice);
      expect(text).toContain(`callback ${callback(expected.through)}, ${expected.during}`);
      expect(text).toContain(`test/violations/assembly/${name}.ts:${line}:${column} in helper`);
      expect(text).toContain(` in ${expected.through}`);
      expect(text).toContain(`first (${name}) at 0x1c000000`);
      // The one in OPTIONS_END is stopped before the second vdev exists.
      if (name !== "path") expect(text).toContain("first, second: they share one module instance");
    });

    it("stops both vdevs of the shared instance, or the start of the VM", () => {
      const { vm, error } = runOf(name, passes(), false);
      if (name === "path") {
        expect(error).toMatch(
          /^the VM cannot start: first in VDEV_CTRL_OPTIONS_END was stopped:\nviolation: vdev_path/,
        );
        return;
      }
      expect(vm!.findings.all.at(-1)!.affected).toEqual(["first", "second"]);
      for (const address of [FIRST, SECOND]) {
        expect(read(vm!, address)[0]).toBe(AccessStatus.busError);
        expect(write(vm!, address, 1n)).toBe(AccessStatus.busError);
      }
      expect(vm!.terminate().exitCode).toBe(6);
    });
  });

  it("goes on under report: the call is refused, and nothing was done", () => {
    const { vm, findings, error } = runOf(name, defaultPasses(), false, "report");
    expect(error).toBe("");
    expect(vm!.instances[0]!.stopped).toBeUndefined();
    expect(violationOf({ vm, findings, error }).every((one) => one.affected.length === 0)).toBe(true);
    expect(vm!.timers.all).toEqual([]);
    expect(vm!.spaces.memory.find(0x50000000n)).toBeUndefined();
    expect(vm!.terminate().exitCode).toBe(6);
  });
});
