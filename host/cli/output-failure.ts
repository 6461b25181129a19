import { writeSync } from "node:fs";

/**
 * What becomes of output that cannot be written. A reader that closes the pipe (`| head`) is no error: the
 * command goes on to its end, and ends with the code it would have had with a reader. Everything else (a full disk) is told once on standard error, whoever listens is told, and the exit code is 2.
 */

const EXIT_CODE = 2;

let failed = false;
let readerGone = false;
let listener: (() => void) | undefined;

/** Begins to watch standard output and standard error. */
export function watchOutput(): void {
  const streams = [
    ["standard output", process.stdout],
    ["standard error", process.stderr],
  ] as const;
  for (const [name, stream] of streams) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code === "EPIPE" && stream === process.stdout) readerGone = true;
      // A stream that has failed refuses whatever is written to it later.
      if (error.code === "EPIPE" || error.code === "ERR_STREAM_DESTROYED" || failed) return;
      failed = true;
      process.exitCode = EXIT_CODE;
      if (stream === process.stdout) tell(`${name} cannot be written: ${error.code ?? error.message}`);
      listener?.();
    });
  }
}

/** Whether what is written to standard output from now on is read by nobody. */
export function isReaderGone(): boolean {
  return readerGone;
}

/** Tells `stop` when output is lost from now on; undefined takes it back. What is under way need not go on then. */
export function onLostOutput(stop: (() => void) | undefined): void {
  listener = stop;
  if (failed) stop?.();
}

/** The exit code of a command that wanted to end with `code`. */
export function exitCodeAfterOutput(code: number): number {
  return failed ? EXIT_CODE : code;
}

function tell(sentence: string): void {
  try {
    writeSync(process.stderr.fd, `${sentence}\n`);
  } catch {
    // Nobody is left to tell.
  }
}
