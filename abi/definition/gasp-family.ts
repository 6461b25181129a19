import { documented, functionsOf } from "./builders.ts";

/** The tables of 7.1 and 8.0 agree; no 7.0 table was found. */
const SAFE = documented("yes" as const, "7.1 and 8.0 function safety tables");

/** The gasp_*() functions. */
export const gaspFunction = functionsOf({
  header: "gasp",
  threadSafe: SAFE,
  adviseAgainst: {
    threads: ["vcpu"],
    note: "the 7.1 and 8.0 manuals say: call gasp_*() from a thread of your own, not from the vCPU thread",
  },
});
