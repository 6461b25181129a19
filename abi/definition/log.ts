import { ALL, cstring, functionsOf, handle, inferred, u32, unknown, V71_80, V80, VOID, varargs } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api71, api80, guide70, guide80, THIRD_PARTY } from "./sources.ts";

const fn = functionsOf({ header: "log", threadSafe: unknown });

/** `qvm/log.h` (8.0); in 7.1 vdev_logf() is in `qvm/outpipe.h`. */
export const entries: readonly Entry[] = [
  fn("vdev_logf", {
    summary:
      "printf-like message with the vdev as source; never terminates qvm. The vdev's own 'log' option can route it separately from 'logger'.",
    versions: V71_80,
    sources: [api71("vdev_logf"), api80("vdev_logf")],
    c: {
      "7.1": "void vdev_logf(const unsigned int attr, const vdev_t *const vdp, const char *const fmt, ...)",
      "8.0": "void vdev_logf(qvm_log_level_t level, vdev_t const *vdp, char const *fmt, ...)",
    },
    prototype: "documented",
    params: [u32("attr"), handle("vdp", "vdev"), cstring("fmt"), varargs()],
    result: VOID,
    phase: unknown,
    notes: "8.0 level: QL_CNF_* or QL_QVM_*.",
  }),
  fn("qvm_report", {
    summary:
      "Status output from VDEV_CTRL_STATUS. 8.0: on SIGUSR1 logged at INFO level, on SIGUSR2 added to the dump file.",
    versions: ALL,
    sources: [api80("qvm_report"), guide80("intro/debug"), guide70("intro/debug")],
    c: { "8.0": "void qvm_report(char const *fmt, ...)" },
    prototype: "inferred",
    params: [cstring("fmt"), varargs()],
    result: VOID,
    phase: inferred("running", "it reports the state of a running VM from VDEV_CTRL_STATUS"),
  }),
  {
    kind: "constant",
    name: "QL_QVM_ERR",
    header: "log",
    versions: V80,
    summary: "Log level: error. The same number as QVM_OUTE_QVM.",
    sources: [THIRD_PARTY, api80("vdev_logf")],
    type: "u32",
    value: 0x0300_0000,
    status: "vdevbox",
  },
  {
    kind: "constant",
    name: "QL_QVM_DBG",
    header: "log",
    versions: V80,
    summary: "Log level: debug. The same number as QVM_OUTD_QVM.",
    sources: [THIRD_PARTY, api80("vdev_logf")],
    type: "u32",
    value: 0x0600_0000,
    status: "vdevbox",
  },
];
