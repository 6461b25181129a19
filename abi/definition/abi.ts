import { ALL } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70 } from "./sources.ts";

/** `qvm/abi.h`: the ABI number. It defines no functions. */
export const entries: readonly Entry[] = [
  {
    kind: "constant",
    name: "QVM_VDEV_ABI",
    header: "abi",
    versions: ALL,
    summary:
      "ABI version a vdev passes to vdev_register_factory(); qvm refuses (quits with an error) a vdev built for another value. Changes with any exposed structure size, prototype, or added/removed function.",
    sources: [api70("abi_h_defines")],
    notes: "7.0. The values of 7.1 and 8.0 are not known.",
    type: "u32",
    value: 2019090401,
    status: "documented",
  },
];
