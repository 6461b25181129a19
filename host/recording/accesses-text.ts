import { formatStep } from "../guests/script/format-step.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { accessesOf } from "../guests/script/together.ts";
import type { GuestAccess } from "../vm/begun-access.ts";

/** Accesses as the lines of a script, for a recording. */
export function formatAccesses(accesses: readonly GuestAccess[]): string {
  let vcpu = 0;
  return accesses
    .map((access) => {
      const { space, width } = access;
      const address = whole(access.lo, access.hi);
      const value = BigInt.asUintN(8 * width, whole(access.valueLo, access.valueHi));
      const line = formatStep(
        access.op === "read"
          ? { kind: "read", space, width, address }
          : { kind: "write", space, width, address, value },
      );
      if (access.vcpu === vcpu) return line;
      vcpu = access.vcpu;
      return `vcpu ${vcpu}\n${line}`;
    })
    .join("\n");
}

function whole(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}

/** @throws UserError for a text that `formatAccesses` does not make */
export function parseAccesses(text: string, file: string): GuestAccess[] {
  return accessesOf(parseScript(text, file), 0).accesses.map(({ access }) => access);
}
