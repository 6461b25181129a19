import { dirname } from "node:path";
import { UserError } from "../errors.ts";
import type { Finding } from "../gate/finding.ts";
import type { VmEvent } from "../vm/events.ts";
import { createVm } from "../vm/startup.ts";
import type { CampaignFolder } from "./campaign-folder.ts";
import type { StartFinding } from "./configurations.ts";
import type { PlannedVm } from "./confirm.ts";
import { writeFinding } from "./finding-folder.ts";
import { causeOf } from "./found.ts";
import type { ToldFinding } from "./session.ts";

/**
 * Looks in a VM without a fuzzer for what a vdev did wrong when it was configured, and writes its folder.
 * @returns undefined when nothing goes wrong there
 */
export function writeStartFinding(folder: CampaignFolder, { planned, finding }: StartFinding): ToldFinding | undefined {
  const cause = causeOf(finding);
  const again = findingsAtStart(planned).find((one) => causeOf(one) === cause);
  if (again === undefined) return undefined;
  const { plan, pieces } = planned;
  const common = { script: "", operations: 0, executions: 0 };
  const modulePath = [...new Set(plan.vdevs.map(({ file }) => dirname(file)))];
  let written: string | undefined;
  let unwritten: string | undefined;
  try {
    const record = { cause, finding: again, ...common, recording: undefined, pieces, modulePath, atStart: true };
    written = writeFinding(folder.findings, record);
    if (written === undefined) return undefined; // another process told it a moment ago
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    unwritten = error.toString();
  }
  return { finding: again, ...common, folder: written, unwritten, isConfirmed: true };
}

function findingsAtStart({ plan }: PlannedVm): Finding[] {
  const findings: Finding[] = [];
  const listener = (event: VmEvent) => {
    if (event.kind === "finding") findings.push(event.finding);
  };
  try {
    createVm(plan, { listener });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
  }
  return findings;
}
