import {
  constantsOf,
  cstring,
  functionsOf,
  inferred,
  NONE,
  u32,
  unknown,
  V70,
  V71,
  V71_80,
  VOID,
  varargs,
} from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80, guide70 } from "./sources.ts";

const fn = functionsOf({ header: "outpipe", threadSafe: unknown });
const EITHER = inferred(
  "both" as const,
  "7.0 says that all can be used in the same way, and its examples use qvm_outf() at startup and in GUEST_CONFIGURED",
);
const SOURCES = [api70("outpipe/outpipe_h_defines"), guide70("intro/terminate")];
/** What the manual names, with a value of ours. */
const label = constantsOf("outpipe", { versions: V70, sources: SOURCES, type: "u32", status: "vdevbox" });
/** What the manual gives with its value. */
const attribute = constantsOf("outpipe", { versions: V70, sources: SOURCES, type: "u32", status: "documented" });
/** Names by the manual's naming rule, QVM_OUT<type>_<source>; name and value are ours. */
const OURS = { versions: NONE, notes: "Name and value are ours, by the manual's naming rule." };

/** `qvm/outpipe.h` (7.x): message output. */
export const entries: readonly Entry[] = [
  fn("qvm_logf", {
    summary: "printf-like message to the outpipes, for errors that are neither fatal nor internal.",
    versions: V71,
    sources: [api71("qvm_logf")],
    c: { "7.1": "void qvm_logf(const unsigned int attr, const char *const fmt, ...)" },
    prototype: "documented",
    params: [u32("attr"), cstring("fmt"), varargs()],
    result: VOID,
    phase: EITHER,
  }),
  fn("qvm_outf", {
    summary:
      "printf-like output with an attribute; returns unless the label is FATAL or INTERNAL, which ends the qvm process. The way to stop before the guest has started; the call form is known, the prototype is not.",
    versions: V70,
    sources: [guide70("intro/terminate")],
    c: { vdevbox: "void qvm_outf(unsigned attr, const char *fmt, ...)" },
    prototype: "vdevbox",
    params: [u32("attr"), cstring("fmt"), varargs()],
    result: VOID,
    phase: EITHER,
  }),
  fn("qvm_outff", {
    summary: "Variant of qvm_outf() for fatal errors: it does not return.",
    versions: V70,
    sources: [guide70("intro/terminate")],
    c: { vdevbox: "void qvm_outff(unsigned attr, const char *fmt, ...)" },
    prototype: "vdevbox",
    params: [u32("attr"), cstring("fmt"), varargs()],
    result: VOID,
    phase: EITHER,
  }),
  fn("qvm_fatal", {
    summary: "Prints a message and ends qvm; named by the vdev_logf() and qvm_logf() pages.",
    versions: V71_80,
    sources: [api71("vdev_logf"), api80("vdev_logf")],
    c: { vdevbox: "void qvm_fatal(unsigned attr, const char *fmt, ...)" },
    prototype: "vdevbox",
    params: [u32("attr"), cstring("fmt"), varargs()],
    result: VOID,
    phase: EITHER,
  }),
  attribute("QVM_OUTAL_OFFSET", 24, "First bit of the label in the 4-byte attribute."),
  attribute("QVM_OUTAL_MASK", 0xff00_0000, "Bits of the label."),
  attribute("QVM_OUTAC_OFFSET", 16, "First bit of the return code."),
  attribute("QVM_OUTAC_MASK", 0x00ff_0000, "Bits of the return code."),
  attribute("QVM_OUTAC_SRC_MASK", 0x00f0_0000, "The source part of the return code."),
  {
    kind: "macro",
    name: "QVM_OUTAL_TRIM",
    header: "outpipe",
    versions: V70,
    summary: "Extracts the label of an attribute.",
    sources: [api70("outpipe/outpipe_h_defines"), guide70("intro/terminate")],
    c: "#define QVM_OUTAL_TRIM (((attr) & QVM_OUTAL_MASK) >> QVM_OUTAL_OFFSET)",
    params: ["attr"],
    expression: "(attr & QVM_OUTAL_MASK) >> QVM_OUTAL_OFFSET",
    status: "documented",
  },
  {
    kind: "macro",
    name: "QVM_OUTAC_TRIM",
    header: "outpipe",
    versions: V70,
    summary: "Extracts the return code of an attribute.",
    sources: [api70("outpipe/outpipe_h_defines"), guide70("intro/terminate")],
    notes: "The definition is not known: this one mirrors QVM_OUTAL_TRIM.",
    params: ["attr"],
    expression: "(attr & QVM_OUTAC_MASK) >> QVM_OUTAC_OFFSET",
    status: "inferred",
  },
  label("QVM_OUTAL_FATAL", 1, "Label of messages that end qvm."),
  label("QVM_OUTAL_INTERNAL", 2, "Label of internal errors, which end qvm."),
  label("QVM_OUTF_QVM", 0x0100_0000, "Attribute: fatal, source qvm."),
  label("QVM_OUTN_QVM", 0x0200_0000, "Attribute: internal error, source qvm."),
  label("QVM_OUTI_QVM", 0x0500_0000, "Attribute: information, source qvm."),
  label("QVM_OUTE_QVM", 0x0300_0000, "Attribute: error, source qvm.", OURS),
  label("QVM_OUTW_QVM", 0x0400_0000, "Attribute: warning, source qvm.", OURS),
  label("QVM_OUTD_QVM", 0x0600_0000, "Attribute: debug, source qvm.", OURS),
  label("QVM_OUTV_QVM", 0x0700_0000, "Attribute: verbose, source qvm.", OURS),
];
