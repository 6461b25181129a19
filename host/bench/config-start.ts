import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { builtFile } from "../paths.ts";
import { createVm } from "../vm/startup.ts";
import { type Figure, figure } from "./figure.ts";
import { checkLargeVm, LARGE_VM, LARGE_VM_MODULES, largeVmPlan } from "./large-vm.ts";
import { alternate, timeUs } from "./rounds.ts";

/** What a user waits for at most. */
const MOST_MS = 2000;

/**
 * The configuration of the large VM, from its text to a VM whose guest may run. Every round has modules nobody has
 * loaded: each is read, checked, instrumented and compiled.
 */
export async function configStart(rounds: number): Promise<Figure> {
  const modules = LARGE_VM_MODULES.map((file) => ({ name: basename(file), bytes: readFileSync(builtFile(file)) }));
  let made = 0;
  const times = await alternate(rounds, {
    start: () => {
      const folder = mkdtempSync(join(tmpdir(), "vdevbox-bench-"));
      try {
        const mark = `round ${made++}`;
        for (const { name, bytes } of modules) writeFileSync(join(folder, name), withSection(bytes, mark));
        let vm: ReturnType<typeof createVm> | undefined;
        const time = timeUs(() => {
          vm = createVm(largeVmPlan("shared", folder));
        });
        checkLargeVm(vm!);
        return time;
      } finally {
        rmSync(folder, { recursive: true });
      }
    },
  });
  const note = `${LARGE_VM.vdevs} vdevs of ${modules.length} types with ${LARGE_VM.timers} timers armed, each vdev with a location`;
  return figure({ value: times.median("start") / 1000, unit: "ms", rounds, note }, { of: "value", most: MOST_MS });
}

/** The same module with a custom section behind, so that it is another file to the cache. */
function withSection(bytes: Uint8Array, name: string): Uint8Array {
  const encoded = new TextEncoder().encode(name);
  return Buffer.concat([bytes, Uint8Array.of(0, encoded.length + 1, encoded.length), encoded]);
}
