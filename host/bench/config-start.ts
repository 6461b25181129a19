import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseConfig } from "../config/parse-config.ts";
import { builtFile } from "../paths.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { createVm } from "../vm/startup.ts";
import { type Figure, figure } from "./figure.ts";
import { alternate, timeUs } from "./rounds.ts";

const VDEVS = 1000;
const TYPES = 8;
const BASE = 0x1c000000;
const FIRST_LINE = 32;
/** What a user waits for at most. */
const MOST_MS = 2000;

/**
 * A configuration of many vdevs, from its text to a VM whose guest may run. Every round has modules nobody has loaded:
 * each is read, checked, instrumented and compiled.
 */
export async function configStart(rounds: number): Promise<Figure> {
  const bytes = readFileSync(builtFile("bench/counter.wasm"));
  const text = configText();
  let made = 0;
  const times = await alternate(rounds, {
    start: () => {
      const folder = mkdtempSync(join(tmpdir(), "vdevbox-bench-"));
      try {
        for (let type = 0; type < TYPES; type++) {
          writeFileSync(join(folder, `type${type}.wasm`), withSection(bytes, `round ${made++}`));
        }
        return timeUs(() => {
          const plan = planFromConfig(parseConfig(text, "bench.qvmconf"), { modulePath: [folder] });
          const vm = createVm(plan);
          if (vm.vdevs.length !== VDEVS) throw new Error("a vdev is missing");
        });
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  });
  const note = `${VDEVS} vdevs of ${TYPES} types, each with a location and an interrupt`;
  return figure({ value: times.median("start") / 1000, unit: "ms", rounds, note }, { of: "value", most: MOST_MS });
}

function configText(): string {
  const vdevs = Array.from({ length: VDEVS }, (_, i) => {
    const line = FIRST_LINE + (i % 900);
    return `vdev type${i % TYPES} loc ${BASE + i * 0x1000} intr gic:${line}`;
  });
  return `system bench\nram 0x80000000,1M\n${vdevs.join("\n")}\n`;
}

/** The same module with a custom section behind, so that it is another file to the cache. */
function withSection(bytes: Uint8Array, name: string): Uint8Array {
  const encoded = new TextEncoder().encode(name);
  return Buffer.concat([bytes, Uint8Array.of(0, encoded.length + 1, encoded.length), encoded]);
}
