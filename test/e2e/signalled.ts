import { spawn } from "node:child_process";
import { join } from "node:path";
import { packageRoot } from "../../host/paths.ts";
import type { Outcome } from "./command-line.ts";

/** A signal, or several in a row, to send as soon as the output, both streams together, shows a text. */
export type Cue = readonly [seen: string | RegExp, signal: NodeJS.Signals | readonly NodeJS.Signals[]];

export interface Signalled extends Outcome {
  /** The signal that killed the process, when one did. */
  readonly killedBy: NodeJS.Signals | null;
}

const BINARY = join(packageRoot(), "build", "vdevbox.mjs");

/** `vdevbox ARGUMENTS` as a process that gets signals, one after the other, each when its cue is seen. */
export function signalled(cues: readonly Cue[], ...args: string[]): Promise<Signalled> {
  return started(cues, ...args).outcome;
}

/** The same, and a way to send it a signal whenever. */
export function started(
  cues: readonly Cue[],
  ...args: string[]
): { readonly kill: (signal: NodeJS.Signals) => void; readonly outcome: Promise<Signalled> } {
  const child = spawn(process.execPath, [BINARY, ...args], { cwd: packageRoot(), timeout: 60_000 });
  const outcome = new Promise<Signalled>((resolve, reject) => {
    let [out, err, all] = ["", "", ""];
    const open = [...cues];
    const see = (text: string) => {
      all += text;
      const cue = open[0];
      if (cue === undefined || !(typeof cue[0] === "string" ? all.includes(cue[0]) : cue[0].test(all))) return;
      open.shift();
      for (const signal of [cue[1]].flat() as NodeJS.Signals[]) child.kill(signal);
    };
    child.stdout.on("data", (chunk) => {
      out += chunk;
      see(`${chunk}`);
    });
    child.stderr.on("data", (chunk) => {
      err += chunk;
      see(`${chunk}`);
    });
    child.on("error", reject);
    child.on("close", (code, killedBy) => resolve({ code, killedBy, out, err }));
  });
  return { kill: (signal) => child.kill(signal), outcome };
}
