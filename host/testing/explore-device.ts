import { readFileSync } from "node:fs";
import { UserError } from "../errors.ts";
import { Search } from "../explore/search.ts";
import { parseWorkload } from "../explore/workload.ts";
import { counts } from "../fuzz/found.ts";
import type { ExploreFinding, ExploreOptions, ExploreResult } from "./api.js";
import { plainErrors, testFinding } from "./driven-vm.ts";
import { checkDevice } from "./option-names.ts";
import { withPlan } from "./plan.ts";

const SCHEDULES = 2000;
/** Of a VM that is made for a module: races take two. */
const VCPUS = 2;

/** See api.d.ts. */
export async function exploreDevice(given: ExploreOptions | string): Promise<ExploreResult> {
  checkDevice("exploreDevice", given);
  const options = typeof given === "string" ? { config: given } : given;
  const { guest, schedules = SCHEDULES, seed = 1, preempt = "calls" } = options;
  const search = plainErrors(() =>
    withPlan(
      options,
      ({ plan, pieces }) => {
        const workload = guest === undefined ? undefined : parseWorkload(textOf(guest), guest, plan.cpus);
        return new Search({
          ...{ plan, pieces, seed, schedules },
          ...(workload !== undefined && { workload }),
          create: preempt === "memory" ? { preemptsAtMemory: true } : {},
          now: () => performance.now(),
        });
      },
      VCPUS,
    ),
  );
  const result = await search.run();
  const findings = result.found.flatMap(({ what, text, recording }): ExploreFinding[] => {
    if (what.kind === "finding")
      return counts(what.finding) ? [{ ...testFinding(what.finding), schedule: text, recording }] : [];
    if (what.kind === "order") return [];
    const { place } = what.failed.step.expectation!;
    const message = `${place.file}:${place.line}: the expectation does not hold in every order: got ${what.failed.got}`;
    const where = `${place.file}:${place.line}`;
    return [
      {
        severity: "warning",
        rule: "expectation",
        message,
        vdev: undefined,
        where,
        text: message,
        schedule: text,
        recording,
      },
    ];
  });
  return { findings, schedules: result.schedules };
}

function textOf(file: string): string {
  try {
    return readFileSync(file, "utf8");
  } catch {
    throw new UserError("there is no such file", { file });
  }
}
