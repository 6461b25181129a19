import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";

/** A VM and what it has said. */
export interface Lab {
  readonly vm: Vm;
  readonly events: VmEvent[];
  /** What vdevs report at STATUS, line by line. */
  status(): string[];
  /** Levels an interrupt line has taken, one for each change. */
  edges(pic: string, line: number): boolean[];
  /** Messages of the vdevs. */
  logs(): string[];
}

/** A second as a rule; a machine with other work takes longer. */
const COMPILE_LIMIT_MS = 60_000;

/**
 * Compiles a vdev once for a test file.
 * @param source its module, relative to `from`, the test file's import.meta.url
 * @returns what gives the VM of a configuration's text as its guest finds it. A text that was given before gives the same
 * VM, put back, with nothing said yet: a test has one lab of a text at a time
 */
export function compiledVdev(source: string, from: string): (config: string) => Lab {
  const labs = new Map<string, { lab: Lab; start: VmSnapshot }>();
  let folder = "";
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), "vdevbox-vdev-"));
    const file = fileURLToPath(new URL(source, from));
    const name = source.replace(/^.*\//, "").replace(/\.ts$/, ".wasm");
    await compileVdev({ file, outFile: join(folder, name) });
  }, COMPILE_LIMIT_MS);
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
  return (config) => {
    const known = labs.get(config);
    if (known !== undefined) {
      known.start.restore();
      known.lab.events.length = 0;
      return known.lab;
    }
    const lab = labOf(config, folder);
    labs.set(config, { lab, start: new VmSnapshot(lab.vm) });
    return lab;
  };
}

function labOf(config: string, folder: string): Lab {
  const events: VmEvent[] = [];
  const plan = planFromConfig(parseConfig(config, "test.qvmconf"), { modulePath: [folder] });
  const vm = createVm(plan, { listener: (event) => events.push(event) });
  return {
    vm,
    events,
    status() {
      const before = events.length;
      vm.control("status");
      return events.slice(before).flatMap((event) => (event.kind === "report" ? [event.text] : []));
    },
    edges: (pic, line) =>
      events.flatMap((event) =>
        event.kind === "line" && event.pic === pic && event.line === line ? [event.level] : [],
      ),
    logs: () => events.flatMap((event) => (event.kind === "log" ? [event.text] : [])),
  };
}
