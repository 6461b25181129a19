import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";

/** Where the vdevs of `machine` are, and their registers. */
export const AT = { pic: 0x1c000000n, a: 0x1c010000n, b: 0x1c020000n } as const;
export const PIC = {
  mask: 0n,
  pending: 4n,
  ack: 8n,
  lines: 0xcn,
  edge: 0x10n,
  asked: 0x14n,
  address: 0x18n,
  message: 0x1cn,
};
export const CLIENT = { signal: 0n, result: 4n, extra: 8n, target: 0xcn, message: 0x10n, level: 0x14n, text: 0x18n };
export const GIS = { on: 1n, off: 2n, isr: 4n } as const;

/** Compiles the controller and its client. @returns the folder they are in, and how to remove it */
export async function compileModules(): Promise<{ folder: string; remove: () => void }> {
  const folder = mkdtempSync(join(tmpdir(), "vdevbox-interrupts-"));
  for (const name of ["pic", "client"]) {
    const file = fileURLToPath(new URL(`assembly/${name}.ts`, import.meta.url));
    await compileVdev({ file, outFile: join(folder, `${name}.wasm`) });
  }
  return { folder, remove: () => rmSync(folder, { recursive: true, force: true }) };
}

/** A VM of a configuration whose modules are in a folder, and all it has said. */
export function vmOfText(folder: string, text: string): { vm: Vm; events: VmEvent[] } {
  const events: VmEvent[] = [];
  const plan = planFromConfig(parseConfig(text, "test.qvmconf"), { modulePath: [folder] });
  return { vm: createVm(plan, { listener: (event) => events.push(event) }), events };
}

/** A controller above gic:40 and two clients; `a` and `b` are their lines. */
export function machine(a: string, b: string, more = ""): string {
  return `system test
    ${more}
    vdev pic name pic0 loc 0x1c000000 intr gic:40
    vdev client name a loc 0x1c010000 ${a}
    vdev client name b loc 0x1c020000 ${b}`;
}
