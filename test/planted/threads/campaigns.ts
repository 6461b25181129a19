/** Planted lessons of threads as modules that campaigns drive. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { parseConfig } from "../../../host/config/parse-config.ts";
import { CampaignFolder } from "../../../host/fuzz/campaign-folder.ts";
import { FuzzSession, type ToldFinding } from "../../../host/fuzz/session.ts";
import { packageRoot } from "../../../host/paths.ts";
import { planFromConfig } from "../../../host/vm/plan-from-config.ts";
import { PLANTED } from "./expected.ts";
import { compilePlanted, type Twin } from "./planted.ts";

/** A folder with a module for each lesson, of both twins. */
export class LessonModules {
  /** Inside the package, so that a generated test finds `vdevbox/testing`. */
  readonly path = join(packageRoot(), `build/out/lessons-${process.pid}`);
  #campaigns = 0;

  async make(): Promise<void> {
    for (const twin of ["planted", "fixed"] as const) {
      const { wasm, sourceMap } = await compilePlanted(twin);
      mkdirSync(this.folderOf(twin), { recursive: true });
      for (const { name } of PLANTED) {
        writeFileSync(join(this.folderOf(twin), `${name}.wasm`), wasm);
        writeFileSync(join(this.folderOf(twin), `${name}.wasm.map`), sourceMap);
      }
    }
  }

  folderOf(twin: Twin): string {
    return join(this.path, twin);
  }

  remove(): void {
    rmSync(this.path, { recursive: true, force: true });
  }

  /** Fuzzes a lesson, until it has told something, or something of a `rule`, or made so many executions. */
  async campaign(
    name: string,
    twin: Twin,
    executions: number,
    { settings = "", rule }: { settings?: string; rule?: string } = {},
  ): Promise<ToldFinding[]> {
    const text = `system lesson\ncpu\ncpu\nram 0,1M\n${settings}vdev ${name} loc 0x10000000\n`;
    const told: ToldFinding[] = [];
    const session = new FuzzSession({
      plan: planFromConfig(parseConfig(text, "vm.qvmconf"), { modulePath: [this.folderOf(twin)], guest: "fuzz" }),
      pieces: [{ text, file: "vm.qvmconf" }],
      folder: new CampaignFolder(join(this.path, `campaign-${this.#campaigns++}`)),
      seed: 1,
      isShared: false,
      seeds: [],
      onFinding: (finding) => told.push(finding),
      onNote: () => {},
      now: () => 0,
    });
    const isWanted = ({ finding }: ToldFinding) => rule === undefined || finding.rule === rule;
    while (!told.some(isWanted) && session.progress.executions < executions) await session.step();
    return told;
  }
}

/** Lines of a lesson that a finding names. */
export function linesIn({ finding }: ToldFinding): (number | undefined)[] {
  const frames = [finding.stack, ...(finding.also ?? []).map(({ stack }) => stack)].flat();
  return [...frames.map(({ line }) => line), ...(finding.accesses ?? []).map(({ place }) => place?.line)];
}
