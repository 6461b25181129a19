import { getSystemErrorName } from "node:util";
import { UserError } from "../errors.ts";
import { replay } from "../recording/replay.ts";
import { parseRecording } from "../recording/text.ts";
import type { Command, ParsedArguments } from "./arguments.ts";
import { readUserFile } from "./session.ts";

/** `vdevbox replay`: runs a recording again and compares. */
export const replayCommand: Command = {
  name: "replay",
  usage: "FILE [--module-path DIR] [--dump]",
  summary: "run a recording again, bit for bit",
  options: [
    {
      name: "module-path",
      value: "DIR",
      multiple: true,
      help: "folder to look for modules in, before the others; repeatable",
    },
    { name: "dump", help: "write the guest dumps of the run again; without it no file is written" },
    { name: "json", help: "print the result as JSON" },
  ],
  details: "Exit codes: 0 the run was identical, 1 it was not, 2 the recording or a module cannot be used.",
  run,
};

async function run(args: ParsedArguments): Promise<number> {
  const [file] = args.positionals;
  if (file === undefined || args.positionals.length > 1)
    throw new UserError("replay takes one recording: `vdevbox replay FILE`");
  const recording = parseRecording(readUserFile(file), file);
  const onDump = (file: string, errno: number) =>
    console.error(
      errno === 0
        ? `guest dump written to ${file}`
        : `the guest dump cannot be written to ${file}: ${getSystemErrorName(-errno)}`,
    );
  const result = replay(recording, {
    modulePath: args.values("module-path"),
    ...(args.flag("dump") && { onDump }),
  });
  if (result.dumps > 0 && !args.flag("dump"))
    console.error(`guest dumps of the run: ${result.dumps}; none is written again without --dump`);
  if (args.flag("json"))
    console.log(JSON.stringify({ file, ...result, identical: result.divergence === undefined }, undefined, 2));
  else if (result.divergence === undefined && recording.end === undefined) {
    console.log(
      `${file}: identical; ${result.events} events are the same. The recording ends there, at its limit; the run went on`,
    );
  } else if (result.divergence === undefined) {
    console.log(
      `${file}: identical; ${result.events} events and the final state are the same (the run's exit code was ${recording.end?.exit})`,
    );
  } else {
    const { event, expected, got } = result.divergence;
    console.log(`${file}: differs at event ${event}\n  recorded  ${expected}\n  now       ${got}`);
  }
  return result.divergence === undefined ? 0 : 1;
}
