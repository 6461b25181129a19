/** Executions that are not the same twice. Oracle: guest memory that something outside changes, as nothing in a VM can. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { parseConfig } from "../../host/config/parse-config.ts";
import { Campaign, type CampaignFinding } from "../../host/fuzz/campaign.ts";
import { fuzzVm } from "../../host/fuzz/fuzz-vm.ts";
import { ProgramBuffer } from "../../host/fuzz/program.ts";
import { parseProgram } from "../../host/fuzz/program-text.ts";
import { FuzzTarget } from "../../host/fuzz/target.ts";
import { twiceLook } from "../../host/fuzz/twice-look.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { PLANTED_DEVICES } from "../planted/devices/expected.ts";
import { DeviceModule } from "../planted/devices/time-to-bug.ts";

/** Follows descriptors in guest memory, and has the sum of their lengths in a register. */
const NAME = "descriptor-loop";
let module: DeviceModule;
beforeAll(async () => {
  module = await DeviceModule.make(PLANTED_DEVICES.find(({ name }) => name === NAME)!, "fixed");
}, 60_000);
afterAll(() => module.end());

/** @param interposer gives what vdevs read in guest memory instead of what is there */
function queue(interposer?: (bytes: Uint8Array) => Uint8Array): Vm {
  const text = `system lab\nram 0,1M\nvdev ${NAME} loc 0xe0000000\n`;
  const vm = fuzzVm(planFromConfig(parseConfig(text, "vm.qvmconf"), { modulePath: [module.folder] }), "edges");
  vm.ram.interposer = (_, bytes) => interposer?.(bytes);
  return vm;
}

/** Other bytes at each read. */
function changing(): (bytes: Uint8Array) => Uint8Array {
  let count = 0;
  return (bytes) => bytes.map(() => count++ & 0x7f).fill(0, 12);
}

function lookAt(vm: Vm, script: string) {
  const look = twiceLook(new FuzzTarget(vm));
  const buffer = new ProgramBuffer();
  buffer.load(parseProgram(vm, script, "program"));
  look.execute(buffer);
  return look.findings();
}

const NOTIFY = "writel 0xe0000008 0x0\n";

describe("a program that is executed twice", () => {
  it("shows what a vdev read that was not the same, and in which access", () => {
    const [found, ...more] = lookAt(queue(changing()), `readl 0xe0000000\n${NOTIFY}readl 0xe0000008\n`);
    expect(more).toEqual([]);
    expect(found).toMatchObject({ rule: "nondeterminism", severity: "warning" });
    expect(found!.compared!.what).toBe(
      `a write of 4 bytes at offset 0x8 of ${NAME}, executed twice: what vdevs do meanwhile`,
    );
    expect(found!.compared!.where).toBe("operation 2, writel 0xe0000008 0x0");
    expect(found!.compared!.got).not.toBe(found!.compared!.expected);
    expect(found!.situation.callback).toBe("vwrite");
  });

  it("shows state that is not the same though nobody has seen it", () => {
    const vm = queue();
    const { digest } = vm.interrupts;
    let count = 0;
    vm.interrupts.digest = () => `${digest.call(vm.interrupts)}${count++}`;
    const [found] = lookAt(vm, "readl 0xe0000000\n");
    expect(found!.compared).toMatchObject({ what: "a program, executed twice: the state behind it", where: "the end" });
  });

  it("has nothing to show of a VM that is alone with its guest", () => {
    expect(lookAt(queue(), `${NOTIFY}readl 0xe0000008\n`)).toEqual([]);
  });

  it("is part of every campaign", () => {
    const found: CampaignFinding[] = [];
    const search = new Campaign({ vm: queue(changing()), seed: 1, onFound: (one) => found.push(one) });
    while (search.executions < 3000) search.step();
    const rules = found.map(({ finding }) => finding.rule);
    expect(rules).toContain("nondeterminism");
    const quiet: CampaignFinding[] = [];
    const other = new Campaign({ vm: queue(), seed: 1, onFound: (one) => quiet.push(one) });
    while (other.executions < 3000) other.step();
    expect(quiet).toEqual([]);
  });
});
