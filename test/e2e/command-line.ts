import { spawn, spawnSync } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { packageRoot } from "../../host/paths.ts";

export interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

const BINARY = join(packageRoot(), "build", "vdevbox.mjs");

/** What a user sees of `vdevbox ARGUMENTS` typed in the folder of the repository. */
export function vdevbox(...args: string[]): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [BINARY, ...args], {
    cwd: packageRoot(),
    encoding: "utf8",
    timeout: 60_000,
  });
  return { code: status, out: stdout, err: stderr };
}

/** The same, interrupted by Ctrl-C as soon as its output shows `seen`. */
export function vdevboxInterrupted(seen: string, ...args: string[]): Promise<Outcome> {
  return vdevboxSignalled("SIGINT", seen, ...args);
}

/** The same, sent a signal as soon as its output shows `seen`. */
export function vdevboxSignalled(signal: NodeJS.Signals, seen: string, ...args: string[]): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [BINARY, ...args], { cwd: packageRoot(), timeout: 60_000 });
    let out = "";
    let err = "";
    let interrupted = false;
    child.stdout.on("data", (chunk) => {
      out += chunk;
      if (interrupted || !out.includes(seen)) return;
      interrupted = true; // once: a second Ctrl-C ends the process at once
      child.kill(signal);
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
    });
    child.on("error", reject);
    child.on("close", (code) => resolve({ code, out, err }));
  });
}

let folder: string | undefined;
afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** A folder of this test file's own. */
export function scratch(): string {
  folder ??= mkdtempSync(join(tmpdir(), "vdevbox-e2e-"));
  return folder;
}
