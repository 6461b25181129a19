/** Expectations worked out by hand from the definition of an address space: 2^64 bytes, 2^16 ports, no overlaps. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { AddressSpace, type Space } from "./address-space.ts";

function spaceWith(space: Space, ...ranges: readonly (readonly [bigint, bigint, string])[]): AddressSpace {
  const made = new AddressSpace(space);
  for (const [start, length, owner] of ranges) {
    expect(made.conflict(start, length, owner)).toBeUndefined();
    made.add({ start, length, owner, what: { kind: "ram" } });
  }
  return made;
}

const TOP = 1n << 64n;

describe("a conflict", () => {
  const memory = spaceWith("memory", [0x1000n, 0x1000n, "ram"], [0x4000n, 0x10n, "uart"]);

  it("names both owners and both ranges", () => {
    expect(memory.conflict(0x1800n, 0x1000n, "rtc")).toBe(
      "rtc claims 0x1800..0x27ff, which overlaps 0x1000..0x1fff of ram",
    );
    expect(memory.conflict(0x3000n, 0x2000n, "rtc")).toBe(
      "rtc claims 0x3000..0x4fff, which overlaps 0x4000..0x400f of uart",
    );
  });

  it.each([
    ["touches below", 0xfffn, 1n, undefined],
    ["first byte", 0xfffn, 2n, "ram"],
    ["last byte", 0x1fffn, 1n, "ram"],
    ["touches above", 0x2000n, 0x2000n, undefined],
    ["inside", 0x1100n, 1n, "ram"],
    ["around", 0n, 0x10000n, "ram"],
    ["up to the second", 0x2000n, 0x2001n, "uart"],
  ])("at an edge: %s", (_what, start, length, owner) => {
    const sentence = memory.conflict(start, length, "new");
    if (owner === undefined) expect(sentence).toBeUndefined();
    else expect(sentence).toContain(` of ${owner}`);
  });

  it("is an empty range", () => {
    expect(memory.conflict(0x9000n, 0n, "new")).toBe("new claims an empty range at 0x9000");
  });

  it("is what lies beyond 2^64 bytes or 2^16 ports", () => {
    expect(memory.conflict(TOP - 1n, 1n, "last")).toBeUndefined();
    expect(memory.conflict(TOP - 1n, 2n, "last")).toMatch(/^last claims .* which is outside the memory space$/);
    const io = new AddressSpace("io");
    expect(io.conflict(0xffffn, 1n, "last")).toBeUndefined();
    expect(io.conflict(0xffffn, 2n, "last")).toMatch(/outside the 64 KiB port space$/);
    expect(io.conflict(0x10000n, 1n, "last")).toMatch(/outside the 64 KiB port space$/);
  });
});

describe("find", () => {
  it("gives the region that holds a byte, up to the last of the space", () => {
    const memory = spaceWith("memory", [0n, 1n, "first"], [TOP - 0x10n, 0x10n, "last"]);
    expect(memory.find(0n)?.owner).toBe("first");
    expect(memory.find(1n)).toBeUndefined();
    expect(memory.find(TOP - 0x11n)).toBeUndefined();
    expect(memory.find(TOP - 1n)?.owner).toBe("last");
  });

  it("forgets what was removed", () => {
    const memory = spaceWith("memory", [0x1000n, 0x1000n, "one"], [0x2000n, 0x1000n, "two"]);
    memory.remove(memory.find(0x1000n)!);
    expect(memory.find(0x1800n)).toBeUndefined();
    expect(memory.conflict(0x1000n, 0x1000n, "again")).toBeUndefined();
    expect(memory.regions.map((region) => region.owner)).toEqual(["two"]);
  });
});

describe("findFree", () => {
  const memory = spaceWith("memory", [0n, 0x1800n, "ram"], [0x3000n, 0x1000n, "uart"], [0x5000n, 0x1000n, "rtc"]);

  it.each([
    // [size, align, min, max] and where: by looking at the gaps 0x1800..0x2fff, 0x4000..0x4fff, 0x6000...
    [0x10n, 1n, 0n, TOP - 1n, 0x1800n],
    [0x1000n, 0x1000n, 0n, TOP - 1n, 0x2000n],
    [0x1801n, 1n, 0n, TOP - 1n, 0x6000n],
    [0x1000n, 0x2000n, 0n, TOP - 1n, 0x2000n],
    [0x1001n, 0x2000n, 0n, TOP - 1n, 0x6000n],
    [0x1000n, 0x1000n, 0x2001n, TOP - 1n, 0x4000n],
    [0x1000n, 0x1000n, 0x4000n, 0x4fffn, 0x4000n],
    [0x1000n, 0x1000n, 0x4001n, 0x5fffn, undefined],
    [0x10n, 0x10n, 0x3100n, 0x3fffn, undefined],
    [1n, 0n, 0n, TOP - 1n, 0x1800n],
    [TOP, 1n, 0n, TOP - 1n, undefined],
  ])("of %i bytes aligned to %i within %i..%i is %s", (size, align, min, max, expected) => {
    expect(memory.findFree(size, align, min, max)).toBe(expected);
  });

  it("takes the last bytes of the space and none beyond", () => {
    const full = spaceWith("memory", [0n, TOP - 0x10n, "all"]);
    expect(full.findFree(0x10n, 0x10n)).toBe(TOP - 0x10n);
    expect(full.findFree(0x11n, 1n)).toBeUndefined();
    const io = spaceWith("io", [0n, 0xfff8n, "ports"]);
    expect(io.findFree(8n, 8n)).toBe(0xfff8n);
    expect(io.findFree(9n, 1n)).toBeUndefined();
  });
});

it("agrees with a list of bytes, whatever is claimed and given back", () => {
  const step = fc.record({
    start: fc.integer({ min: 0, max: 63 }),
    length: fc.integer({ min: 1, max: 12 }),
    add: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
      const memory = new AddressSpace("memory");
      const bytes: string[] = new Array(80).fill("");
      steps.forEach(({ start, length, add }, i) => {
        const owner = `o${i}`;
        if (!add) {
          const found = memory.find(BigInt(start));
          expect(found?.owner ?? "").toBe(bytes[start]);
          if (found !== undefined) memory.remove(found);
          if (found !== undefined)
            bytes.forEach((by, at) => {
              if (by === found.owner) bytes[at] = "";
            });
          return;
        }
        const free = bytes.slice(start, start + length).every((by) => by === "");
        expect(memory.conflict(BigInt(start), BigInt(length), owner) === undefined).toBe(free);
        if (!free) return;
        memory.add({ start: BigInt(start), length: BigInt(length), owner, what: { kind: "ram" } });
        bytes.fill(owner, start, start + length);
      });
      const first = memory.findFree(4n, 4n);
      const expected = Array.from({ length: 20 }, (_, i) => 4 * i).find((at) =>
        bytes.slice(at, at + 4).every((by) => by === ""),
      );
      expect(first).toBe(BigInt(expected ?? 80));
    }),
  );
});
