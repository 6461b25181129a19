import { allocatorLockPass } from "./allocator-lock.ts";
import type { Pass } from "./pass.ts";
import { sharedGlobalsPass } from "./shared-globals.ts";

/** `passes` with those that let several threads run a module at once: behind all but the one that saves globals. */
export function withShared(passes: readonly Pass[]): readonly Pass[] {
  const saving = passes.findIndex(({ name }) => name === "snapshot");
  const at = saving < 0 ? passes.length : saving;
  return passes.toSpliced(at, 0, sharedGlobalsPass(), allocatorLockPass());
}
