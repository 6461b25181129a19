/** Campaigns for tests of what is told of them: run in this process, in folders of their own. */
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { compileVdev } from "../../build/asc/compile.ts";
import { FuzzFiles } from "../../host/cli/fuzz-files.ts";
import { parseConfigPieces } from "../../host/config/parse-config.ts";
import { CampaignFolder } from "../../host/fuzz/campaign-folder.ts";
import { writeRecord } from "../../host/fuzz/campaign-record.ts";
import { FuzzSession } from "../../host/fuzz/session.ts";
import { packageRoot } from "../../host/paths.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";

/** Compiles a source of a project of its own, so that it is named as an author's is. @returns the module's file */
export async function buildModule(project: string, source: string, text: string): Promise<string> {
  const file = join(project, source);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(join(project, "package.json"), "{}");
  writeFileSync(file, text);
  const { wasm, sourceMap } = await compileVdev({ file, projectDir: project });
  const module = join(project, "out", `${source.replace(/^.*\/|\.ts$/g, "")}.wasm`);
  mkdirSync(dirname(module), { recursive: true });
  writeFileSync(module, wasm);
  writeFileSync(`${module}.map`, sourceMap);
  return module;
}

export interface CampaignTask {
  readonly path: string;
  readonly what: string;
  readonly config: string;
  readonly modulePath: readonly string[];
  readonly executions: number;
  readonly seed?: number;
}

/** Runs a campaign as `vdevbox fuzz` does. */
export async function runCampaign({ path, what, config, modulePath, executions, seed = 1 }: CampaignTask) {
  const pieces = [{ file: "vm.qvmconf", text: config }];
  const plan = planFromConfig(parseConfigPieces(pieces), { modulePath, guest: "fuzz" });
  const folder = new CampaignFolder(path);
  const files = new FuzzFiles(folder, what, (text) => {
    throw new Error(text);
  });
  const session = new FuzzSession({
    ...{ plan, pieces, folder, seed, seeds: [], isShared: false, now: () => 0 },
    onFinding: () => files.found(),
    onNote: (text) => {
      throw new Error(text);
    },
  });
  writeRecord(folder, what, plan, pieces);
  files.begin(0);
  while (session.campaign.executions < executions) {
    await session.step();
    files.progress(session.progress);
  }
  files.end(session.progress, session.campaign.sources);
  const coverage = session.writeCoverage();
  return { session, coverage };
}

/** The device with known mistakes, whose text and messages would like to be more than text. */
export const HOSTILE = `</td></pre><script>alert("vdev")</script><img src=x onerror=alert(1)>&amp;`;
export async function hostileVault(project: string): Promise<string> {
  const text = readFileSync(join(packageRoot(), "test/fuzz/assembly/vault.ts"), "utf8");
  const said = JSON.stringify(HOSTILE);
  return buildModule(project, "vdevs/vault.ts", text.replace('"the FIFO is full"', said));
}
