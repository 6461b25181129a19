import { EINVAL, EOK, PTHREAD_CANCELED } from "../../abi/generated/constants.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { runInside } from "../threads/run-inside.ts";
import type { Suspended } from "../threads/suspended.ts";
import { EndOfThread, type Thread } from "../threads/thread.ts";
import type { Cleanup } from "../threads/thread-states.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, violation } from "./body.ts";

/** PTHREAD_CANCEL_ENABLE and _DISABLE; _DEFERRED and _ASYNCHRONOUS. */
const CANCEL_STATES: readonly number[] = [0, 1];
const CANCEL_TYPES: readonly number[] = [0, 2];
/** Cleanup handlers one thread may have at once. */
const CLEANUP_LIMIT = 64;

/** How threads end before their function returns: pthread_exit(), cancellation, and the handlers that then run. */
export const posixEndingBodies = bodies({
  pthread_exit(vm, instance, value) {
    const thread = vm.threads?.current;
    if (thread?.instance !== undefined) return endThread(vm, thread, value!);
    const text = "a vdev may end the threads it made; the others are qvm's";
    const message = "was called on a thread the vdev did not make";
    violation(vm, instance, "thread", "pthread_exit", message, text, "Return from the callback.");
    return 0;
  },

  pthread_testcancel: (vm) => cancellationPoint(vm) ?? 0,

  pthread_setcancelstate(vm, instance, state, old) {
    if (!CANCEL_STATES.includes(state!)) return EINVAL;
    if (old !== 0) instance.setU32(old! >>> 0, vm.threadStates.current.cancelState);
    vm.threadStates.set({ cancelState: state! });
    return EOK;
  },

  pthread_setcanceltype(vm, instance, type, old) {
    if (!CANCEL_TYPES.includes(type!)) return EINVAL;
    if (old !== 0) instance.setU32(old! >>> 0, vm.threadStates.current.cancelType);
    vm.threadStates.set({ cancelType: type! });
    return EOK;
  },

  pthread_cleanup_push(vm, instance, routine, arg) {
    const { cleanups } = vm.threadStates.current;
    if (cleanups.length < CLEANUP_LIMIT) pushCleanup(vm, { instance, routine: routine!, arg: arg! });
    else unpaired(vm, instance, "pthread_cleanup_push", `was called with ${CLEANUP_LIMIT} handlers pushed already`);
    return 0;
  },

  pthread_cleanup_pop(vm, instance, execute) {
    const last = vm.threadStates.current.cleanups.at(-1);
    if (last === undefined || "undo" in last) {
      unpaired(vm, instance, "pthread_cleanup_pop", "was called with no handler pushed");
      return 0;
    }
    popCleanup(vm);
    return execute === 0 ? 0 : runInside(vm, last.instance, last.routine, SHAPE.voidI, last.arg, () => 0);
  },
});

function unpaired(vm: Vm, instance: ModuleInstance, call: string, message: string): void {
  const text = "pthread_cleanup_push() and pthread_cleanup_pop() stand in pairs, in one function";
  violation(vm, instance, "thread", call, message, text, "Pop each handler once, on every way out of the function.");
}

export function pushCleanup(vm: Vm, cleanup: Cleanup): void {
  vm.threadStates.set({ cleanups: [...vm.threadStates.current.cleanups, cleanup] });
}

export function popCleanup(vm: Vm): void {
  vm.threadStates.set({ cleanups: vm.threadStates.current.cleanups.slice(0, -1) });
}

/** Whether a thread that was cancelled ends at its next cancellation point. */
export function lendsItselfToCancelling(vm: Vm, thread: Thread): boolean {
  const { cancelState, ending } = vm.threadStates.of(thread);
  return cancelState === 0 && !ending;
}

/**
 * Ends the thread in progress when it was cancelled: its cleanup handlers run first.
 * @returns undefined when it goes on; SUSPENDED when a handler waits, to be returned to the module
 * @throws EndOfThread
 */
export function cancellationPoint(vm: Vm): Suspended | undefined {
  const thread = vm.threads?.current;
  if (thread?.cancelled !== true || !lendsItselfToCancelling(vm, thread)) return undefined;
  return endThread(vm, thread, PTHREAD_CANCELED);
}

/** Runs the cleanup handlers of the thread in progress, the last pushed first. @throws EndOfThread after the last */
function endThread(vm: Vm, thread: Thread, value: number): Suspended {
  thread.result = value;
  vm.threadStates.set({ ending: true });
  for (;;) {
    const last = vm.threadStates.current.cleanups.at(-1);
    if (last === undefined) throw new EndOfThread("the thread has ended");
    popCleanup(vm);
    if ("undo" in last) last.undo();
    else
      return runInside(vm, last.instance, last.routine, SHAPE.voidI, last.arg, () =>
        endThread(vm, thread, value),
      ) as Suspended;
  }
}
