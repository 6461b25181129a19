// Oracle: written by hand from the sequence of accesses.
import { describe, expect, it } from "vitest";
import { AccessRuns } from "./access-runs.ts";
import type { AccessEvent } from "./refusal.ts";

const access = (op: "read" | "write", value: number, change: Partial<AccessEvent> = {}): AccessEvent => ({
  kind: "access",
  op,
  space: "memory",
  address: 0x1000n,
  width: 4,
  value: BigInt(value),
  vcpu: 0,
  outcome: "ok",
  ...change,
});

/** What accesses that all belong together are told as. */
function told(accesses: readonly AccessEvent[]): string[] {
  const runs = new AccessRuns();
  for (const one of accesses) {
    expect(runs.takes(one)).toBe(true);
    runs.add(one, () => `${one.op} 0x${one.value.toString(16)}`);
  }
  const lines = runs.takeLines();
  expect(runs.takeLines()).toEqual([]);
  return lines;
}

const reads = (...values: number[]) => values.map((value) => access("read", value));
const writes = (...values: number[]) => values.map((value) => access("write", value));

describe("accesses that are told together", () => {
  it("counts equal ones", () => {
    expect(told(reads(5))).toEqual(["read 0x5"]);
    expect(told(reads(5, 5, 5))).toEqual(["read 0x5 (3 times)"]);
  });

  it("lists the values of a poll in one line, up to three", () => {
    expect(told(reads(1, 1, 2, 3, 3))).toEqual(["read 0x1 (2 times), then 0x2, then 0x3 (2 times)"]);
  });

  it("tells few writes one by one", () => {
    expect(told(writes(1, 2, 2))).toEqual(["write 0x1", "write 0x2 (2 times)"]);
  });

  it("tells only first and last of many", () => {
    expect(told(writes(7, 7, 8, 9, 10, 10))).toEqual(["write 0x7 (2 times); 4 more writes follow, the last of 0xa"]);
    expect(told(reads(1, 2, 1, 2))).toEqual(["read 0x1; 3 more reads follow, the last gives 0x2"]);
  });

  it("keeps a hundred thousand of them in one line", () => {
    const many = Array.from({ length: 100_000 }, (_, i) => access("read", i % 2));
    expect(told(many)).toEqual(["read 0x0; 99999 more reads follow, the last gives 0x1"]);
  });

  it("takes no access at another place, of another kind, or refused with another value", () => {
    const runs = new AccessRuns();
    runs.add(access("write", 1), () => "");
    for (const other of [
      access("read", 1),
      access("write", 1, { address: 0x1004n }),
      access("write", 1, { width: 2 }),
      access("write", 1, { space: "io" }),
      access("write", 1, { outcome: "bus-error" }),
    ])
      expect(runs.takes(other)).toBe(false);
    const refused = new AccessRuns();
    refused.add(access("write", 1, { outcome: "bus-error" }), () => "");
    expect(refused.takes(access("write", 1, { outcome: "bus-error" }))).toBe(true);
    expect(refused.takes(access("write", 2, { outcome: "bus-error" }))).toBe(false);
  });
});
