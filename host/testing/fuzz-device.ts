import { Campaign, type CampaignFinding } from "../fuzz/campaign.ts";
import { readPrograms } from "../fuzz/campaign-folder.ts";
import { Comparer } from "../fuzz/comparer.ts";
import { asking, confirm, type PlannedVm } from "../fuzz/confirm.ts";
import { fuzzVm } from "../fuzz/fuzz-vm.ts";
import { watchfulLook } from "../fuzz/look.ts";
import { parseProgram, scriptOf } from "../fuzz/program-text.ts";
import { checkModel } from "../fuzz/reference/load-model.ts";
import type { Reference } from "../fuzz/reference/reference.ts";
import { VdevReference } from "../fuzz/reference/vdev-reference.ts";
import { deviceReset, resetLook } from "../fuzz/reset-look.ts";
import type { Vm } from "../vm/vm.ts";
import type { FuzzFinding, FuzzOptions, FuzzResult, ReferenceModel, TestVmOptions } from "./api.js";
import { plainErrors, testFinding } from "./driven-vm.ts";
import { checkDevice } from "./option-names.ts";
import { withPlan } from "./plan.ts";

/** @throws UserError when the VM of other vdevs cannot be made */
function referenceOf(given: ReferenceModel | TestVmOptions, { vdevs }: Vm): Reference {
  if ("read" in given) return checkModel(given, "reference");
  const names = vdevs.map(({ name }) => name);
  return withPlan(given, ({ plan }) => new VdevReference(fuzzVm(plan, "edges"), names));
}

const EXECUTIONS = 20_000;
/** Steps after which other work of the process gets its turn. */
const STEPS_PER_TURN = 16;

/** See api.d.ts. */
export async function fuzzDevice(given: FuzzOptions | string): Promise<FuzzResult> {
  checkDevice("fuzzDevice", given);
  const options = typeof given === "string" ? { config: given } : given;
  const { executions = EXECUTIONS, seed = 1, seeds = [], reference, reset = [] } = options;
  const lines = typeof reset === "string" ? [reset] : reset;
  const notReset = (options.notReset ?? []).map(BigInt);
  const found: CampaignFinding[] = [];
  let planned: PlannedVm | undefined;
  const campaign = plainErrors(() =>
    withPlan(options, (made) => {
      planned = made;
      const { plan } = made;
      const comparer = new Comparer(plan);
      const vm = fuzzVm(plan, "edges");
      return new Campaign({
        vm,
        seed,
        constants: comparer.constants,
        compare: (program) => comparer.compare(program),
        looks: [watchfulLook(plan)],
        ownLooks: (target) => (lines.length === 0 ? [] : [resetLook(target, deviceReset(vm, { lines, notReset }))]),
        reference: reference === undefined ? undefined : referenceOf(reference, vm),
        onFound: (one) => found.push(one),
      });
    }),
  );
  const { vm } = campaign.target;
  for (const { file, text, unread } of seeds.flatMap((path) => plainErrors(() => readPrograms(path)))) {
    if (unread !== undefined) throw new Error(`${file}: ${unread}`);
    campaign.add(plainErrors(() => parseProgram(vm, text, file)));
  }
  for (let steps = 1; campaign.executions < executions; steps++) {
    campaign.step();
    if (steps % STEPS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
  const findings: FuzzFinding[] = [];
  for (const one of found) {
    const { finding, executions } = one;
    const script = scriptOf(vm, one);
    const confirmed = await confirm(asking(planned!, one.asked), script, one);
    if (confirmed === undefined && finding.rule === "limit") continue; // slow, but within the limits of a run
    findings.push({ ...testFinding(confirmed?.finding ?? finding), script, executions });
  }
  return { findings, executions: campaign.executions, edges: campaign.edges };
}
