import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { Finding } from "../gate/finding.ts";
import { findingNames } from "./finding-folder.ts";

/** A finding that is in the folder of a campaign. */
export interface KnownFinding {
  /** Name of its folder in `findings/`. */
  readonly name: string;
  readonly cause: string;
  readonly finding: Finding;
}

/** The findings of a campaign, by name; a folder without a whole `finding.json` is left out. */
export function knownFindings(findings: string): KnownFinding[] {
  return findingNames(findings).flatMap((name) => {
    try {
      const { cause, ...finding } = JSON.parse(readFileSync(join(findings, name, "finding.json"), "utf8"));
      return typeof cause === "string" && isFinding(finding) ? [{ name, cause, finding }] : [];
    } catch {
      return [];
    }
  });
}

/** Whether a value has what a finding is read for: a file may be rubbish. */
function isFinding(value: Record<string, unknown>): value is Record<string, unknown> & Finding {
  const { severity, rule, message, stack, situation, affected, advice, also, accesses } = value;
  const isText = (one: unknown) => typeof one === "string";
  const isStack = (one: unknown) => Array.isArray(one) && one.every((frame) => isText(frame?.function));
  return (
    ["violation", "warning", "fault"].includes(severity as string) &&
    [rule, message, advice].every(isText) &&
    typeof situation === "object" &&
    situation !== null &&
    Array.isArray(affected) &&
    isStack(stack) &&
    (also === undefined || (Array.isArray(also) && also.every((one) => isStack(one?.stack) && isText(one.what)))) &&
    (accesses === undefined || (Array.isArray(accesses) && accesses.every((one) => isText(one?.thread))))
  );
}
