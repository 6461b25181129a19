/** Ways to kinds of states. Oracle: the shortest of what was added, looked for by hand. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "./chooser.ts";
import { Ways } from "./ways.ts";
import { parseWorkload, type VcpuStep } from "./workload.ts";

const wayOf = (length: number): readonly VcpuStep[] => parseWorkload("readl 0x10\n".repeat(length), "way", 1).vcpus[0]!;

describe("ways", () => {
  it("are the shortest to each kind, and the first of those", () => {
    const added = fc.record({
      kinds: fc.uniqueArray(fc.nat(5), { maxLength: 4 }),
      length: fc.integer({ min: 1, max: 8 }),
    });
    fc.assert(
      fc.property(fc.array(added, { maxLength: 12 }), (all) => {
        const ways = new Ways();
        const given = all.map(({ kinds, length }) => ({ kinds, way: wayOf(length) }));
        for (const { kinds, way } of given) ways.add(kinds, way);
        const wanted = new Set(
          [0, 1, 2, 3, 4, 5].flatMap((kind) => {
            const there = given.filter(({ kinds }) => kinds.includes(kind));
            return there.toSorted((a, b) => a.way.length - b.way.length).slice(0, 1); // stable
          }),
        );
        const random = new Random(1);
        const picked = new Set(Array.from({ length: 200 }, () => ways.pick(random)));
        picked.delete(undefined);
        expect(picked).toEqual(new Set([...wanted].map(({ way }) => way)));
      }),
      { numRuns: 30 },
    );
  });

  it("are not kept when nothing was done, or too much", () => {
    const ways = new Ways();
    ways.add([1], []);
    ways.add([2], wayOf(33));
    expect(ways.pick(new Random(1))).toBeUndefined();
  });
});
