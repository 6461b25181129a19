import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Continuation } from "../threads/suspended.ts";

/** One call into a module that has not returned: a callback, a module's start, or a vdev thread's function. */
export interface Activation {
  /** From 1; never used again for another. */
  readonly id: number;
  readonly instance: ModuleInstance;
  /** Index in the VM; -1 while a module starts. */
  readonly vdev: number;
  readonly callback: number;
  readonly thread: number;
  readonly vcpu: number;
  /** How many activations of the same thread it is nested in; of one on a worker, on the host's main thread now. */
  depth: number;
  /** Address of its frame in module memory. */
  readonly frame: number;
  /** Calls the module, anew or, while Asyncify rewinds, to where it was left. */
  readonly enter: (frame: number) => number;
  /** What gives the result of the host call the module is in; set while it is left. */
  continuation: Continuation | undefined;
  /** The module is being called to come back to where it was left. */
  rewinding: boolean;
  /** Where its locals are kept while it is left, else 0; and where stack_alloc() stood then. */
  block: number;
  leftScratch: number;
}
