import type { ConfigPiece } from "../config/parse-config.ts";
import { readWords } from "../config/words.ts";
import type { Finding } from "../gate/finding.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { runScript } from "../guests/script/run-script.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { Recorder } from "../recording/recorder.ts";
import type { VmEvent } from "../vm/events.ts";
import { hasInvariants } from "../vm/invariants.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { causeOf } from "./found.ts";

/** A plan, and the text it is from. */
export interface PlannedVm {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
}

/** The same with invariants asked for, where a VM of the plan has some. */
export function withInvariants({ plan, pieces }: PlannedVm, vm: Vm): PlannedVm {
  if (!hasInvariants(vm)) return { plan, pieces };
  return { plan: { ...plan, invariants: true }, pieces: askingForInvariants(pieces) };
}

/** Texts that ask for invariants before any context opens, and behind `system`, which must be the first option. */
function askingForInvariants([first, ...others]: readonly ConfigPiece[]): ConfigPiece[] {
  const option = "set vdevbox-invariants on\n";
  if (first === undefined) return [{ file: "<fuzz>", text: option }];
  const [system, , behind] = readWords(first.text, first.file);
  if (system?.text !== "system") return [{ file: "<fuzz>", text: option }, first, ...others];
  if (behind === undefined) return [first, { file: "<fuzz>", text: option }, ...others];
  const { line = 1, column = 1 } = behind.place;
  const lines = first.text.split("\n");
  const above = lines.slice(0, line - 1).map((text) => `${text}\n`);
  const [before, after] = [lines[line - 1]!.slice(0, column - 1), lines[line - 1]!.slice(column - 1)];
  const text = [...above, before, option, [after, ...lines.slice(line)].join("\n")].join("");
  return [{ file: first.file, text }, ...others];
}

/** A finding made again in a VM as `vdevbox run` makes it. */
export interface Confirmed {
  readonly finding: Finding;
  /** What `vdevbox replay` runs. */
  readonly recording: string;
}

/**
 * Runs a script in a VM of its own, whose modules are as they are without a fuzzer.
 * @returns undefined when the finding does not come of it
 */
export async function confirm(
  { plan, pieces }: PlannedVm,
  script: string,
  cause: string,
): Promise<Confirmed | undefined> {
  const early: VmEvent[] = [];
  let recorder: Recorder | undefined;
  const vm = createVm(plan, {
    listener: (event) => {
      if (recorder === undefined) early.push(event);
      else recorder.event(event);
    },
  });
  const parts: string[] = [];
  recorder = new Recorder(vm, { guest: "script", pieces }, (text) => parts.push(text));
  for (const event of early) recorder.event(event);
  await runScript(parseScript(script, "<program>"), new VmScriptMachine(vm), { print: () => {} });
  recorder.end(vm.terminate());
  const finding = vm.findings.all.find((one) => causeOf(one) === cause);
  return finding === undefined ? undefined : { finding, recording: parts.join("") };
}
