// Oracle: written by hand from the sequence of accesses.
import { describe, expect, it } from "vitest";
import { AccessLoops } from "./access-loops.ts";
import type { AccessEvent } from "./refusal.ts";

const access = (op: "read" | "write", port: number, value: number): AccessEvent => ({
  ...{ kind: "access", op, space: "io", address: BigInt(port), width: 1, value: BigInt(value), vcpu: 0, outcome: "ok" },
});
const index = (value: number) => access("write", 0x70, value);
const data = (value: number) => access("read", 0x71, value);

const words = (one: AccessEvent) => `${one.op} ${one.address.toString(16)} ${one.value.toString(16)}`;

function told(accesses: readonly AccessEvent[]): string[] {
  const loops = new AccessLoops();
  const lines = accesses.flatMap((one) => loops.add(one, () => words(one)));
  const rest = loops.flush();
  expect(loops.flush()).toEqual([]);
  return [...lines, ...rest];
}

const rounds = (count: number, round: (i: number) => AccessEvent[]) =>
  Array.from({ length: count }, (_, i) => round(i)).flat();

describe("accesses in rounds", () => {
  it("are told twice and then counted, with the last one", () => {
    expect(told(rounds(1000, (i) => [index(i % 3), data(i % 256)]))).toEqual([
      "write 70 0",
      "read 71 0",
      "write 70 1",
      "read 71 1",
      "these 2 come 998 times more; the last: read 71 e7",
    ]);
  });

  it("may be of up to four places, with a poll among them that takes any number of reads", () => {
    const round = (i: number) => [
      ...Array.from({ length: 1 + (i % 3) }, () => access("read", 0x64, 0)),
      access("write", 0x60, 1),
      access("write", 0x61, 2),
      access("read", 0x62, 3),
    ];
    const lines = told(rounds(500, round));
    expect(lines).toHaveLength(9);
    expect(lines[8]).toBe("these 4 come 498 times more; the last: read 62 3");
  });

  it("are told one by one where a line more would say less", () => {
    const three = rounds(3, () => [index(0), data(1)]);
    expect(told(three)).toEqual(three.map(words));
    const different = [1, 2, 3, 4, 5, 1, 2, 3, 4, 5, 1, 2, 3, 4, 5].map((port) => access("read", port, 0));
    expect(told(different)).toEqual(different.map(words));
  });

  it("do not hide what comes behind a loop, or in the middle of a round", () => {
    const lines = told([...rounds(10, () => [index(0), data(1)]), index(0), access("write", 0x80, 9), data(1)]);
    expect(lines.slice(4)).toEqual([
      "these 2 come 8 times more; the last: read 71 1",
      "write 70 0",
      "write 80 9",
      "read 71 1",
    ]);
  });

  it("end where something else happens", () => {
    const loops = new AccessLoops();
    const lines = rounds(5, () => [index(0), data(1)]).flatMap((one) => loops.add(one, () => words(one)));
    expect([...lines, ...loops.flush()].at(-1)).toBe("these 2 come 3 times more; the last: read 71 1");
    expect([...loops.add(index(0), () => "again"), ...loops.flush()]).toEqual(["again"]);
  });
});
