/** Every planted mistake of a device is found by a campaign, and nothing in its twin. Oracle: the remarks in the sources. */
import { describe, expect, it } from "vitest";
import { PLANTED_DEVICES } from "../planted/devices/expected.ts";
import { DeviceModule } from "../planted/devices/time-to-bug.ts";

const TWIN_EXECUTIONS = 30_000;

describe.each(PLANTED_DEVICES)("$name", (planted) => {
  it("is found with every seed in less than a minute, and in 10 operations at most", async () => {
    const module = await DeviceModule.make(planted, "planted");
    for (const seed of [1, 2, 3, 4, 5]) {
      const { found } = await module.campaign(seed, { seconds: 60 });
      expect([seed, found?.finding.rule, found?.isConfirmed]).toEqual([seed, planted.class, true]);
      expect(found!.operations).toBeLessThanOrEqual(10);
    }
    module.end();
  }, 320_000);

  it("has a twin of which nothing is told", async () => {
    const module = await DeviceModule.make(planted, "fixed");
    const { found, others } = await module.campaign(7, { executions: TWIN_EXECUTIONS });
    expect([found?.finding, ...others]).toEqual([undefined]);
    module.end();
  });
});
