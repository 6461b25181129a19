/** Real AssemblyScript, compiled as vdevs are; what must be found stands in each source, marked by a comment. */
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageDir } from "../../build/asc/package-dir.ts";
import { projectOutside } from "../../test/support/assembly.ts";
import { moduleFile } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";
import { UserError } from "../errors.ts";
import { checkModuleFile, formatCheckReport } from "./check.ts";
import type { CheckReport } from "./report.ts";

const IMPORTS = [
  'import { QVM_VDEV_ABI } from "vdevbox/abi/abi";',
  'import { gasp_region, guest_cpu_t, guest_timer_t, qvm_state_block } from "vdevbox/abi/types";',
  'import { gasp_lock, gasp_region_set_soft, gasp_unlock } from "vdevbox/abi/gasp";',
  'import { guest_timer_create, guest_timer_notify } from "vdevbox/abi/guest";',
  'import { qvm_report } from "vdevbox/abi/log";',
  'import { sigevent, usleep } from "vdevbox/abi/posix";',
  'import { stack_alloc } from "vdevbox/abi/stack";',
  'import { cstr, cstring } from "vdevbox/abi/string";',
  'import * as V from "vdevbox/abi/vdev-core";',
  'import { QVM_OPTION_NO_ARG_PREFIX, vdev_factory, vdev_path, vdev_ref_status, vdev_register_factory, vdev_t } from "vdevbox/abi/vdev-core";',
  "function path_of(vdp: vdev_t): void { vdev_path(stack_alloc(64), 64, vdp); }",
].join(" ");

const REGISTER = [
  "const factory = vdev_factory.alloc(); factory.control = control; factory.vread = vread;",
  "factory.option_list = options; factory.factory_flags = V.VFF_VDEV_MEM; factory.acc_sizes = (1 << 1) | (1 << 4);",
  "factory.extra_space = 24; vdev_register_factory(factory, QVM_VDEV_ABI);",
].join(" ");

interface Device {
  /** Functions and globals, from line 2 on. */
  readonly code?: string;
  readonly vread?: string;
  readonly control?: string;
}

/** Statements become a whole device; line numbers of `code` begin at 2. */
function source({ code = "", vread = "", control = "" }: Device): string {
  return `${IMPORTS}
${code}
const options = memory.data<cstring>([cstr(QVM_OPTION_NO_ARG_PREFIX + "quiet"), cstr("path"), 0]);
function vread(vdp: vdev_t, cookie: u32, vopnd: qvm_state_block, oopnd: qvm_state_block, gcp: guest_cpu_t): vdev_ref_status {
  ${vread}
  return V.VRS_NORMAL;
}
function control(vdp: vdev_t, ctrl: u32, arg: cstring): i32 {
  ${control}
  return 0;
}
${REGISTER}
`;
}

/** Line of the comment `// here`. */
function marked(text: string): number {
  return text.split("\n").findIndex((line) => line.includes("// here")) + 1;
}

async function check(device: Device, flags: readonly string[] = []): Promise<{ report: CheckReport; line: number }> {
  const text = source(device);
  const dir = projectOutside({ "device.ts": text });
  const outFile = join(dir, "device.wasm");
  await compileVdev({ file: join(dir, "device.ts"), outFile, extraFlags: flags });
  return { report: checkModuleFile(outFile), line: marked(text) };
}

function brief({ findings }: CheckReport): string[] {
  return findings.map(({ severity, rule, callback, call }) => `${severity} ${rule} ${callback} ${call ?? ""}`.trim());
}

const SWITCH = (OPTIONS_END: string, CONFIGURED: string) => `switch (ctrl) {
    case V.VDEV_CTRL_OPTIONS_START: vdp.v_block.length = 4; break;
    case V.VDEV_CTRL_FIRST_OPTIDX: vdp.v_block.length = 8; break;
    case V.VDEV_CTRL_OPTIONS_END: ${OPTIONS_END} break;
    case V.VDEV_CTRL_GUEST_CONFIGURED: ${CONFIGURED} break;
    case V.VDEV_CTRL_STATUS: qvm_report(cstr("fine")); break;
  }`;

