/** The option that docs/authoring.md shows how to read. Oracle: what its comment says a period is. */
import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { startConfig } from "../support/vm-of-config.ts";
import { examplesOf, writeFiles } from "./examples.ts";

const folder = mkdtempSync(join(tmpdir(), "vdevbox-options-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));
let blinker: Uint8Array;
beforeAll(async () => {
  mkdirSync(join(folder, "vdevs"));
  writeFiles(folder, examplesOf("docs/authoring.md").files);
  const file = join(folder, "vdevs/blinker/blinker.ts");
  blinker = (await compileVdev({ file, projectDir: packageRoot() })).wasm;
}, 60_000);

const started = (period: string) =>
  startConfig({ blinker }, `vdev blinker loc 0x1c000000 intr 8259:5 period "${period}"`);

describe("the period of the example", () => {
  it.each([
    ["250", 250],
    ["0x10", 16],
    ["4294967295", 4294967295],
  ])("may be %j", (text, period) => {
    const { vm, error, events } = started(text);
    expect(error).toBe("");
    vm!.control("status");
    expect(events).toContainEqual(expect.objectContaining({ kind: "report", text: `0 changes, period ${period} ms` }));
  });

  it.each(["-1", "+1", " 1", "4294967296", "99999999999999999999", "1x", "x", "", "1 2"])("may not be %j", (text) => {
    const error = `blinker refused option period with EINVAL (22); its argument is ${JSON.stringify(text)}`;
    expect(started(text).error).toContain(error);
  });
});
