import { formatPin } from "./line-format.ts";
import type { ScriptCommand, ScriptStep } from "./step.ts";

/** A name of the script's that is nobody's, with the sentence that tells it. */
export interface NameMistake {
  readonly step: ScriptStep;
  readonly sentence: string;
}

/** The last command's mistake, until it is known whether it was meant: `expect error` says that it was. */
export class PendingMistake {
  #mistake: NameMistake | undefined;

  set(step: ScriptStep, sentence: string): void {
    this.#mistake = { step, sentence };
  }

  /** @param next the step that follows; none at the end. @returns the mistake, when it is to be told now */
  before(next?: ScriptStep): NameMistake | undefined {
    const mistake = this.#mistake;
    if (mistake === undefined || next?.kind === "print" || next?.kind === "vcpu") return undefined;
    this.#mistake = undefined;
    // An expectation other than `error` of the same result fails by itself.
    const isChecked = next?.kind === "expect" && next.expectation.kind !== "irq" && next.expectation.kind !== "stop";
    return isChecked ? undefined : mistake;
  }
}

/** Why a command has no line to act on. @param exists whether the line is there, and a vdev's */
export function noLineSentence(
  { pic, line }: Extract<ScriptCommand, { kind: "irq" | "irqAct" | "irqCount" }>,
  exists: boolean,
): string {
  const pin = formatPin(pic, line);
  if (exists) return `${pin} is a line of a vdev, on which a guest acts by the vdev's registers`;
  return `there is no interrupt line ${pin}`;
}