describe.each([["optimised", []] as const, ["unoptimised", ["--optimizeLevel", "0"]] as const])("%s", (_, flags) => {
  it("names the line of a startup call that vread can reach", async () => {
    const { report, line } = await check({ vread: "guest_timer_create(0, vdp, 0, stack_alloc(8)); // here" }, flags);
    expect(brief(report)).toEqual(["violation phase vread guest_timer_create"]);
    expect(report.findings[0]!.place).toMatchObject({ file: "device.ts", line });
    expect(report.verdict).toBe("findings");
  });

  it("lets vdev_path() be called at GUEST_CONFIGURED", async () => {
    const { report } = await check({ control: SWITCH("", "path_of(vdp);") }, flags);
    expect(brief(report)).toEqual([]);
    expect(report.verdict).toBe("ok");
    const calls = report.callbacks.filter((one) => one.calls.includes("vdev_path")).map((one) => one.title);
    expect(calls).toEqual(["VDEV_CTRL_GUEST_CONFIGURED"]);
  });

  it("finds vdev_path() at OPTIONS_END", async () => {
    const { report, line } = await check(
      { control: SWITCH("vdev_path(stack_alloc(64), 64, vdp); // here\n", "path_of(vdp);") },
      flags,
    );
    expect(brief(report)).toEqual(["violation phase VDEV_CTRL_OPTIONS_END vdev_path"]);
    expect(report.findings[0]!.place).toMatchObject({ file: "device.ts", line });
    expect(report.findings[0]!.advice).toContain("OPTIONS_END is not the boundary");
  });

  it("follows ctrl into a function that it is handed to", async () => {
    const code = `function handle(vdp: vdev_t, ctrl: u32): void {
      if (ctrl >= V.VDEV_CTRL_FIRST_OPTIDX) option(vdp, ctrl - V.VDEV_CTRL_FIRST_OPTIDX);
      else if (ctrl == V.VDEV_CTRL_GUEST_CONFIGURED) vdev_path(stack_alloc(64), 64, vdp);
    }
    function option(vdp: vdev_t, n: u32): void { if (n == 1) vdev_path(stack_alloc(64), 64, vdp); } // here`;
    const { report, line } = await check({ code, control: "handle(vdp, ctrl);" }, flags);
    expect(brief(report)).toEqual(["violation phase option path vdev_path"]);
    expect(report.findings[0]!.place).toMatchObject({ line });
  });

  it("goes through the function table", async () => {
    const code = `function one(vdp: vdev_t): void { guest_timer_create(0, vdp, 0, stack_alloc(8)); } // here
    function two(vdp: vdev_t): void {}
    let hook: (vdp: vdev_t) => void = two;
    export function choose(first: bool): void { hook = first ? one : two; }`;
    const { report, line } = await check({ code, vread: "hook(vdp);" }, flags);
    expect(brief(report)).toEqual(["violation phase vread guest_timer_create"]);
    const { chain, place } = report.findings[0]!;
    expect(place).toMatchObject({ line });
    expect(chain.map((step) => [step.function, step.indirect ?? false])).toEqual([
      ["vread", true],
      ["one", false],
    ]);
  });

  it("warns of memory that vread allocates", async () => {
    const code = "let last: Uint8Array | null = null;";
    const { report, line } = await check({ code, vread: "last = new Uint8Array(vopnd.length); // here" }, flags);
    expect(brief(report)).toEqual(["warning allocation vread"]);
    expect(report.findings[0]!.place).toMatchObject({ line });
  });

  it("lets memory be allocated at startup, and warns once the guest runs", async () => {
    const allocate = "heap.alloc(16);";
    const { report } = await check({ control: SWITCH(allocate, allocate) }, flags);
    expect(brief(report)).toEqual(["warning allocation VDEV_CTRL_GUEST_CONFIGURED"]);
  });
});

describe("rules beside the phase", () => {
  const SOFT = "function soft(vdp: vdev_t): void { gasp_region_set_soft(vdp.v_gsp, 0, changetype<gasp_region>(0)); }";

  it("finds a call that needs the address space lock where the lock is never taken", async () => {
    const { report } = await check({ code: SOFT, control: SWITCH("", "soft(vdp);") });
    expect(brief(report)).toEqual(["violation lock VDEV_CTRL_GUEST_CONFIGURED gasp_region_set_soft"]);
  });

  it("is content when the callback can take the lock", async () => {
    const locked = "gasp_lock(vdp.v_gsp, 0); soft(vdp); gasp_unlock(vdp.v_gsp, 0);";
    const { report } = await check({ code: SOFT, control: SWITCH("", locked) });
    expect(brief(report)).toEqual([]);
  });

  it("warns of what the manual advises against on a vCPU thread", async () => {
    const { report } = await check({ vread: "gasp_lock(vdp.v_gsp, 0); gasp_unlock(vdp.v_gsp, 0);" });
    expect(brief(report)).toEqual(["warning advice vread gasp_lock", "warning advice vread gasp_unlock"]);
  });

  it("warns of a call that may block the guest's processor", async () => {
    const { report } = await check({ vread: "usleep(1);" });
    expect(brief(report)).toEqual(["warning may-block vread usleep"]);
  });

  it("a factory without the callbacks that what it calls will need", async () => {
    const vread =
      "guest_timer_notify(0, null, 5); V.vdev_pulse(vdp, 1, 10, changetype<sigevent>(stack_alloc(32)), 0); // here";
    const { report, line } = await check({ vread });
    expect(brief(report)).toEqual([
      "violation callback vread guest_timer_notify",
      "violation callback vread vdev_pulse",
    ]);
    for (const [i, [call, member]] of [
      ["guest_timer_notify", "timer"],
      ["vdev_pulse", "pulse"],
    ].entries()) {
      expect(report.findings[i]).toMatchObject({
        message: `vread can reach ${call}(), and the factory has no ${member} callback`,
        place: { line },
        reason: { status: "documented", manual: expect.stringContaining(call!) },
      });
    }
  });

  it("finds a running-phase call of the top level, which runs only on one way", async () => {
    const { report } = await check({ code: "if (load<u32>(64) == 12345) guest_timer_notify(0, null, 0); // here" });
    expect(brief(report)).toEqual(["violation phase module start guest_timer_notify"]);
  });
});

