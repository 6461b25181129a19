import { bodies } from "./body.ts";

/** What comes from libc and needs the host. */
export const posixBodies = bodies({
  errno_get: (_vm, instance) => instance.errno,
});
