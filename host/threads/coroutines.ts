import type { SwitchExports } from "../sandbox/asyncify.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { BLOCK_HEADER_BYTES, SWITCH } from "../sandbox/passes/switching.ts";
import type { Activation } from "../vm/activation.ts";

/** Bytes for the locals of one left activation. A module that needs more faults. */
const STACK_BYTES = 16 * 1024;
const BLOCK_BYTES = BLOCK_HEADER_BYTES + STACK_BYTES;

/** An instance's exports when its module has been asyncified. */
type AsyncExports = ModuleInstance["exports"] & SwitchExports;

/** Which activations were left at one time, and the blocks that were free. */
export interface SavedCoroutines {
  readonly left: readonly { readonly activation: Activation; readonly block: number; readonly leftScratch: number }[];
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
  readonly #left: Activation[] = [];
  /** Of modules that no compiler of ours made, and that have no scratch bytes. */
  readonly #scratch: { value: number };

  constructor(instance: ModuleInstance) {
    this.#instance = instance;
    this.#exports = instance.exports as AsyncExports;
    this.#scratch = this.#exports.__vdevbox_scratch ?? { value: 0 };
  }

  /** Makes the module return to whoever called it, without running any more of its code. */
  beginLeaving(activation: Activation): void {
    const block = this.#free.pop() ?? this.#instance.alloc(BLOCK_BYTES);
    activation.block = block;
    activation.leftScratch = this.#exports[SWITCH.leave](block, block + BLOCK_BYTES);
    this.#left.push(activation);
  }

  /** Where stack_alloc() stands; what an activation that is left used of it is not given back by itself. */
  get scratch(): number {
    return this.#scratch.value;
  }

  /** The module has returned: whether because it was made to. @param scratch as it was before the module was called */
  hasLeft(activation: Activation, scratch: number): boolean {
    if (activation.block === 0) return false;
    this.#exports[SWITCH.left](scratch);
    return true;
  }

  /** To be called before the module is called again to come back. @returns `scratch` as it was */
  beginReturning(activation: Activation): number {
    activation.rewinding = true;
    return this.#exports[SWITCH.return](activation.block, activation.leftScratch);
  }

  /** The module is in the host call it was left in. */
  hasReturned(activation: Activation): void {
    this.#exports.asyncify_stop_rewind();
    activation.rewinding = false;
    this.forget(activation);
  }

  /** Where the bytes for locals lie: start and end of each block. */
  blocks(): (readonly [start: number, end: number])[] {
    const starts = [...this.#free, ...this.#left.map(({ block }) => block)];
    return starts.map((start) => [start, start + BLOCK_BYTES]);
  }

  /** Which activations are left, for putting a VM back. The bytes themselves are in the module's memory. */
  save(): SavedCoroutines {
    const left = this.#left.map((activation) => {
      const { block, leftScratch } = activation;
      return { activation, block, leftScratch };
    });
    return { left, free: [...this.#free] };
  }

  /** Blocks that were made since are lost to the module, as its memory is put back too. */
  restore({ left, free }: SavedCoroutines): void {
    for (const activation of this.#left) activation.block = 0;
    this.#left.length = 0;
    for (const { activation, block, leftScratch } of left) {
      Object.assign(activation, { block, leftScratch });
      this.#left.push(activation);
    }
    this.#free.splice(0, this.#free.length, ...free);
  }

  /** Gives the bytes of an activation back that will not be returned to. */
  forget(activation: Activation): void {
    if (activation.block === 0) return;
    const last = this.#left.pop()!;
    if (last !== activation) this.#left[this.#left.indexOf(activation)] = last;
    this.#free.push(activation.block);
    activation.block = 0;
  }
}
