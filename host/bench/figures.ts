import { configStart } from "./config-start.ts";
import * as dispatch from "./dispatch.ts";
import * as explore from "./explore.ts";
import { access } from "./explore-access.ts";
import type { Figure } from "./figure.ts";
import * as fuzz from "./fuzz.ts";
import { mmio } from "./guest.ts";
import * as load from "./load.ts";
import { memory } from "./memory.ts";
import { reset } from "./reset.ts";

/** One figure: what it is in a line, and how it is measured. */
export interface Benchmark {
  readonly summary: string;
  measure(rounds: number): Promise<Figure>;
}

/** All figures by key, in the order of docs/benchmarks.md. */
export const BENCHMARKS: Readonly<Record<string, Benchmark>> = {
  "dispatch.single": {
    summary: "one register read handed over by JavaScript, beside a native bus",
    measure: dispatch.single,
  },
  "dispatch.busy": { summary: "the same while timers fire and interrupt lines move", measure: dispatch.busy },
  "dispatch.batch": { summary: "the same, 65,536 reads handed over at once", measure: dispatch.batch },
  "dispatch.regions": { summary: "1,000 regions over 1 region", measure: dispatch.regions },
  "dispatch.gate": { summary: "gate on over gate compiled out", measure: dispatch.gate },
  "guest.mmio": { summary: "one trapped read of x86 code, over an empty handler", measure: mmio },
  "load.instance": { summary: "cached module to its first callback", measure: load.instance },
  "load.vdev": { summary: "one more vdev of a loaded type", measure: load.vdev },
  "load.config": { summary: "1,000 vdevs of 8 types, from the text to a running VM", measure: configStart },
  "load.memory": { summary: "resident memory of an idle vdev", measure: memory },
  "explore.access": { summary: "one memory access watched for data races, over one that is not", measure: access },
  "explore.rate": { summary: "switches between threads a second, at every call to the host", measure: explore.rate },
  "fuzz.exec": { summary: "programs of 16 accesses that a fuzzer executes a second", measure: fuzz.exec },
  reset: { summary: "a module instance of 64 KiB put back", measure: reset },
};
