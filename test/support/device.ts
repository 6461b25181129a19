import { join } from "node:path";
import { beforeAll } from "vitest";
import { buildVdevs } from "../../build/asc/incremental.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import type { AccessWidth, Space } from "../../host/guests/bus.ts";
import { packageRoot } from "../../host/paths.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, write } from "./vm.ts";

/** A VM of a configuration's text, what it says, and short words for what a driver does. */
export interface DeviceLab {
  readonly vm: Vm;
  readonly events: VmEvent[];
  /** Texts of qvm_report() since the last call. */
  status(): string[];
  /** A read that must succeed. */
  get(address: number, width?: AccessWidth): number;
  /** A write that must succeed. */
  set(address: number, value: number, width?: AccessWidth): void;
}

/** Compiling takes a second or two, and much more on a machine that is busy. */
const COMPILE_TIMEOUT_MS = 60_000;

/**
 * Builds `vdevs/NAME/NAME.ts` before the tests of a file, unless it is built already.
 * @param space where `get` and `set` go
 * @returns makes a lab of a configuration
 */
export function deviceLab(name: string, space: Space = "memory"): (config: string) => DeviceLab {
  const folder = join(packageRoot(), "build/out/vdevs");
  beforeAll(async () => {
    const [result] = await buildVdevs([join(packageRoot(), "vdevs", name, `${name}.ts`)], { outDir: folder });
    if (result?.status === "failed") throw result.errors[0];
  }, COMPILE_TIMEOUT_MS);
  return (config) => {
    const events: VmEvent[] = [];
    const plan = planFromConfig(parseConfig(config, "test.qvmconf"), { modulePath: [folder] });
    const vm = createVm(plan, { listener: (event) => events.push(event) });
    return {
      vm,
      events,
      status: () => {
        const from = events.length;
        vm.control("status");
        return events.slice(from).flatMap((event) => (event.kind === "report" ? [event.text] : []));
      },
      get: (address, width = space === "io" ? 1 : 4) => {
        const [status, value] = read(vm, BigInt(address), width, space);
        if (status !== 0) throw new Error(`reading 0x${address.toString(16)} gave status ${status}`);
        return Number(value);
      },
      set: (address, value, width = space === "io" ? 1 : 4) => {
        const status = write(vm, BigInt(address), BigInt(value >>> 0), width, space);
        if (status !== 0) throw new Error(`writing 0x${address.toString(16)} gave status ${status}`);
      },
    };
  };
}

/**
 * The same lab each time, put back to its start and with nothing said yet, which is much quicker than a new one. A test
 * has one lab at a time.
 */
export function putBack(make: () => DeviceLab): () => DeviceLab {
  let known: { lab: DeviceLab; start: VmSnapshot } | undefined;
  return () => {
    if (known === undefined) {
      const lab = make();
      known = { lab, start: new VmSnapshot(lab.vm) };
    } else {
      known.start.restore();
      known.lab.events.length = 0;
    }
    return known.lab;
  };
}
