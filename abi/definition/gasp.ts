import {
  ALL,
  documented,
  ERRNO,
  guestAddress,
  handle,
  inferred,
  intResult,
  RELEASES,
  struct,
  TAKES,
  U64,
  UNDER_LOCK,
  UNDER_LOCK_WHEN_RUNNING,
  u16,
  u32,
  u64,
  VOID,
} from "./builders.ts";
import { gaspFunction as fn } from "./gasp-family.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80 } from "./sources.ts";

const WHILE_LOCKED = documented(
  "under-gasp-lock-when-running" as const,
  "thread safe at startup; while running hold gasp_lock() from before the call until the region is claimed",
);

/** `qvm/gasp.h`: the lock, finding room, regions. */
export const entries: readonly Entry[] = [
  fn("gasp_lock", {
    summary: "Locks the guest address space of one type so that no other vdev changes it.",
    versions: ALL,
    sources: [
      api70("gasp_lock"),
      api71("gasp_lock"),
      api80("gasp_lock"),
      api80("about_gasp_8h"),
      api71("about_gasp_8h"),
    ],
    c: { "7.0": "int gasp_lock(struct guest_system *gsp, uint16_t type)", "8.0": "int gasp_lock(uint16_t type)" },
    prototype: "documented",
    params: [handle("gsp", "guest_system"), u16("type")],
    arguments: "type: QST_MEMORY (guest-physical memory) or QST_X86_IO (I/O ports).",
    result: ERRNO,
    returns: "EOK or an error.",
    phase: documented("both"),
    locks: [TAKES],
    mayBlock: inferred("no", "it may wait for another thread, as a mutex does; that is allowed on a vCPU thread"),
    notes: "Not needed at startup (single-threaded).",
  }),
  fn("gasp_unlock", {
    summary: "Releases the lock; gasp_lock() must have been called first.",
    versions: ALL,
    sources: [api70("gasp_unlock"), api80("gasp_unlock"), api80("about_gasp_8h"), api71("about_gasp_8h")],
    c: { "7.0": "int gasp_unlock(struct guest_system *gsp, uint16_t type)", "8.0": "int gasp_unlock(uint16_t type)" },
    prototype: "documented",
    params: [handle("gsp", "guest_system"), u16("type")],
    arguments: "type: as gasp_lock().",
    result: ERRNO,
    returns: "EOK or an error.",
    phase: documented("both"),
    locks: [RELEASES],
  }),
  fn("gasp_find_free", {
    summary: "Finds a free region of the given space type; normally at startup.",
    versions: ALL,
    sources: [api70("gasp_find_free"), api80("about_gasp_8h"), api71("about_gasp_8h")],
    c: {
      "7.0": "uint64_t gasp_find_free(const struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align)",
    },
    prototype: "documented",
    params: [handle("gsp", "guest_system"), u32("qst"), u64("size"), u64("align")],
    arguments: "qst: QST_* space; size, align in bytes.",
    result: U64,
    returns: "start location, or QSL_NO_LOCATION.",
    phase: documented("both"),
    threadSafe: WHILE_LOCKED,
    locks: [UNDER_LOCK_WHEN_RUNNING],
    notes:
      "Thread safe during startup only; when running hold gasp_lock() from before the call until the region is claimed.",
  }),
  fn("gasp_find_free_range", {
    summary: "gasp_find_free() limited to an address range.",
    versions: ALL,
    sources: [api70("gasp_find_free_range"), api80("about_gasp_8h"), api71("about_gasp_8h")],
    c: {
      "7.0":
        "uint64_t gasp_find_free_range(const struct guest_system *gsp, unsigned qst, uint64_t size, uint64_t align, uint64_t min_addr, uint64_t max_addr)",
    },
    prototype: "documented",
    params: [
      handle("gsp", "guest_system"),
      u32("qst"),
      u64("size"),
      u64("align"),
      guestAddress("min_addr"),
      guestAddress("max_addr"),
    ],
    result: U64,
    returns: "start location, or QSL_NO_LOCATION.",
    phase: documented("both"),
    threadSafe: WHILE_LOCKED,
    locks: [UNDER_LOCK_WHEN_RUNNING],
    notes: "Same conditions as gasp_find_free().",
  }),
  fn("gasp_region_info", {
    summary: "Reports the region that covers a guest-physical location.",
    versions: ALL,
    sources: [api80("gasp_region_info"), api71("gasp_region_set"), api80("about_gasp_8h"), api71("about_gasp_8h")],
    c: {
      "7.1":
        "int gasp_region_info(struct guest_system *gsp, const struct qvm_state_block *blk, struct gasp_region *rgn)",
      "8.0": "int gasp_region_info(const struct qvm_state_block *blk, struct gasp_region *rgn)",
    },
    prototype: "inferred",
    params: [
      handle("gsp", "guest_system"),
      struct("blk", "qvm_state_block", "in"),
      struct("rgn", "gasp_region", "out"),
    ],
    arguments:
      "blk: location and length to query, type QST_MEMORY (MMIO vdevs) or QST_PCI_IO (PCI vdevs). rgn: result.",
    result: ERRNO,
    returns: "EOK or an error.",
    phase: documented("both"),
  }),
  fn("gasp_region_set", {
    summary:
      "As gasp_region_set_soft(), but takes and releases the gasp lock itself and terminates the qvm process on a fatal error.",
    versions: ALL,
    sources: [api70("gasp_region_set"), api71("gasp_region_set"), api80("about_gasp_8h"), api71("about_gasp_8h")],
    c: { "7.0": "void gasp_region_set(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn)" },
    prototype: "documented",
    params: [
      handle("gsp", "guest_system"),
      u32("num_regions"),
      struct("rgn", "gasp_region", "in", { count: "num_regions" }),
    ],
    result: VOID,
    phase: documented("startup"),
    notes:
      "qvm may have split memory into several regions; to delete a range, loop with gasp_region_info(). 8.0 prototype not found (8.0 dropped the gsp argument in the gasp calls that were found).",
  }),
  fn("gasp_region_set_soft", {
    summary:
      "Adds, modifies or deletes the vdev's own regions, or changes page permissions of guest RAM. Existing region with flags GRF_NONE: deleted; other flags: modified; not existing: added.",
    versions: ALL,
    sources: [
      api70("gasp_region_set_soft"),
      api71("gasp_region_set_soft"),
      api80("about_gasp_8h"),
      api71("about_gasp_8h"),
    ],
    c: {
      "7.0":
        "unsigned gasp_region_set_soft(struct guest_system *gsp, unsigned num_regions, const struct gasp_region *rgn)",
    },
    prototype: "documented",
    params: [
      handle("gsp", "guest_system"),
      u32("num_regions"),
      struct("rgn", "gasp_region", "in", { count: "num_regions" }),
    ],
    result: intResult("unsigned", false),
    returns:
      "number of regions set (== num_regions) on success; otherwise errno is set and the value is the index of the first failure.",
    phase: documented("running"),
    threadSafe: documented("no"),
    locks: [UNDER_LOCK],
    notes: "Must be called between gasp_lock() and gasp_unlock().",
  }),
];
