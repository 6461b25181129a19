/** `import { guestScripts } from "vdevbox/testing/fast-check"`: guests for properties of fast-check. See docs/testing.md. */

import type { Arbitrary } from "fast-check";
import type { TestVmOptions } from "./api.js";

export interface ScriptOptions {
  /** Accesses and other acts of a script, at most. Default 20. */
  readonly maxLength?: number;
}

/**
 * Scripts of guests that access the registers of a VM's vdevs, in widths they take, with time, input and interrupts in between,
 * as `vdevbox run --guest` and `vm.script()` run them. They shrink to few lines, first registers and small values.
 * @throws Error with one sentence when the VM cannot be had
 */
export declare function guestScripts(vm: TestVmOptions | string, options?: ScriptOptions): Arbitrary<string>;
