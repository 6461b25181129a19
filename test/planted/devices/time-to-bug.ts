/** How long a campaign takes to find a planted mistake of a device, as `vdevbox fuzz` makes it. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../../../host/config/parse-config.ts";
import { CampaignFolder } from "../../../host/fuzz/campaign-folder.ts";
import { loadModel } from "../../../host/fuzz/reference/load-model.ts";
import { FuzzSession, type ToldFinding } from "../../../host/fuzz/session.ts";
import type { Finding } from "../../../host/gate/finding.ts";
import { planFromConfig } from "../../../host/vm/plan-from-config.ts";
import { compileDevice, configurationOf, type Twin } from "./devices.ts";
import type { PlantedDevice } from "./expected.ts";

/** A campaign's way to a planted mistake. */
export interface TimeToBug {
  /** Absent when the campaign ended before it was found. */
  readonly found: ToldFinding | undefined;
  /** Findings that are not the planted one. */
  readonly others: readonly Finding[];
  readonly executions: number;
  /** Seconds of processor time, the start of the VM and the confirmation of what was found included. */
  readonly seconds: number;
}

/** When a campaign ends that finds nothing. */
export interface CampaignEnd {
  readonly seconds?: number;
  readonly executions?: number;
}

/** A device as a module in a folder of its own, which `end` removes. */
export class DeviceModule {
  readonly folder = mkdtempSync(join(tmpdir(), "vdevbox-ttb-"));
  readonly #planted: PlantedDevice;
  #campaigns = 0;

  private constructor(planted: PlantedDevice) {
    this.#planted = planted;
  }

  static async make(planted: PlantedDevice, twin: Twin): Promise<DeviceModule> {
    const made = new DeviceModule(planted);
    const { wasm, sourceMap } = await compileDevice(planted.name, twin);
    writeFileSync(join(made.folder, `${planted.name}.wasm`), wasm);
    writeFileSync(join(made.folder, `${planted.name}.wasm.map`), sourceMap);
    return made;
  }

  /** Fuzzes it with nothing to begin with, until the planted mistake is found or `end` comes. */
  async campaign(seed: number, end: CampaignEnd): Promise<TimeToBug> {
    const folder = join(this.folder, String(this.#campaigns++));
    mkdirSync(folder);
    const text = configurationOf(this.#planted.name, this.#planted.settings);
    const told: ToldFinding[] = [];
    const { model, reset } = this.#planted;
    const reference = model === undefined ? undefined : await loadModel(model);
    const start = process.cpuUsage();
    const seconds = () => {
      const { user, system } = process.cpuUsage(start);
      return (user + system) / 1e6;
    };
    const session = new FuzzSession({
      plan: planFromConfig(parseConfig(text, "vm.qvmconf"), { modulePath: [this.folder], guest: "fuzz" }),
      pieces: [{ text, file: "vm.qvmconf" }],
      folder: new CampaignFolder(folder),
      seed,
      isShared: false,
      seeds: [],
      reference: reference && (() => reference),
      reset: reset === undefined ? undefined : { lines: [reset], notReset: [] },
      onFinding: (finding) => told.push(finding),
      onNote: () => {},
      now: () => 0,
    });
    const { seconds: most = Infinity, executions = Infinity } = end;
    const found = () => told.find(({ finding }) => isPlanted(finding, this.#planted));
    while (found() === undefined && seconds() < most && session.campaign.executions < executions) await session.step();
    return {
      found: found(),
      others: told.flatMap(({ finding }) => (isPlanted(finding, this.#planted) ? [] : [finding])),
      executions: found()?.executions ?? session.campaign.executions,
      seconds: seconds(),
    };
  }

  end(): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

/** Whether a finding is what is marked in the source: its rule, and the marked line as the innermost of the file's own; or what was compared. */
export function isPlanted(finding: Finding, planted: PlantedDevice): boolean {
  if (finding.rule !== planted.class) return false;
  if (planted.compared !== undefined) return finding.compared?.what.endsWith(planted.compared) === true;
  const places = [...finding.stack, ...(finding.accesses ?? []).map(({ place }) => place)];
  const lines = places.flatMap((place) => (place?.file === planted.file ? [place.line] : []));
  const expected = planted.toldAt.length > 0 ? planted.toldAt : planted.bug;
  return lines[0] !== undefined && expected.includes(lines[0]);
}
