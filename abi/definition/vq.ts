import { functionsOf, handle, intResult, outInt, u32, unknown, V80, VOID } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { THIRD_PARTY } from "./sources.ts";

const fn = functionsOf({ header: "vq", threadSafe: unknown });

/** `vq.h` of libhyp: virtqueue helpers, linked statically on the target. */
export const entries: readonly Entry[] = [
  fn("vq_get_from_driver", {
    summary: "Takes the next available buffer; result is the buffer id or VQ_INVALID_ID, *first the first descriptor.",
    versions: V80,
    sources: [THIRD_PARTY],
    c: { "8.0": "unsigned vq_get_from_driver(vq_t *vq, unsigned *first)" },
    prototype: "inferred",
    params: [handle("vq", "virtq"), outInt("first", 32)],
    result: intResult("unsigned", false),
    phase: unknown,
    body: "later",
  }),
  fn("vq_put_to_driver", {
    summary: "Returns a used buffer with its written length; last argument true in the code seen.",
    versions: V80,
    sources: [THIRD_PARTY],
    c: { "8.0": "vq_put_to_driver(vq_t *vq, unsigned bufid, unsigned len, bool notify)" },
    prototype: "inferred",
    params: [handle("vq", "virtq"), u32("bufid"), u32("len"), u32("notify", "bool")],
    result: VOID,
    phase: unknown,
    body: "later",
  }),
  fn("vq_desc_get", {
    summary: "Reads one descriptor; result is the next index or VQ_INVALID_ID.",
    versions: V80,
    sources: [THIRD_PARTY],
    c: { "8.0": "unsigned vq_desc_get(vq_t *vq, unsigned idx, uint64_t *addr, uint32_t *len, unsigned *flags)" },
    prototype: "inferred",
    params: [handle("vq", "virtq"), u32("idx"), outInt("addr", 64), outInt("len", 32), outInt("flags", 32)],
    result: intResult("unsigned", false),
    phase: unknown,
    body: "later",
  }),
  {
    kind: "constant",
    name: "VQ_INVALID_ID",
    header: "vq",
    versions: V80,
    summary: "No, or no more, entry.",
    sources: [THIRD_PARTY],
    type: "u32",
    value: 0xffff_ffff,
    status: "vdevbox",
  },
];
