import {
  ALL,
  buffer,
  callback,
  documented,
  ERRNO,
  guestAddress,
  handle,
  intResult,
  NULLABLE,
  struct,
  u32,
  u64,
  unknown,
  V70,
  V70_71,
  V70_80,
  V80,
  VOID,
} from "./builders.ts";
import { guestFunction as fn } from "./guest-family.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80 } from "./sources.ts";

/** `qvm/guest.h`: transfers, interrupts, message-signalled interrupts. */
export const entries: readonly Entry[] = [
  fn("guest_cpu_read", {
    summary:
      "Fetches the data that blk[] describes (vCPU registers, or guest address space) into data. The usual way for vwrite() to obtain the value the guest is storing (read from oopnd).",
    versions: V70_80,
    sources: [api70("guest_cpu_read"), api80("guest_cpu_read"), api70("guest/about_guest_8h")],
    c: {
      "7.0":
        "int guest_cpu_read(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk, unsigned nblks, void *data, unsigned data_len)",
      "8.0":
        "int guest_cpu_read(struct guest_cpu *gcp, guest_cpu_access_flags_t flags, const struct qvm_state_block *blk, unsigned nblks, void *data, size_t data_len)",
    },
    prototype: "documented",
    params: [
      handle("gcp", "guest_cpu", NULLABLE),
      u32("flags"),
      struct("blk", "qvm_state_block", "in", { count: "nblks" }),
      u32("nblks"),
      buffer("data", "out", "data_len"),
      u32("data_len"),
    ],
    arguments:
      "gcp: vCPU; 8.0: NULL when the target is guest address space only. flags: GXF_* set. blk/nblks: array of source blocks. data/data_len: destination buffer.",
    result: intResult("int"),
    returns:
      "EOK on success. 8.0: -1 means an exception must be delivered to the guest; any other value is an errno. 7.0: 'an error code'. Feed a non-EOK value to guest_cpu_to_vrs().",
    phase: documented("running"),
    notes:
      "8.0 says it may also reach the registers of another vdev. No page says what data_len must be; that it is the sum of the blocks' lengths is inferred from the idiom, which passes vopnd->length: another length is a warning.",
  }),
  fn("guest_cpu_write", {
    summary:
      "Stores data into what blk[] describes. The usual way for vread() to hand the read value back to the guest (written to oopnd).",
    versions: V70_80,
    sources: [api70("guest_cpu_write"), api80("guest_cpu_write"), api70("guest/about_guest_8h")],
    c: {
      "7.0":
        "int guest_cpu_write(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk, unsigned nblks, const void *data, unsigned data_len)",
      "8.0":
        "int guest_cpu_write(struct guest_cpu *gcp, guest_cpu_access_flags_t flags, const struct qvm_state_block *blk, unsigned nblks, const void *data, size_t data_len)",
    },
    prototype: "documented",
    params: [
      handle("gcp", "guest_cpu", NULLABLE),
      u32("flags"),
      struct("blk", "qvm_state_block", "in", { count: "nblks" }),
      u32("nblks"),
      buffer("data", "in", "data_len"),
      u32("data_len"),
    ],
    arguments:
      "gcp: destination vCPU; 8.0: NULL for guest address space. flags: GXF_*. blk/nblks: destination blocks. data/data_len: source.",
    result: intResult("int"),
    returns: "As guest_cpu_read().",
    phase: documented("running"),
    notes:
      "8.0 caution: a wrong address leads to unexpected guest behaviour. No page says what data_len must be; see guest_cpu_read().",
  }),
  fn("guest_write_all_ones", {
    summary: "Answers an invalid guest request by writing a value with all bits set (width from blk).",
    versions: ALL,
    sources: [api71("guest_write_all_ones"), api80("guest_write_all_ones"), api70("guest/about_guest_8h")],
    c: {
      "7.1": "int guest_write_all_ones(struct guest_cpu *gcp, unsigned flags, const struct qvm_state_block *blk)",
      "8.0":
        "int guest_write_all_ones(struct guest_cpu *gcp, guest_cpu_access_flags_t flags, const struct qvm_state_block *blk)",
    },
    prototype: "documented",
    params: [handle("gcp", "guest_cpu"), u32("flags"), struct("blk", "qvm_state_block", "in")],
    arguments: "gcp: destination vCPU. flags: GXF_*. blk: destination.",
    result: intResult("int"),
    returns: "EOK or an error code.",
    phase: documented("running"),
    notes: "7.0: only listed in the function safety table; the 7.0 page itself was not found.",
  }),
  fn("guest_intr_signal", {
    summary:
      "Asserts or de-asserts an interrupt request to a PIC or guest CPU (level semantics: GIS_ON raises, GIS_OFF lowers).",
    versions: ALL,
    sources: [api80("guest_intr_signal"), api70("guest/about_guest_8h"), api71("guest_intr_state")],
    c: { "8.0": "errno_t guest_intr_signal(guest_intr_t *gip, guest_intr_state_t gis)" },
    prototype: "inferred",
    params: [struct("gip", "guest_intr", "in"), u32("gis", "enum guest_intr_state")],
    arguments: "gip: the interrupt (typically &vdp->v_intr). gis: GIS_* flag(s).",
    result: ERRNO,
    returns:
      "EOK or an error value. 7.1: with GIS_ISR alone it is a query and returns -ENOTSUPP when the interrupt cannot be handled from an ISR.",
    phase: documented("running"),
    notes: "7.0/7.1 prototype page not found.",
  }),
  fn("guest_intr_assign", {
    summary: "Connects a source to a given pin of a PIC vdev, with an assignment type.",
    versions: V70,
    sources: [api70("guest_intr_assign"), api70("guest/about_guest_8h")],
    c: {
      "7.0":
        "void guest_intr_assign(vdev_t *pic, unsigned pnum, enum guest_intr_assign_type const type, struct guest_intr *ip)",
    },
    prototype: "documented",
    params: [
      handle("pic", "opaque"),
      u32("pnum"),
      u32("type", "enum guest_intr_assign_type"),
      struct("ip", "guest_intr", "out", NULLABLE),
    ],
    arguments:
      "pic: interrupt-controller vdev. pnum: pin. type: guest_intr_assign_type. ip: interrupt structure to fill in, or NULL.",
    result: VOID,
    phase: documented("startup"),
    notes:
      "Needed when a vdev connects to a PIC explicitly, typically because it has more than one interrupt line. vdevbox: src_id is a bit of the line's own for each source, 31 at most; a line that is GIAT_EXCLUSIVE takes no second source.",
  }),
  fn("guest_intr_assign_auto", {
    summary:
      "Lets qvm choose an interrupt and assign it, for vdevs whose interrupt number the guest can discover (firmware table or device register).",
    versions: V80,
    sources: [api80("guest_intr_assign_auto")],
    c: { "8.0": "void guest_intr_assign_auto(guest_intr *gip, guest_intr_assign_type_t type)" },
    prototype: "inferred",
    params: [struct("gip", "guest_intr", "out", NULLABLE), u32("type", "enum guest_intr_assign_type")],
    arguments:
      "gip: interrupt structure to fill in if non-NULL (type spelled 'guest_intr' on the page). type: assignment type.",
    result: VOID,
    phase: documented("startup"),
    threadSafe: unknown,
    notes:
      "To be called from VDEV_CTRL_ASSIGN when the user gave no intr option. vdevbox: the first free line of the first controller the configuration declares, else of the gic; a shareable one when no line is free.",
  }),
  fn("guest_intr_level", {
    summary: "Known from the function safety table only. Here: whether the line of an interrupt is level triggered.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "int guest_intr_level(const struct guest_intr *gip)" },
    prototype: "vdevbox",
    params: [struct("gip", "guest_intr", "in")],
    result: intResult("int"),
    returns: "non-zero when level triggered; a line of a controller that is a vdev always is",
    phase: documented("startup"),
  }),
  fn("guest_intr_num_pins", {
    summary: "Known from the function safety table only. Here: a PIC vdev says how many lines it has.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "void guest_intr_num_pins(vdev_t *pic, unsigned num_pins)" },
    prototype: "vdevbox",
    notes: "Without it a controller has as many lines as pnum_mask leaves room for, 65,536 at most.",
    params: [handle("pic", "vdev"), u32("num_pins")],
    result: VOID,
    phase: documented("startup"),
  }),
  fn("guest_intr_string", {
    summary:
      "Known from the function safety table only. Here: the text of an interrupt, as the string callback of a PIC gives it.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "size_t guest_intr_string(const struct guest_intr *gip, char *buf, size_t buf_len)" },
    prototype: "vdevbox",
    params: [struct("gip", "guest_intr", "in"), buffer("buf", "out", "buf_len", NULLABLE), u32("buf_len", "size_t")],
    result: intResult("size_t", false),
    returns: "length without the terminating NUL that the full text needs; the text is PIC:LINE",
    phase: documented("both"),
    threadSafe: documented("no-allocation-when-running", "the buffer must not come from malloc() while running"),
  }),
  fn("guest_intr_notify", {
    summary:
      "Used by a PIC vdev to tell qvm that the guest unmasked (GIN_UNMASK) or acknowledged (GIN_ACK) an interrupt line.",
    versions: V70_71,
    sources: [api71("guest_intr_notify"), api70("guest/about_guest_8h")],
    c: { "7.1": "void guest_intr_notify(const vdev_t *vdp, unsigned param, enum guest_intr_notifications gin)" },
    prototype: "documented",
    params: [handle("vdp", "vdev"), u32("param"), u32("gin", "enum guest_intr_notifications")],
    arguments: "vdp: the PIC vdev. param: its interrupt line. gin: notification type.",
    result: VOID,
    phase: documented("running"),
    notes: "vdevbox counts what the guest did with the line; no vdev is told.",
  }),
  fn("guest_msi_signal", {
    summary: "Delivers a message-signalled interrupt to the guest.",
    versions: V70,
    sources: [api70("guest_msi_signal"), api70("guest/about_guest_8h")],
    c: { "7.0": "int guest_msi_signal(const vdev_t *src, uint64_t addr, unsigned data)" },
    prototype: "documented",
    params: [handle("src", "vdev"), guestAddress("addr"), u32("data")],
    arguments: "src: signalling vdev. addr/data: MSI address and data.",
    result: ERRNO,
    returns: "EOK or an error code. vdevbox: ENXIO when nobody takes messages at addr.",
    phase: documented("running"),
  }),
  fn("guest_msi_register", {
    summary: "A PIC vdev registers the guest-physical address (with a compare mask) at which it accepts MSIs.",
    versions: V70,
    sources: [api70("guest_msi_register"), api70("guest/about_guest_8h")],
    c: {
      "7.0":
        "void guest_msi_register(vdev_t *const pic, uint64_t const paddr, uint64_t const mask, guest_msi_deliver_func_t *deliver, unsigned cookie)",
    },
    prototype: "documented",
    params: [
      handle("pic", "vdev"),
      guestAddress("paddr"),
      u64("mask"),
      callback("deliver", "guest_msi_deliver_func_t"),
      u32("cookie"),
    ],
    arguments: "pic; paddr; mask applied when comparing with paddr; deliver: callback; cookie: handed back to deliver.",
    result: VOID,
    phase: documented("startup"),
  }),
];
