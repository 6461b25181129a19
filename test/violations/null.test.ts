import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { read, vmOf, write } from "../support/vm.ts";

let wasm: Uint8Array;
beforeAll(async () => {
  const file = join(packageRoot(), "test/violations/assembly/null.ts");
  wasm = (await compileVdev({ file, projectDir: packageRoot() })).wasm;
});

describe("NULL instead of a buffer, in the transfer that is served inside the module", () => {
  it.each([
    ["guest_cpu_write", (vm: Parameters<typeof read>[0]) => read(vm, 0x1c000000n)[0]],
    ["guest_cpu_read", (vm: Parameters<typeof read>[0]) => write(vm, 0x1c000000n, 1n)],
  ])("%s is a violation, and the guest gets a bus error", (call, access) => {
    const { vm } = vmOf(wasm);
    expect(access(vm)).toBe(1);
    expect(vm.findings.all.map((finding) => [finding.severity, finding.rule, finding.call?.name])).toEqual([
      ["violation", "argument", call],
    ]);
  });
});
