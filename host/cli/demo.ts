import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../paths.ts";
import { EXIT } from "../vm/vm.ts";
import { type Command, parseArguments } from "./arguments.ts";
import { runCommand } from "./run.ts";

/** `vdevbox demo`, which `npm start` runs: a small board driven by x86 code, explained and recorded. */
export const demoCommand: Command = {
  name: "demo",
  usage: "[--record FILE]",
  summary: "run the example: x86 code in v86 drives a small board, explained in plain words",
  options: [{ name: "record", value: "FILE", help: "where the recording goes (default: demo.rec here)" }],
  words: 0,
  run: async (args) => {
    const here = (name: string) => relative(process.cwd(), join(packageRoot(), name)) || name;
    const record = args.value("record") ?? defaultRecording();
    const words = [
      here("examples/board/board.qvmconf"),
      "--guest",
      `rom:${here("examples/board/guest.s")}`,
      "--explain",
      "--record",
      record,
    ];
    return asIntended(await runCommand.run(parseArguments(runCommand, words)));
  },
};

/** Exit code of the demo: its guest hangs on purpose, so 0 when the watchdog ended it. */
function asIntended(exitCode: number): number {
  if (exitCode === EXIT.watchdog) {
    console.log("This bite was expected: the guest stopped kicking its watchdog on purpose. All went as it should.");
    return 0;
  }
  console.error("The demo did not go as it should: the watchdog was to end it, with exit code 4.");
  return exitCode === 0 ? 1 : exitCode;
}

/** A recording goes where the user is; in the repository of vdevbox among what is built, which git ignores. */
function defaultRecording(): string {
  if (process.cwd() !== packageRoot()) return "demo.rec";
  mkdirSync("build/out", { recursive: true });
  return "build/out/demo.rec";
}
