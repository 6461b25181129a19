import { expect, it } from "vitest";
import { BENCHMARKS } from "../../host/bench/figures.ts";
import { vdevbox } from "../e2e/command-line.ts";

it("vdevbox bench prints every figure as JSON, whatever the values are", () => {
  const { code, out } = vdevbox("bench", "--rounds", "1", "--json");
  expect(code).toBe(0);
  const figures = JSON.parse(out) as Record<string, Record<string, unknown>>;
  expect(Object.keys(figures)).toEqual(Object.keys(BENCHMARKS));
  for (const [key, measured] of Object.entries(figures)) {
    expect(measured, key).toMatchObject({ rounds: 1, unit: expect.any(String), target: expect.any(String) });
    expect(measured.value, key).toBeTypeOf("number");
    for (const name of ["yardstick", "ratio", "met"]) expect(measured, key).toHaveProperty(name);
  }
}, 120_000);
