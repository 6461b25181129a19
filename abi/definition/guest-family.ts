import { documented, functionsOf } from "./builders.ts";

/** The functions of `qvm/guest.h`: 7.0 has one table for all of them. */
export const guestFunction = functionsOf({
  header: "guest",
  threadSafe: documented("yes", "7.0 function safety table: every function of this header"),
});
