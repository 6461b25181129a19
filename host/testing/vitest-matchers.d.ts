/** `import "vdevbox/testing/vitest"` gives vitest's `expect` matchers for VMs. See docs/testing.md. */

import "vitest";
import type { Access, Amount, TestFinding } from "./api.js";

/** What a finding must be; what is left out may be anything. */
export interface WantedFinding {
  readonly severity?: TestFinding["severity"];
  readonly rule?: string;
  readonly vdev?: string;
  /** Part of what it says. */
  readonly message?: string | RegExp;
  /** Part of `file:line:column`. */
  readonly where?: string | RegExp;
}

export interface VdevMatchers<R = unknown> {
  /** Nothing went wrong: in a VM, or in what `fuzzDevice` or `exploreDevice` gives. The failure shows all that did. */
  toHaveNoFindings(): R;
  /** Something went wrong, and this is what. */
  toHaveFinding(wanted: WantedFinding): R;
  /** A line, as in `gic:42`, is high. */
  toHaveIrq(pin: string): R;
  /** All that a vdev wrote to its character device, or what is somewhere in it. */
  toHaveOutput(vdev: string, wanted: string | RegExp): R;
  /** What a read gets that is made now. Shown in hexadecimal when it is something else. */
  toRead(address: Amount, wanted: Amount | "bus-error", access?: Access): R;
}

/** The same for `expect.extend` of whatever takes matchers of Jest. */
export declare const vdevMatchers: {
  readonly [Name in keyof VdevMatchers]: (
    received: never,
    ...given: Parameters<VdevMatchers[Name]>
  ) => { readonly pass: boolean; readonly message: () => string };
};

declare module "vitest" {
  // biome-ignore lint/suspicious/noExplicitAny: vitest declares it so, and both must agree
  interface Matchers<T = any> extends VdevMatchers<T> {}
}
