import { UserError } from "../../errors.ts";
import type { VmPlan } from "../../vm/plan.ts";
import { HOLE_END, HOLE_START } from "./memory-map.ts";

/** RAM of a ROM guest whose configuration has none. */
const ROM_RAM_BYTES = 4n << 20n;

/**
 * The plan with the RAM its guest has. A ROM guest has one piece in the configuration, from 0 on, or the default; its
 * machine has none between HOLE_START and HOLE_END, so there vdevs may be.
 * @throws UserError for other RAM of a ROM guest
 */
export function withGuestRam(plan: VmPlan, guestKind: string): VmPlan {
  if (guestKind !== "rom") return plan;
  const given = plan.ram.filter((range) => range.writable);
  const [ram, ...more] = given.length > 0 ? given : [{ start: 0n, length: ROM_RAM_BYTES, writable: true }];
  if (ram === undefined || more.length > 0 || ram.start !== 0n) {
    throw new UserError(
      "a ROM guest has one piece of RAM that begins at 0; write `ram 0,SIZE`",
      (more[0] ?? ram)?.place,
    );
  }
  const [low, high] = [BigInt(HOLE_START), BigInt(HOLE_END)];
  const pieces =
    ram.length <= high
      ? [ram]
      : [
          { ...ram, length: low },
          { ...ram, start: high, length: ram.length - high },
        ];
  return { ...plan, ram: [...pieces, ...plan.ram.filter((range) => !range.writable)] };
}

/** Bytes up to the end of a ROM guest's RAM. */
export function ramEnd(plan: VmPlan): number {
  const ends = plan.ram.filter((range) => range.writable).map(({ start, length }) => Number(start + length));
  return Math.max(0, ...ends);
}
