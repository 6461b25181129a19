/** What a header is for, and what is known of its function safety table. Prose for the generated pages. */
export interface HeaderText {
  readonly title: string;
  readonly purpose: string;
  /** Where the function safety statements come from. */
  readonly safety: string;
}

const NO_TABLE = "No function safety table of this header was found: what is known stands with each function.";

export const HEADER_TEXTS: Readonly<Record<string, HeaderText>> = {
  "vdev-core": {
    title: "qvm/vdev-core.h",
    purpose:
      "Registration, the vdev instance and its factory, results of accesses, vdev threads, names and pulses. What qvm calls is in [callbacks](callbacks.md).",
    safety: NO_TABLE,
  },
  guest: {
    title: "qvm/guest.h",
    purpose:
      "Acting on the guest: transfers to and from a vCPU or the address space, interrupts, timers, instruction traps, power state, the end of the guest.",
    safety: "From the 7.0 table: every function is thread safe, two of them on a condition.",
  },
  gasp: {
    title: "qvm/gasp.h",
    purpose:
      "The guest address space: find, describe, change, walk and map it. `gram_*` allocates inside guest RAM and ROM.",
    safety:
      "From the 7.1 and 8.0 tables, which agree. At startup no lock is needed. Both manuals advise to call `gasp_*` from a thread of your own and not from the vCPU thread.",
  },
  types: {
    title: "qvm/types.h",
    purpose: "Types that several headers share: state block, region, interrupt, scheduling.",
    safety: "",
  },
  vio: {
    title: "qvm/vio.h",
    purpose:
      "The VIRTIO transport over memory or PCI, and virtqueues as I/O vectors. The vdev does the device part only.",
    safety: "From the 7.0 and 7.1 tables: all functions of the table are thread safe.",
  },
  vpci: { title: "qvm/vpci.h", purpose: "Virtual PCI devices.", safety: NO_TABLE },
  cdev: {
    title: "qvm/cdev.h",
    purpose: "Character devices backed by devices of the host.",
    safety: "From the 7.1 table: all functions are thread safe.",
  },
  wdog: { title: "qvm/wdog.h", purpose: "What watchdog vdevs share.", safety: NO_TABLE },
  utils: { title: "qvm/utils.h", purpose: "Parsing of locations and interrupts; slices.", safety: NO_TABLE },
  outpipe: {
    title: "qvm/outpipe.h",
    purpose: "Message output of 7.x. In 7.1 `vdev_logf()` belongs here too; this SDK keeps it in `log`.",
    safety: "The 7.0 manual says that the header's functions can all be used in the same way; how was not found.",
  },
  log: { title: "qvm/log.h", purpose: "Message output of 8.0, offered to 7.x vdevs alike.", safety: NO_TABLE },
  abi: { title: "qvm/abi.h", purpose: "The number of the ABI a vdev was built for.", safety: "" },
  vq: {
    title: "vq.h",
    purpose: "Virtqueue helpers of libhyp, which vdevs link statically. Known from published code only.",
    safety: NO_TABLE,
  },
  posix: {
    title: "libc and POSIX threads",
    purpose:
      "What C authors take from libc. Prototypes are POSIX's; sizes and numbers it leaves open are ours, as a module only has to agree with this host.",
    safety: "POSIX makes these functions thread safe.",
  },
};
