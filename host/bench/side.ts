import { spawn } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { UserError } from "../errors.ts";
import { packageRoot } from "../paths.ts";

/**
 * One side of a comparison, in a process of its own: neither the garbage nor the type feedback of another measurement
 * is in its way. It waits idle until it is asked for a round.
 */
export interface Side {
  /** @param request what to do, words the side understands. @returns the median of the round, in the side's unit */
  round(request: string): Promise<number>;
  close(): void;
}

/** Starts a program that answers each line on stdin with a line that is a number. */
export function spawnSide(command: string, args: readonly string[]): Side {
  const child = spawn(command, args, { stdio: ["pipe", "pipe", "pipe"] });
  let problem = "";
  child.stderr.setEncoding("utf8").on("data", (text: string) => {
    problem = `${problem}${text}`.slice(-2000);
  });
  child.stdin.on("error", () => {}); // the process is gone; `round` says so
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    async round(request) {
      child.stdin.write(`${request}\n`);
      const { value, done } = await lines.next();
      const result = Number(value);
      if (done === true || Number.isNaN(result)) {
        const why = problem.trim().split("\n")[0] ?? "";
        throw new UserError(`the measuring process of \`${request}\` ended early${why === "" ? "" : `: ${why}`}`);
      }
      return result;
    },
    close: () => child.stdin.end(),
  };
}

/** A side that is this program itself: `vdevbox bench --side SPEC`. */
export function ownSide(spec: string, nodeFlags: readonly string[] = []): Side {
  return spawnSide(process.execPath, [...nodeFlags, join(packageRoot(), "build/vdevbox.mjs"), "bench", "--side", spec]);
}

/** The other end: answers requests until stdin ends. */
export async function answerRounds(answer: (request: string) => number | Promise<number>): Promise<void> {
  for await (const request of createInterface({ input: process.stdin })) console.log(await answer(request));
}
