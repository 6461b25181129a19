import { expect, it } from "vitest";
import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { BODIES } from "./imports.ts";

it("every function the definition calls complete has a body, and no other has", () => {
  const callable = GATE_TABLE.filter((entry) => entry.prototype !== "unknown");
  const complete = callable.filter((entry) => entry.body === "complete").map((entry) => entry.name);
  expect(Object.keys(BODIES).sort()).toEqual(complete.sort());
});
