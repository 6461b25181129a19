/** Addresses of the public pages the definition rests on. Each function takes a topic without `.html`. */
type Page = (topic: string) => string;

const book =
  (release: string, title: string): Page =>
  (topic) =>
    `https://www.qnx.com/developers/docs/${release}/com.qnx.doc.hypervisor.${title}/topic/${topic}.html`;

/** Virtual Device Developer's API Reference. */
export const api70 = book("7.0.0", "vdev.api");
export const api71 = book("7.1", "vdev.api");
export const api80 = book("8.0", "vdev.api");

/** Virtual Device Developer's Guide. */
export const guide70 = book("7.0.0", "vdev");
export const guide71 = book("7.1", "vdev");
export const guide80 = book("8.0", "vdev.dev_guide");

/** User's Guide. */
export const user70 = book("7.0.0", "user");
export const user71 = book("7.1", "user");
export const user80 = book("8.0", "user");

/** Where the phase rules, the thread rules and the way to read the safety tables are. */
export const FUNCTION_SAFETY = api70("manual/func_safety");

/** A working vdev whose calls show prototypes that no page found does. */
export const THIRD_PARTY = "third-party vdev-virtio-gpu.c (MIT repository, QNX 8.0, Raspberry Pi 5)";

/** What C authors take from libc. */
export const POSIX = "https://pubs.opengroup.org/onlinepubs/9699919799/";
