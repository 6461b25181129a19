/**
 * Where a call raced whose thread had given its turn away in it. Oracle: the remarks in the vdev's source; what
 * cdev.h's function safety table says of its functions.
 */
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { exploreDevice } from "../../host/testing/explore-device.ts";
import { moduleFile } from "../support/vm.ts";

const SOURCE = join(packageRoot(), "test/races/assembly/stamps.ts");

/** Explores two vCPUs that write a device's first register while it is asked for its STATUS. */
function explored(module: string, options: string, writes: string) {
  const folder = mkdtempSync(join(tmpdir(), "vdevbox-callers-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  const guest = join(folder, "races.script");
  writeFileSync(
    guest,
    `vcpu 0\n${writes}\nvcpu 1\n${writes}\nstatus\nclock_step 1000000\nstatus\nclock_step 1000000\n`,
  );
  const config = join(folder, "races.qvmconf");
  const type = module.replace(/^.*\/|\.wasm$/g, "");
  writeFileSync(config, `cpu\ncpu\nvdev ${type} ${options} loc 0x1c000000\n`);
  return exploreDevice({ config, modulePath: [dirname(module)], guest, schedules: 400 });
}

describe("a thread that is left in a call", () => {
  it("is told of at the line of that call, and not of another thread's", async () => {
    const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
    const { findings } = await explored(moduleFile(wasm, "stamps", sourceMap), "", "writel 0x1c000000 1");
    const lines = readFileSync(SOURCE, "utf8").split("\n");
    const readings = lines.flatMap((text, i) => (text.endsWith("// reading") ? [i + 1] : []));
    expect(readings).toHaveLength(2);
    expect(findings.length).toBeGreaterThan(0);
    for (const { rule, message } of findings) {
      expect(rule).toBe("race");
      const told = Array.from(message.matchAll(/stamps\.ts:(\d+):/g), ([, line]) => Number(line));
      expect([message, told.every((line) => readings.includes(line))]).toEqual([message, true]);
    }
  }, 60_000);
});

describe("functions that are safe to call at the same time", () => {
  it("do not race on the state that is theirs: the pl011's character device", async () => {
    const module = join(packageRoot(), "build/out/vdevs/pl011.wasm");
    const { findings } = await explored(module, "firmware", "writew 0x1c000000 0x41");
    expect(findings).toEqual([]);
  }, 60_000);
});
