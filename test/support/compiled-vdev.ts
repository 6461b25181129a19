import { join } from "node:path";
import { beforeAll } from "vitest";
import { buildVdevs } from "../../build/asc/incremental.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import { packageRoot } from "../../host/paths.ts";
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

/** Where `npm run build` puts vdevs. */
const OUT = join(packageRoot(), "build/out/vdevs");

/**
 * One of the repository's vdevs, built when it is not up to date.
 * @returns what gives the VM of a configuration's text as its guest finds it. A text that was given before gives the same
 * VM, put back, with nothing said yet: a test has one lab of a text at a time
 */
export function compiledVdev(name: string): (config: string) => Lab {
  const labs = new Map<string, { lab: Lab; start: VmSnapshot }>();
  beforeAll(async () => {
    const [result] = await buildVdevs([join(packageRoot(), "vdevs", name, `${name}.ts`)], { outDir: OUT });
    if (result?.status === "failed") throw result.errors[0];
  }, COMPILE_LIMIT_MS);
  return (config) => {
    const known = labs.get(config);
    if (known !== undefined) {
      known.start.restore();
      known.lab.events.length = 0;
      return known.lab;
    }
    const lab = labOf(config);
    labs.set(config, { lab, start: new VmSnapshot(lab.vm) });
    return lab;
  };
}

function labOf(config: string): Lab {
  const events: VmEvent[] = [];
  const plan = planFromConfig(parseConfig(config, "test.qvmconf"), { modulePath: [OUT] });
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
