import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Thread } from "../threads/thread.ts";
import type { Vm } from "../vm/vm.ts";

/** What a thread did that was woken for nothing. `unclear`: it could not go on, as somebody has its mutex. */
export type WakeTest = "waits-again" | "acted" | "unclear";

/**
 * Ends a thread's wait for a condition variable though nobody signalled, and lets it run alone. POSIX allows that at any
 * time; one that looks at its predicate again changes nothing and waits again.
 * @param turn gives the thread one turn
 */
export function wakeAlone(vm: Vm, thread: Thread, turn: () => void): WakeTest {
  const { wait } = thread;
  const instance = thread.instance ?? thread.left[0]?.instance;
  if (wait?.for !== "cond" || instance === undefined) return "unclear";
  const before = instance.bytes.slice();
  vm.threads!.wake(thread);
  turn();
  if (thread.wait?.for === "mutex") return "unclear";
  const again = thread.wait?.for === "cond" && thread.wait.of === wait.of;
  return again && isUnchanged(instance, before) ? "waits-again" : "acted";
}

/** Whether a module's memory is as it was, but for what belongs to threads alone: locals and frames. */
function isUnchanged(instance: ModuleInstance, before: Uint8Array): boolean {
  const { bytes } = instance;
  if (bytes.length !== before.length) return false;
  for (const [start, end] of [...instance.frameRanges(), ...instance.coroutines!.blocks()]) {
    before.set(bytes.subarray(start, end), start);
  }
  return Buffer.compare(bytes, before) === 0;
}
