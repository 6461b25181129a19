/** Modules that give the search trouble. Oracle: the comments of assembly/hostile.ts, and docs/explore.md on how long it takes. */
import { join } from "node:path";
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { Search, type SearchResult } from "../../host/explore/search.ts";
import { packageRoot } from "../../host/paths.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { moduleFile, vdevPlan, vmPlan } from "../support/vm.ts";

/** What a schedule takes on the clock of these tests. */
const RUN_MS = 10;

let module = "";
beforeAll(async () => {
  const file = join(packageRoot(), "test/explore/assembly/hostile.ts");
  const { wasm, sourceMap } = await compileVdev({ file, projectDir: packageRoot() });
  module = moduleFile(wasm, "hostile", sourceMap);
}, 120_000);
afterEach(() => vi.restoreAllMocks());

/** @param budget what ends the search; @param steps of a callback */
function search(
  type: string,
  budget: { readonly schedules?: number; readonly milliseconds?: number },
  now: () => number = () => 0,
): Promise<SearchResult> {
  const plan = vmPlan([vdevPlan(module, { type })], { cpus: 2, limits: { steps: 50_000, hostWork: 1000 } });
  return new Search({ plan, pieces: [], create: {}, seed: 1, ...budget, now }).run();
}

const rulesOf = ({ found }: SearchResult) =>
  new Set(found.map(({ what }) => (what.kind === "finding" ? what.finding.rule : what.kind)));

describe("a module that gives trouble", () => {
  it("is stopped where a thread of it loses its turn to another and cannot be left", async () => {
    const result = await search("deep", { schedules: 400 });
    expect(rulesOf(result)).toContain("trap");
    expect(result).toMatchObject({ schedules: 400, unexplained: 0 });
  }, 60_000);

  it.each(["spinning", "calling"])(
    "is told of with its limit: %s",
    async (type) => {
      const result = await search(type, { schedules: 15 });
      expect(rulesOf(result)).toContain("limit");
      expect(result).toMatchObject({ schedules: 15, unexplained: 0 });
    },
    60_000,
  );

  it("is told of with its limit where a callback waits for what gives its turn away for ever", async () => {
    const plan = vmPlan([vdevPlan(module, { type: "yielding" })], { cpus: 2 });
    const result = await new Search({ plan, pieces: [], create: {}, seed: 1, schedules: 2, now: () => 0 }).run();
    expect(rulesOf(result)).toContain("limit");
    expect(result).toMatchObject({ schedules: 2, unexplained: 0 });
    expect(result.switches / 2).toBeLessThan(20_000); // a run waits for 100,000
  }, 60_000);

  it("does not keep a search longer than it may take, and a tenth for what it has found last", async () => {
    let runs = 0;
    const restore = VmSnapshot.prototype.restore;
    vi.spyOn(VmSnapshot.prototype, "restore").mockImplementation(function (this: VmSnapshot) {
      runs++;
      restore.call(this);
    });
    const { found, milliseconds } = await search("deep", { milliseconds: 100 }, () => runs * RUN_MS);
    expect(found.length).toBeGreaterThan(0);
    // Each finding is made once more to be shown, whatever the time is.
    expect(milliseconds).toBeLessThanOrEqual(110 + RUN_MS * (1 + found.length));
  }, 60_000);
});
