import { NOWHERE } from "../sandbox/stack.ts";
import type { Thread } from "../threads/thread.ts";
import type { Remark } from "../vm/findings.ts";
import type { Vm } from "../vm/vm.ts";

/**
 * Where threads are: the last call of each to the host. Taking down a place costs more than the rest of a turn, so it
 * is done only in the run that explains a finding; the search itself has no places.
 */
export class Places {
  #isOn = false;
  readonly #calls = new Map<number, Error>();

  begin(isOn: boolean): void {
    this.#isOn = isOn;
    if (this.#calls.size > 0) this.#calls.clear();
  }

  /** The thread in progress makes a call. */
  called(thread: Thread): void {
    if (this.#isOn) this.#calls.set(thread.id, new Error("here"));
  }

  /** An error made at the thread's last call; undefined without. */
  of(thread: Thread | undefined): Error | undefined {
    return thread === undefined ? undefined : this.#calls.get(thread.id);
  }
}

/** Records what a thread that was left in a call to the host did wrong, or what is wrong with its wait. */
export function recordAt(vm: Vm, thread: Thread, place: Error | undefined, remark: Remark): void {
  const innermost = thread.left[0];
  const instance = innermost?.instance ?? thread.instance;
  if (instance === undefined || instance.stopped !== undefined) return;
  const { context, findings } = vm;
  const { callback, thread: kind, vdev, vcpu } = context;
  if (innermost !== undefined) context.enter(innermost.callback, innermost.thread, innermost.vdev, innermost.vcpu);
  findings.record(instance, { ...remark, stackOf: place ?? NOWHERE });
  context.enter(callback, kind, vdev, vcpu);
}
