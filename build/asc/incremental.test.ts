/** Oracle: a build is redone exactly when something it was made from differs by content. */
import { readFileSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { projectOutside } from "../../test/support/assembly.ts";
import { type BuildOptions, buildVdevs } from "./incremental.ts";

const DEVICE = 'import { twice } from "./helper";\nexport function f(x: i32): i32 { return twice(x); }\n';
const HELPER = "export function twice(x: i32): i32 { return x * 2; }\n";

function project() {
  const dir = projectOutside({ "device.ts": DEVICE, "helper.ts": HELPER });
  const build = async (options: Partial<BuildOptions> = {}) => {
    const [result] = await buildVdevs([join(dir, "device.ts")], { outDir: join(dir, "out/vdevs"), ...options });
    return result!;
  };
  const write = (name: string, text: string) => writeFileSync(join(dir, name), text);
  return { dir, build, write, outFile: join(dir, "out/vdevs/device.wasm") };
}

test("an unchanged module is skipped, whatever its times say", async () => {
  const { build, dir } = project();
  expect((await build()).status).toBe("built");
  utimesSync(join(dir, "helper.ts"), new Date(), new Date(Date.now() + 1e6));
  expect((await build()).status).toBe("unchanged");
  expect((await build({ force: true })).status).toBe("built");
});

test("a change of a source, of flags, of the configuration or of the output builds again", async () => {
  const { build, write, dir, outFile } = project();
  await build();
  write("helper.ts", HELPER.replace("* 2", "* 3"));
  expect((await build()).status).toBe("built");
  expect((await build({ extraFlags: ["--optimizeLevel", "1"] })).status).toBe("built");
  expect((await build()).status).toBe("built");
  write("asconfig.json", '{"options":{"noAssert":true}}');
  expect((await build()).status).toBe("built");
  rmSync(join(dir, "asconfig.json"));
  expect((await build()).status).toBe("built");
  writeFileSync(outFile, "damaged");
  expect((await build()).status).toBe("built");
  rmSync(`${outFile}.map`);
  expect((await build()).status).toBe("built");
  expect((await build()).status).toBe("unchanged");
});

test("a module that fails keeps its old output and the others are built", async () => {
  const { build, write, dir, outFile } = project();
  await build();
  const before = readFileSync(outFile);
  write("helper.ts", "export function twice(x: i32): i32 { return y; }\n");
  write("other.ts", HELPER);
  const outDir = join(dir, "out/vdevs");
  const [failed, built] = await buildVdevs([join(dir, "device.ts"), join(dir, "other.ts")], { outDir });
  expect(failed).toMatchObject({
    status: "failed",
    errors: [{ message: "Cannot find name 'y'.", place: { line: 1 } }],
  });
  expect(built?.status).toBe("built");
  expect(readFileSync(outFile).equals(before)).toBe(true);
  write("helper.ts", HELPER);
  expect((await build()).status).toBe("unchanged");
});

test("two files with one output are refused", async () => {
  const { dir } = project();
  const files = [join(dir, "device.ts"), join(dir, "deeper/device.ts")];
  await expect(buildVdevs(files, { outDir: join(dir, "out") })).rejects.toThrow("rename one");
});

test("what the compiler warned of is told again for a module that is up to date", async () => {
  const { build, write } = project();
  write("device.ts", `${DEVICE}export class Unused { x: i32; }\n`);
  const first = await build();
  const again = await build();
  expect([first.status, again.status]).toEqual(["built", "unchanged"]);
  const warnings = [first, again].map((result) => (result.status === "failed" ? [] : result.diagnostics));
  expect(warnings[0]).toHaveLength(1);
  expect(warnings[0]![0]).toMatchObject({ severity: "warning", place: { line: 3 } });
  expect(warnings[1]).toEqual(warnings[0]);
});