describe("what a module is", () => {
  it("tells factory, options, flags, widths and places", async () => {
    const { report } = await check({ code: "", control: SWITCH("", "path_of(vdp);") });
    const [factory] = report.factories;
    expect(
      factory!.functions.map(({ member, function: name, place }) => [member, name, place?.file, place?.line]),
    ).toEqual([
      ["control", "control", "device.ts", 8],
      ["vread", "vread", "device.ts", 4],
    ]);
    expect(factory).toMatchObject({
      options: [
        { name: "quiet", argument: false },
        { name: "path", argument: true },
      ],
      flags: ["VFF_VDEV_MEM"],
      access_widths: [1, 4],
      extra_space: 24,
    });
    expect(report.notPortable).toEqual(["vdev_path"]);
    expect(report.module).toMatchObject({ contract: 1, vdev_abi: 2019090401, source_map: true });
    expect(JSON.parse(JSON.stringify(report))).toEqual(report);
  });

  it("says which calls are refused when a callback comes early", async () => {
    const { report } = await check({ control: SWITCH("", "").replace("qvm_report", "path_of(vdp); qvm_report") });
    expect(report.callbacks.find(({ callback }) => callback === "STATUS")!.refused_at_startup).toEqual(["vdev_path"]);
    expect(brief(report)).toEqual([]);
  });

  it("finds nothing in the trace vdev", async () => {
    const outFile = join(projectOutside({}), "trace.wasm");
    await compileVdev({ file: join(packageDir(), "vdevs/trace/trace.ts"), outFile });
    const report = checkModuleFile(outFile);
    expect(brief(report)).toEqual([]);
    const callsOf = (title: string) => report.callbacks.find((one) => one.title === title)!.calls;
    expect(callsOf("VDEV_CTRL_OPTIONS_END")).toEqual([]);
    expect(callsOf("VDEV_CTRL_GUEST_CONFIGURED")).toEqual(["vdev_thread_create"]);
  });

  it("prints verdict, line, way and advice", async () => {
    const code = "function inner(vdp: vdev_t): void { guest_timer_create(0, vdp, 0, stack_alloc(8)); } // here";
    const { report, line } = await check({ code, vread: "inner(vdp);" }, ["--optimizeLevel", "0"]);
    const text = formatCheckReport(report);
    expect(text).toMatch(/device\.wasm: 1 violation$/m);
    expect(text).toMatch(
      new RegExp(`^device\\.ts:${line}:\\d+: violation: vread can reach guest_timer_create\\(\\)`, "m"),
    );
    expect(text).toMatch(/^ {2}way +vread at device\.ts:\d+:\d+\n +inner at device\.ts/m);
    expect(text).toMatch(/^ {2}advice {2}Create the timer at startup/m);
  });
});

describe("modules that do not come up", () => {
  it("reports a top level that faults, and no factory", () => {
    const report = checkModuleFile(moduleFile(watVdev({ start: "(unreachable)" })));
    expect(brief(report)).toEqual(["fault trap module start"]);
    expect(report.factories).toEqual([]);
    expect(report.module.vdev_abi).toBeUndefined();
  });

  it("stops a top level that never ends", () => {
    const report = checkModuleFile(moduleFile(watVdev({ start: "(loop $l (br $l))" })));
    expect(brief(report)).toEqual(["fault limit module start"]);
  });

  it.each([
    ["no factory", watVdev({ start: "(return)" }), "registers no factory"],
    ["another ABI version", watVdev({ start: "(call $register (i32.const 256) (i32.const 7))" }), "vdev ABI 7"],
    ["no WebAssembly", new Uint8Array([1, 2, 3, 4]), "no WebAssembly module"],
  ])("refuses a file with %s", (_, bytes, sentence) => {
    expect(() => checkModuleFile(moduleFile(bytes))).toThrow(UserError);
    expect(() => checkModuleFile(moduleFile(bytes))).toThrow(sentence);
  });

  it("works on a module without source map and names", () => {
    const bytes = watVdev({
      fields: `(import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))`,
      vread: "(call $create (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0))",
    });
    const report = checkModuleFile(moduleFile(bytes));
    expect(brief(report)).toEqual(["violation phase vread guest_timer_create"]);
    expect(report.findings[0]!.chain).toEqual([{ function: "vread" }]);
    expect(report.module.source_map).toBe(false);
  });

  it("judges an import that stands in the table itself", () => {
    const bytes = watVdev({
      fields: `(import "qvm" "guest_button_register" (func $button (param i32) (result i32)))
        (elem (i32.const 6) $button)`,
      factory: { timer: 6 },
    });
    expect(brief(checkModuleFile(moduleFile(bytes)))).toEqual(["violation phase timer guest_button_register"]);
  });
});
