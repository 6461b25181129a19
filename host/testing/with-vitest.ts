import { expect } from "vitest";
import { vdevMatchers } from "./matchers.ts";

/** The entry of `vdevbox/testing/vitest`: gives the user's own vitest the matchers. */
expect.extend(vdevMatchers);

export { vdevMatchers };
