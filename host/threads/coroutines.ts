import { ASYNCIFY, type AsyncifyExports } from "../sandbox/asyncify.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Activation } from "../vm/activation.ts";

/** Bytes for the locals of one left activation. A module that needs more faults. */
const STACK_BYTES = 16 * 1024;
/** The block Asyncify is given: where the next byte goes, and where its bytes end. */
const HEADER_BYTES = 8;

/** An instance's exports when its module has been asyncified. */
type AsyncExports = ModuleInstance["exports"] & AsyncifyExports & { readonly __vdevbox_scratch?: WebAssembly.Global };

/** What was saved of an activation that was left. */
interface Left {
  readonly block: number;
  readonly scratch: number;
}

/** Which activations were left at one time, and the blocks that were free. */
export interface SavedCoroutines {
  readonly left: ReadonlyMap<Activation, Left>;
  readonly free: readonly number[];
}

/**
 * Leaves activations of one module instance in the middle and comes back to them. The bytes for their locals lie in the
 * module's own memory: a module that overwrites them harms only itself.
 */
export class Coroutines {
  readonly #instance: ModuleInstance;
  readonly #exports: AsyncExports;
  readonly #free: number[] = [];
  readonly #left = new Map<Activation, Left>();
  /** Of modules that no compiler of ours made, and that have no scratch bytes. */
  readonly #scratch: { value: number };

  constructor(instance: ModuleInstance) {
    this.#instance = instance;
    this.#exports = instance.exports as AsyncExports;
    this.#scratch = this.#exports.__vdevbox_scratch ?? { value: 0 };
  }

  /** Makes the module return to whoever called it, without running any more of its code. */
  beginLeaving(activation: Activation): void {
    const block = this.#free.pop() ?? this.#instance.alloc(HEADER_BYTES + STACK_BYTES);
    this.#instance.setU32(block, block + HEADER_BYTES);
    this.#instance.setU32(block + 4, block + HEADER_BYTES + STACK_BYTES);
    this.#left.set(activation, { block, scratch: this.#scratch.value });
    this.#exports.asyncify_start_unwind(block);
  }

  /** Where stack_alloc() stands; what an activation that is left used of it is not given back by itself. */
  get scratch(): number {
    return this.#scratch.value;
  }

  /** The module has returned: whether because it was made to. @param scratch as it was before the module was called */
  hasLeft(activation: Activation, scratch: number): boolean {
    if (!this.#left.has(activation)) return false;
    if (this.#exports.asyncify_get_state() === ASYNCIFY.unwinding) this.#exports.asyncify_stop_unwind();
    this.#scratch.value = scratch;
    return true;
  }

  /** To be called before the module is called again to come back. */
  beginReturning(activation: Activation): void {
    const { block, scratch } = this.#left.get(activation)!;
    this.#scratch.value = scratch;
    activation.rewinding = true;
    this.#exports.asyncify_start_rewind(block);
  }

  /** The module is in the host call it was left in. */
  hasReturned(activation: Activation): void {
    this.#exports.asyncify_stop_rewind();
    activation.rewinding = false;
    this.forget(activation);
  }

  /** Where the bytes for locals lie: start and end of each block. */
  blocks(): (readonly [start: number, end: number])[] {
    const starts = [...this.#free, ...[...this.#left.values()].map(({ block }) => block)];
    return starts.map((start) => [start, start + HEADER_BYTES + STACK_BYTES]);
  }

  /** Which activations are left, for putting a VM back. The bytes themselves are in the module's memory. */
  save(): SavedCoroutines {
    return { left: new Map(this.#left), free: [...this.#free] };
  }

  /** Blocks that were made since are lost to the module, as its memory is put back too. */
  restore({ left, free }: SavedCoroutines): void {
    this.#left.clear();
    for (const [activation, where] of left) this.#left.set(activation, where);
    this.#free.splice(0, this.#free.length, ...free);
  }

  /** Gives the bytes of an activation back that will not be returned to. */
  forget(activation: Activation): void {
    const left = this.#left.get(activation);
    if (left === undefined) return;
    this.#left.delete(activation);
    this.#free.push(left.block);
  }
}
