import type { ConfigPiece } from "../config/parse-config.ts";
import { readWords } from "../config/words.ts";
import type { Finding } from "../gate/finding.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { runScript } from "../guests/script/run-script.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { Narrator } from "../narration/narrator.ts";
import { Recorder } from "../recording/recorder.ts";
import type { VmEvent } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { createVm } from "../vm/startup.ts";
import type { CampaignFinding } from "./campaign.ts";
import { causeOf } from "./found.ts";

/** A plan, and the text it is from. */
export interface PlannedVm {
  readonly plan: VmPlan;
  readonly pieces: readonly ConfigPiece[];
}

/** What a run must be asked for to see what a fuzzer sees. */
export type Asked = Pick<VmPlan, "restless" | "growth" | "invariants">;

/** The same, asked for more, if it is not yet. */
export function asking({ plan, pieces }: PlannedVm, asked: Asked): PlannedVm {
  const lines = [
    ...(asked.invariants && plan.invariants !== true ? ["set vdevbox-invariants on\n"] : []),
    ...(asked.restless === undefined || plan.restless !== undefined
      ? []
      : [`set vdevbox-restless ${asked.restless}\n`]),
    ...(asked.growth === undefined || plan.growth !== undefined ? [] : [`set vdevbox-growth ${asked.growth}\n`]),
  ];
  if (lines.length === 0) return { plan, pieces };
  return {
    plan: { ...asked, ...plan, ...(asked.invariants && { invariants: true }) },
    pieces: before(pieces, lines.join("")),
  };
}

/** Texts with an option before any context opens, and behind `system`, which must be the first one. */
function before([first, ...others]: readonly ConfigPiece[], option: string): ConfigPiece[] {
  if (first === undefined) return [{ file: "<fuzz>", text: option }];
  const [system, , behind] = readWords(first.text, first.file);
  if (system?.text !== "system") return [{ file: "<fuzz>", text: option }, first, ...others];
  if (behind === undefined) return [first, { file: "<fuzz>", text: option }, ...others];
  const { line = 1, column = 1 } = behind.place;
  const lines = first.text.split("\n");
  const above = lines.slice(0, line - 1).map((text) => `${text}\n`);
  const [head, tail] = [lines[line - 1]!.slice(0, column - 1), lines[line - 1]!.slice(column - 1)];
  const text = [...above, head, option, [tail, ...lines.slice(line)].join("\n")].join("");
  return [{ file: first.file, text }, ...others];
}

/** A finding made again in a VM as `vdevbox run` makes it. */
export interface Confirmed {
  readonly finding: Finding;
  /** What `vdevbox replay` runs. */
  readonly recording: string;
  /** What happens, line by line, in words. */
  readonly words: readonly string[];
}

/**
 * Runs a script in a VM of its own, whose modules are as they are without a fuzzer.
 * @returns undefined when the finding does not come of it
 */
export async function confirm(
  { plan, pieces }: PlannedVm,
  script: string,
  { cause, finding: given, shown }: Pick<CampaignFinding, "cause" | "finding" | "shown">,
): Promise<Confirmed | undefined> {
  const isLimit = given.rule === "limit";
  const early: VmEvent[] = [];
  const words: string[] = [];
  const narrator = narratorOf(words);
  let recorder: Recorder | undefined;
  const vm = createVm(plan, {
    listener: (event) => {
      if (recorder === undefined) early.push(event);
      else {
        recorder.event(event);
        narrator.event(event);
      }
    },
  });
  narrator.start(vm);
  const parts: string[] = [];
  recorder = new Recorder(vm, { guest: "script", pieces }, (text) => parts.push(text));
  for (const event of early) recorder.event(event);
  const { failed } = await runScript(parseScript(script, "<program>"), new VmScriptMachine(vm), { print: () => {} });
  narrator.end();
  recorder.end(vm.terminate());
  const made = (finding: Finding) => ({ finding, recording: parts.join(""), words });
  if (shown !== undefined) return failed === 0 ? undefined : made(given);
  const { all } = vm.findings;
  // A loop without end runs into one limit or another, here or there.
  const finding =
    all.find((one) => causeOf(one) === cause) ?? (isLimit ? all.find(({ rule }) => rule === "limit") : undefined);
  return finding === undefined ? undefined : made(finding);
}

/** What happens to vdevs, with the moment of each finding and what vdevs say. */
function narratorOf(words: string[]): Narrator {
  return new Narrator({
    ofVdevs: true,
    say: (line) => words.push(line),
    show: (event) => {
      if (event.kind === "finding") words.push(`${event.finding.severity.padEnd(13)}${event.finding.message}`);
      else if (event.kind === "log") words.push(`message      ${event.source}: ${event.text.trimEnd()}`);
    },
  });
}
