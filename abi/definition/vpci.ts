import { cookie, functionsOf, inferred, intResult, struct, unknown, V70_80, V80 } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70, api80 } from "./sources.ts";

const fn = functionsOf({ header: "vpci", threadSafe: unknown });

/** `qvm/vpci.h`: virtual PCI devices. */
export const entries: readonly Entry[] = [
  fn("vpci_ctrl_pci_bars", {
    summary: "Answers VDEV_CTRL_PCI_BARS for a virtual PCI device; called by vio_ctrl_pci_bars().",
    versions: V70_80,
    sources: [api80("vpci_ctrl_pci_bars"), api70("vio_ctrl_pci_bars")],
    c: { "8.0": "int vpci_ctrl_pci_bars(struct vpci_rw_state *rw_cfg, const char *arg)" },
    prototype: "inferred",
    params: [struct("rw_cfg", "vpci_rw_state", "in"), cookie("arg")],
    result: intResult("int"),
    returns: "always -6: an array of 6 vpci_bar objects.",
    phase: inferred("startup", "it serves VDEV_CTRL_PCI_BARS, a startup callback"),
    body: "later",
  }),
  {
    kind: "struct",
    name: "vpci_bar",
    header: "vpci",
    versions: V70_80,
    summary:
      "One BAR: established mapping; current value; upper word of a 64-bit BAR; slice index; BAR register (non-zero: qvm writes the value back to the device when it assigns an address). vb_mapping.host_location and vb_mapping.guest.length must stay constant.",
    sources: [api70("structvpci__bar")],
    c: {
      "7.0":
        "struct vpci_bar { struct gasp_region vb_mapping; uint32_t vb_value; uint32_t vb_value_upper; uint16_t vb_slice; uint16_t vb_breg; };",
    },
    layout: "documented",
    fields: [
      { name: "vb_mapping", type: { embed: "gasp_region" }, doc: "host_location and guest.length must stay constant" },
      { name: "vb_value", type: "u32", doc: "current value" },
      { name: "vb_value_upper", type: "u32", doc: "upper word of a 64-bit BAR" },
      { name: "vb_slice", type: "u16", doc: "slice index" },
      {
        name: "vb_breg",
        type: "u16",
        doc: "BAR register; non-zero: qvm writes the value back when it assigns an address",
      },
    ],
  },
  {
    kind: "struct",
    name: "vpci_rw_state",
    header: "vpci",
    versions: V80,
    summary: "Writable state of a virtual PCI device; members not found.",
    sources: [api80("vpci_ctrl_pci_bars")],
    notes: "No member is known: our opaque bytes.",
    c: {},
    layout: "vdevbox",
    fields: [{ name: "reserved", type: { array: "u32", length: 64 } }],
  },
];
