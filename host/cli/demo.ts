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
  options: [{ name: "record", value: "FILE", help: "where the recording goes (default: build/out/demo.rec)" }],
  run: (args) => {
    const here = (name: string) => relative(process.cwd(), join(packageRoot(), name)) || name;
    mkdirSync(join(packageRoot(), "build/out"), { recursive: true });
    const record = args.value("record") ?? here("build/out/demo.rec");
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
