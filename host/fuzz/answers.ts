import type { TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { joinHalves } from "../memory/halves.ts";
import type { Witness } from "./target.ts";

/** How an access ended: what a read got, `ok` for a write, or why there is nothing. */
export type Answer = bigint | "ok" | "bus-error" | "stop" | "no-advance";

const REFUSALS = ["ok", "bus-error", "stop", "no-advance"] as const;

/** Keeps what a program's operations get: one entry for each that was carried out, undefined for what is no access. */
export class Answers implements Witness {
  all: (Answer | undefined)[] = [];

  begin(): void {
    this.all = [];
  }

  access(ring: TrapRing): void {
    const status = ring.status(0);
    const { write, width, valueLo, valueHi } = ring.trap(0);
    if (status !== AccessStatus.done) this.all.push(REFUSALS[status]);
    else this.all.push(write ? "ok" : BigInt.asUintN(8 * width, joinHalves(valueLo, valueHi)));
  }

  operation(): void {
    this.all.push(undefined);
  }
}
