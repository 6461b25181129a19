import {
  cstring,
  documented,
  functionsOf,
  handle,
  NULLABLE,
  outInt,
  pointerResult,
  struct,
  unknown,
  V70,
  V71,
  V71_80,
} from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80 } from "./sources.ts";

const fn = functionsOf({ header: "utils", threadSafe: unknown });

/** `qvm/utils.h`: parsing and slices. */
export const entries: readonly Entry[] = [
  fn("qvm_parse_intr", {
    summary: "Parses 'picname:number' (the PIC must exist in the VM and have that line).",
    versions: V71,
    sources: [api71("qvm_parse_intr")],
    c: { "7.1": "char* qvm_parse_intr(const struct guest_system *gsp, const char *str, struct guest_intr *ip)" },
    prototype: "documented",
    params: [handle("gsp", "guest_system"), cstring("str"), struct("ip", "guest_intr", "out")],
    result: pointerResult("char *"),
    returns: "pointer to the first character after the specification.",
    phase: unknown,
  }),
  fn("qvm_parse_block", {
    summary: "Parses '[type:]location' into bp; pre-set bp's type to give a default.",
    versions: V71_80,
    sources: [api71("qvm_parse_block"), api80("qvm_parse_block")],
    c: {
      "7.1": "char* qvm_parse_block(const char *str, struct qvm_state_block *bp, int *pci_idp)",
      "8.0": "char* qvm_parse_block(const char *str, struct qvm_state_block *bp)",
    },
    prototype: "documented",
    params: [cstring("str"), struct("bp", "qvm_state_block", "inout"), outInt("pci_idp", 32, NULLABLE)],
    arguments: "pci_idp (7.1): if non-NULL, true is stored when the pci:vid/did/didx form is met.",
    result: pointerResult("char *"),
    returns: "pointer to the first character after the location.",
    phase: documented("startup"),
    notes: "Calling it after startup may terminate the guest system.",
  }),
  {
    kind: "struct",
    name: "qvm_slice_descriptor",
    header: "utils",
    versions: V70,
    summary:
      "A range of offsets in a state structure: writable bits, offset in the read-only structure, where changes are stored, number of bytes.",
    sources: [api70("structqvm__slice__descriptor")],
    c: {
      "7.0":
        "struct qvm_slice_descriptor { uint32_t writable; uint16_t offset; uint16_t store_offset; uint8_t nbytes; };",
    },
    layout: "documented",
    fields: [
      { name: "writable", type: "u32", doc: "bits that can be written" },
      { name: "offset", type: "u16", doc: "offset in the read-only structure" },
      { name: "store_offset", type: "u16", doc: "where changes are stored" },
      { name: "nbytes", type: "u8", doc: "number of bytes" },
    ],
  },
];
