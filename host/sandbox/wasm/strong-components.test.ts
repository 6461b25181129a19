import { expect, it } from "vitest";
import { strongComponents } from "./strong-components.ts";

it("finds cycles, and numbers callees below callers", () => {
  // 0 -> 1 <-> 2 -> 3, 4 -> 4
  const components = strongComponents([[1], [2], [1, 3], [], [4]]);
  expect([0, 1, 2, 3, 4].map((node) => components.isCyclic(node))).toEqual([false, true, true, false, true]);
  expect(components.componentOf[1]).toBe(components.componentOf[2]);
  expect(components.componentOf[0]).toBeGreaterThan(components.componentOf[1]);
  expect(components.componentOf[2]).toBeGreaterThan(components.componentOf[3]);
});

it("follows a path of a hundred thousand nodes", () => {
  const count = 100_000;
  const ring = Array.from({ length: count }, (_, node) => [(node + 1) % count]);
  expect(strongComponents(ring).members).toHaveLength(1);
});
