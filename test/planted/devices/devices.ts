import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { type CompileResult, compileVdev } from "../../../build/asc/compile.ts";
import { packageRoot } from "../../../host/paths.ts";

/** Which of a device's twins. */
export type Twin = "planted" | "fixed";

const HERE = join(packageRoot(), "test/planted/devices");
const FOLDER = join(HERE, "assembly");
/** Files of `assembly/` that are no device. */
const SHARED = ["device.ts", "all.ts"];

/** Where the device of every case is. */
export const DEVICE_ADDRESS = 0xe0000000;

/** Names of the devices there are sources of. */
export const deviceNames = (): string[] =>
  readdirSync(FOLDER).flatMap((file) => (SHARED.includes(file) ? [] : [file.replace(/\.ts$/, "")]));

/** The source file of a device, as reports name it. */
export const fileOf = (name: string): string => `test/planted/devices/assembly/${name}.ts`;

/** The file of a device's model. */
export const modelOf = (name: string): string => join(HERE, "models", `${name}.ts`);

/** Lines of a device with a marker, from 1: `BUG` where the mistake is, `TOLD` where an invariant tells of it. */
export function linesOf(name: string, marker: "BUG" | "TOLD"): number[] {
  const lines = readFileSync(join(FOLDER, `${name}.ts`), "utf8").split("\n");
  return lines.flatMap((text, i) => (text.endsWith(`// ${marker}`) ? [i + 1] : []));
}

/** The script guest's words that provoke the mistake. */
export const triggerOf = (name: string): string => readFileSync(join(HERE, "triggers", `${name}.script`), "utf8");

/** The machine of a case: two vCPUs, RAM for devices that reach for it, and what makes the host look closer. */
export function machineOf(settings: readonly string[]): string {
  return `system planted\ncpu\ncpu\nram 0,1M\n${settings.map((setting) => `set ${setting}\n`).join("")}`;
}

/** The configuration of a case. */
export function configurationOf(name: string, settings: readonly string[]): string {
  return `${machineOf(settings)}vdev ${name}\n    loc 0x${DEVICE_ADDRESS.toString(16)}\n`;
}

/** One device as a module of its own, as a fuzzer takes it; or `all`, every device, the vdev's type being the name. */
export async function compileDevice(name: string, twin: Twin): Promise<CompileResult> {
  return compileVdev({
    file: join(FOLDER, `${name}.ts`),
    projectDir: packageRoot(),
    ...(twin === "fixed" && { extraFlags: ["--use", "PLANTED_FIXED=1"] }),
  });
}
