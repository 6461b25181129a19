import { ALL, V70, V70_80 } from "./builders.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80, THIRD_PARTY } from "./sources.ts";

/** `qvm/types.h`: the types several headers share. It defines no functions. */
export const entries: readonly Entry[] = [
  {
    kind: "struct",
    name: "qvm_state_block",
    header: "types",
    versions: ALL,
    summary:
      "Describes a data element. location: meaning depends on the type (address, register offset, immediate ...); length in bytes; type: QST_*; flags: QSF_*; spare (8.0): reserved, 0.",
    sources: [api70("structqvm__state__block"), api71("structqvm__state__block"), api80("structqvm__state__block")],
    notes:
      "8.0 widened length to 64 bits and renamed type/flags. sizeof of qvm_state_types_t/qvm_state_flags_t not stated.",
    c: {
      "7.0/7.1": "struct qvm_state_block { uint64_t location; uint32_t length; uint16_t type; uint16_t flags; };",
      "8.0":
        "struct qvm_state_block { uint64_t location; uint64_t length; qvm_state_types_t qst_type; qvm_state_flags_t qst_flags; uint32_t spare; };",
    },
    layout: "documented",
    fields: [
      { name: "location", type: "u64", doc: "meaning depends on the type: address, register offset, immediate" },
      { name: "length", type: "u32", doc: "bytes" },
      { name: "type", type: "u16", doc: "QST_*" },
      { name: "flags", type: "u16", doc: "QSF_*" },
    ],
  },
  {
    kind: "struct",
    name: "gasp_region",
    header: "types",
    versions: ALL,
    summary:
      "One guest resource: flags GRF_*; cookie handed to vread/vwrite; vdev called back (only with GRF_VIRT_*); host_location: where it maps on the host; guest: where it appears in the guest.",
    sources: [api70("structgasp__region"), api71("structgasp__region"), api80("structgasp__region")],
    c: {
      "7.0/7.1":
        "struct gasp_region { uint32_t flags; uint32_t cookie; vdev_t* vdev; uint64_t host_location; struct qvm_state_block guest; };",
      "8.0":
        "struct gasp_region { gasp_region_flags_t grf_flags; uint32_t cookie; vdev_t* vdev; uint64_t host_location; struct qvm_state_block guest; };",
    },
    layout: "documented",
    fields: [
      { name: "flags", type: "u32", doc: "GRF_*" },
      { name: "cookie", type: "u32", doc: "handed to vread and vwrite" },
      { name: "vdev", type: { pointer: "vdev_t" }, doc: "called back, with GRF_VIRT_* only" },
      { name: "host_location", type: "u64", doc: "where it maps on the host" },
      { name: "guest", type: { embed: "qvm_state_block" }, doc: "where it appears in the guest" },
    ],
  },
  {
    kind: "struct",
    name: "guest_intr",
    header: "types",
    versions: ALL,
    summary:
      "A virtual interrupt: pic = controller vdev; param = pin number (7.0: plus GIPF_* flags); src_id = source identification bit.",
    sources: [api70("structguest__intr"), api71("structguest__intr"), api80("structvdev__s")],
    notes: "GIPF_* : value unknown.",
    c: { "7.0/7.1": "struct guest_intr { vdev_t* pic; unsigned param; unsigned src_id; };" },
    layout: "documented",
    fields: [
      {
        name: "pic",
        type: { pointer: "vdev_t" },
        doc: "the interrupt controller; may belong to another module: never look into it",
      },
      { name: "param", type: "u32", doc: "pin number and GIPF_* flags" },
      { name: "src_id", type: "u32", doc: "source identification bit" },
    ],
  },
  {
    kind: "struct",
    name: "qvm_sched_info",
    header: "types",
    versions: ALL,
    summary: "Scheduling for pulses and threads: policy (-1 = not set), sched (sched.sched_priority -1 = not set).",
    sources: [api70("structqvm__sched__info")],
    notes: "The size follows from our struct sched_param.",
    c: { "7.0": "struct qvm_sched_info { int policy; struct sched_param sched; };" },
    layout: "vdevbox",
    fields: [
      { name: "policy", type: "i32", doc: "-1: not set" },
      { name: "sched", type: { embed: "sched_param" }, doc: "sched_priority -1: not set" },
    ],
  },
  {
    kind: "enum",
    name: "qvm_state_types",
    header: "types",
    versions: V70_80,
    summary:
      "Type of a qvm_state_block: guest-physical address, guest-virtual address, offset in CPU_REGISTERS, offset in FPU_REGISTERS, host virtual address, PCI bus/dev/func(+config offset, QSL_PCI_MAKE_LOC), PCI I/O BAR on non-x86 (treat as QST_MEMORY), immediate integer; x86: I/O port, offsets in X86_64_SEGREGS/CTRLREGS/DBGREGS, MSR number; ARM: system register number.",
    sources: [api70("qvm_state_types"), api80("structqvm__state__block")],
    c: {
      "7.0":
        "enum qvm_state_types { QST_MEMORY, QST_VIRTUAL, QST_CPUREGS, QST_FPUREGS, QST_HOST, QST_PCI, QST_PCI_IO, QST_IMMEDIATE, QST_ARCH_SPECIFIC = 0x8000, QST_X86_IO = QST_ARCH_SPECIFIC, QST_X86_SEGREGS, QST_X86_CTRLREGS, QST_X86_DBGREGS, QST_X86_MSR, QST_ARM_SR = QST_ARCH_SPECIFIC, QST_NO_TYPE = 0xffff };",
    },
    type: "u16",
    values: [
      { name: "QST_MEMORY", value: 0, status: "documented" },
      { name: "QST_VIRTUAL", value: 1, status: "documented" },
      { name: "QST_CPUREGS", value: 2, status: "documented" },
      { name: "QST_FPUREGS", value: 3, status: "documented" },
      { name: "QST_HOST", value: 4, status: "documented" },
      { name: "QST_PCI", value: 5, status: "documented" },
      { name: "QST_PCI_IO", value: 6, status: "documented" },
      { name: "QST_IMMEDIATE", value: 7, status: "documented" },
      { name: "QST_ARCH_SPECIFIC", value: 0x8000, status: "documented" },
      { name: "QST_X86_IO", value: 0x8000, status: "documented" },
      { name: "QST_X86_SEGREGS", value: 0x8001, status: "documented" },
      { name: "QST_X86_CTRLREGS", value: 0x8002, status: "documented" },
      { name: "QST_X86_DBGREGS", value: 0x8003, status: "documented" },
      { name: "QST_X86_MSR", value: 0x8004, status: "documented" },
      { name: "QST_ARM_SR", value: 0x8000, status: "documented" },
      { name: "QST_NO_TYPE", value: 0xffff, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "qvm_state_flags",
    header: "types",
    versions: ALL,
    summary:
      "Flags of a qvm_state_block: bits 0-3 bytes to sign-extend by, bits 4-7 bytes to zero-extend by (after sign extension); FORCE_WRITE (7.1) bypasses guest-compliant emulation; REPORT_EXCEPTION: access problems become a guest exception.",
    sources: [api70("qvm_state_flags"), api71("qvm_state_flags")],
    notes: "8.0 type name qvm_state_flags_t; values not found for 8.0.",
    c: {
      "7.0":
        "enum qvm_state_flags { QSF_NONE = 0x0000, QSF_SEXT_SHIFT = 0, QSF_ZEXT_SHIFT = 4, QSF_EXT_MASK = 0xf, QSF_REPORT_EXCEPTION = 0x8000 };",
      "7.1":
        "enum qvm_state_flags { QSF_NONE = 0x0000, QSF_SEXT_SHIFT = 0, QSF_ZEXT_SHIFT = 4, QSF_EXT_MASK = 0xf, QSF_FORCE_WRITE = 0x4000, QSF_REPORT_EXCEPTION = 0x8000 };",
    },
    type: "u16",
    values: [
      { name: "QSF_NONE", value: 0, status: "documented" },
      { name: "QSF_SEXT_SHIFT", value: 0, status: "documented" },
      { name: "QSF_ZEXT_SHIFT", value: 4, status: "documented" },
      { name: "QSF_EXT_MASK", value: 0xf, status: "documented" },
      { name: "QSF_FORCE_WRITE", value: 0x4000, status: "documented", note: "7.1" },
      { name: "QSF_REPORT_EXCEPTION", value: 0x8000, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "gasp_region_flags",
    header: "types",
    versions: V70,
    summary:
      "VIRT_RD/WR: guest access exits and calls vread/vwrite; VIRT_EX: exits, handled per the VM's 'unsupported' option; PASS_*: access goes through without exit; NOCACHE: pass-through is uncached; ACTIVE: installed; MEMORY: ordinary RAM; NOPERMS: reserved but without page permissions; PASSTHRU/DMA_*/PRECIOUS: internal; BACKUP_*: saved PASS_*/NOCACHE bits; STICKY: flags to preserve.",
    sources: [api70("gasp_region_flags")],
    notes: "8.0 type gasp_region_flags_t; values not found for 8.0.",
    c: {
      "7.0":
        "enum gasp_region_flags { GRF_NONE = 0x00000000, GRF_VIRT_RD = 0x00000001, GRF_VIRT_WR = 0x00000002, GRF_VIRT_EX = 0x00000004, GRF_VIRT_ANY = (GRF_VIRT_RD|GRF_VIRT_WR|GRF_VIRT_EX), GRF_PASS_RD = 0x00000008, GRF_PASS_WR = 0x00000010, GRF_PASS_EX = 0x00000020, GRF_PASS_ANY = (GRF_PASS_RD|GRF_PASS_WR|GRF_PASS_EX), GRF_NOCACHE = 0x00000040, GRF_ACTIVE = 0x00000080, GRF_MEMORY = 0x00000100, GRF_PASSTHRU = 0x00000200, GRF_DMA_USES = 0x00000400, GRF_DMA_NO_USE = 0x00000800, GRF_DMA_SOURCE = 0x00001000, GRF_DMA_TARGET = 0x00002000, GRF_PRECIOUS = 0x00004000, GRF_NOPERMS = 0x00008000, GRF_BACKUP_MASK = 0xf0000000, GRF_BACKUP_SHIFT = (28-3), GRF_STICKY = (GRF_MEMORY|GRF_DMA_SOURCE|GRF_DMA_TARGET|GRF_PASSTHRU) };",
    },
    type: "u32",
    values: [
      { name: "GRF_NONE", value: 0, status: "documented" },
      { name: "GRF_VIRT_RD", value: 0x1, status: "documented" },
      { name: "GRF_VIRT_WR", value: 0x2, status: "documented" },
      { name: "GRF_VIRT_EX", value: 0x4, status: "documented" },
      { name: "GRF_VIRT_ANY", value: 0x7, status: "documented" },
      { name: "GRF_PASS_RD", value: 0x8, status: "documented" },
      { name: "GRF_PASS_WR", value: 0x10, status: "documented" },
      { name: "GRF_PASS_EX", value: 0x20, status: "documented" },
      { name: "GRF_PASS_ANY", value: 0x38, status: "documented" },
      { name: "GRF_NOCACHE", value: 0x40, status: "documented" },
      { name: "GRF_ACTIVE", value: 0x80, status: "documented" },
      { name: "GRF_MEMORY", value: 0x100, status: "documented" },
      { name: "GRF_PASSTHRU", value: 0x200, status: "documented" },
      { name: "GRF_DMA_USES", value: 0x400, status: "documented" },
      { name: "GRF_DMA_NO_USE", value: 0x800, status: "documented" },
      { name: "GRF_DMA_SOURCE", value: 0x1000, status: "documented" },
      { name: "GRF_DMA_TARGET", value: 0x2000, status: "documented" },
      { name: "GRF_PRECIOUS", value: 0x4000, status: "documented" },
      { name: "GRF_NOPERMS", value: 0x8000, status: "documented" },
      { name: "GRF_BACKUP_MASK", value: 0xf0000000, status: "documented" },
      { name: "GRF_BACKUP_SHIFT", value: 25, status: "documented" },
      { name: "GRF_STICKY", value: 0x3300, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "guest_intr_state",
    header: "types",
    versions: ALL,
    summary:
      "ON assert; OFF de-assert; NOP nothing; ISR alone: ask whether the signal can be handled from an ISR (-ENOTSUPP if not); ISR|ON or ISR|OFF: the call is being made from an ISR.",
    sources: [api70("guest_intr_state"), api71("guest_intr_state")],
    notes: "8.0 type guest_intr_state_t; values not found for 8.0.",
    c: {
      "7.0": "enum guest_intr_state { GIS_ON = 0x01, GIS_OFF = 0x02, GIS_ISR = 0x04 };",
      "7.1": "enum guest_intr_state { GIS_NOP = 0x00, GIS_ON = 0x01, GIS_OFF = 0x02, GIS_ISR = 0x04 };",
    },
    type: "u32",
    values: [
      { name: "GIS_NOP", value: 0, status: "documented", note: "7.1" },
      { name: "GIS_ON", value: 1, status: "documented" },
      { name: "GIS_OFF", value: 2, status: "documented" },
      { name: "GIS_ISR", value: 4, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "guest_intr_notifications",
    header: "types",
    versions: V70_80,
    summary: "Which guest actions on a line call guest_intr_notify(): unmask, acknowledge.",
    sources: [api70("guest_intr_notifications"), api80("guest_intr_notifications_t")],
    c: {
      "7.0": "enum guest_intr_notifications { GIN_UNMASK = 0x01, GIN_ACK = 0x02 };",
      "8.0": "typedef uint32_t guest_intr_notifications_t;",
    },
    type: "u32",
    values: [
      { name: "GIN_UNMASK", value: 1, status: "documented" },
      { name: "GIN_ACK", value: 2, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "guest_intr_assign_type",
    header: "types",
    versions: V70_80,
    summary:
      "UNUSED free for automatic assignment; SHAREABLE assigned but still eligible; RESERVED not automatic but may be named in the configuration; EXCLUSIVE named in the configuration and not shareable; SPECIAL cannot be named. A line may only move upwards in this order.",
    sources: [api70("guest_intr_assign_type"), api80("guest_intr_assign_auto")],
    c: {
      "7.0":
        "enum guest_intr_assign_type { GIAT_UNUSED, GIAT_SHAREABLE, GIAT_RESERVED, GIAT_EXCLUSIVE, GIAT_SPECIAL };",
    },
    type: "u32",
    values: [
      { name: "GIAT_UNUSED", value: 0, status: "documented" },
      { name: "GIAT_SHAREABLE", value: 1, status: "documented" },
      { name: "GIAT_RESERVED", value: 2, status: "documented" },
      { name: "GIAT_EXCLUSIVE", value: 3, status: "documented" },
      { name: "GIAT_SPECIAL", value: 4, status: "documented" },
    ],
  },
  {
    kind: "enum",
    name: "guest_table_spec_component",
    header: "types",
    versions: V70,
    summary: "Argument of vdev_pic_functions.table_spec; enumerators not found (header assumed).",
    sources: [api70("vdev-core/vdev_pic_functions")],
    c: {},
    type: "u32",
    values: [],
  },
  {
    kind: "enum",
    name: "guest_intr_pin_flags",
    header: "types",
    versions: V70,
    summary: "Pin flags in guest_intr.param (7.0).",
    sources: [api70("structguest__intr")],
    notes:
      "The names and values are not known; the type name is ours. Bits of param outside of the controller's pnum_mask are its own here: parse may set them, and every call about the line is given them as they are.",
    covers: ["GIPF_*"],
    c: {},
    type: "u32",
    values: [],
  },
  {
    kind: "constant",
    name: "QSL_NO_LOCATION",
    header: "types",
    versions: V70_80,
    summary: "'no location' value returned by the find functions and used as v_block default.",
    sources: [api70("gasp_find_free"), THIRD_PARTY],
    type: "u64",
    value: 0xffff_ffff_ffff_ffffn,
    status: "vdevbox",
  },
  {
    kind: "macro",
    name: "QSL_PCI_MAKE_LOC",
    header: "types",
    versions: V70,
    summary: "Encodes bus/device/function(/offset) for QST_PCI.",
    sources: [api70("qvm_state_types")],
    notes: "Neither its parameters nor the encoding are known.",
    params: [],
    status: "unknown",
  },
];
