import type { ConfigPiece } from "../config/parse-config.ts";
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
  const asked = { file: "<fuzz>", text: "set vdevbox-invariants on\n" };
  return { plan: { ...plan, invariants: true }, pieces: [asked, ...pieces] };
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
