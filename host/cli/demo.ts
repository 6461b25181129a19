import { mkdirSync } from "node:fs";
import { join, relative } from "node:path";
import { packageRoot } from "../paths.ts";
import { type Command, parseArguments } from "./arguments.ts";
import { runCommand } from "./run.ts";

/** `vdevbox demo`, which `npm start` runs: the trace vdev driven by x86 code, explained and recorded. */
export const demoCommand: Command = {
  name: "demo",
  usage: "[--record FILE]",
  summary: "run the example: x86 code in v86 drives the trace vdev, explained in plain words",
  options: [{ name: "record", value: "FILE", help: "where the recording goes (default: demo.rec here)" }],
  words: 0,
  run: (args) => {
    const here = (name: string) => relative(process.cwd(), join(packageRoot(), name)) || name;
    const record = args.value("record") ?? defaultRecording();
    const words = [
      here("examples/trace/trace.qvmconf"),
      "--guest",
      `rom:${here("examples/trace/guest.s")}`,
      "--explain",
      "--record",
      record,
    ];
    return runCommand.run(parseArguments(runCommand, words));
  },
};

/** A recording goes where the user is; in the repository of vdevbox among what is built, which git ignores. */
function defaultRecording(): string {
  if (process.cwd() !== packageRoot()) return "demo.rec";
  mkdirSync("build/out", { recursive: true });
  return "build/out/demo.rec";
}
