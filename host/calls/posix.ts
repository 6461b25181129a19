import { bodies } from "./body.ts";

/** What comes from libc and needs the host. */
export const posixBodies = bodies({
  errno_get: (vm) => vm.threadStates.current.errno,
});
