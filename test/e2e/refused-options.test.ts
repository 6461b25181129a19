// What the user is told when a vdev refuses an option. Oracle: the READMEs of the vdevs.
import { describe, expect, it } from "vitest";
import { vdevbox } from "./command-line.ts";

describe.concurrent("a refused option of a vdev is told with what the option takes", () => {
  const cases: [vdev: string, option: string, sentence: string][] = [
    [
      "wdt-sp805",
      "action trminate",
      'action takes terminate or fiq, with dump, in front of it for a guest dump, and not "trminate"',
    ],
    ["wdt-ib700", "action fiq", "action fiq needs an interrupt: give the watchdog an intr option"],
    [
      "wdt-sp805",
      "frequency 25M",
      'frequency takes a number from 1 to 4294967295, decimal or 0x hex without a suffix, and not "25M"',
    ],
    ["trace loc 0x1000000", "emit-trace 010", 'and not "010": a leading 0 might mean octal'],
    ["pl011 loc 0x1000000", "modem cts,", 'modem takes cts, dsr, dcd and ri, joined by commas, and not "cts,"'],
    ["pl011 loc 0x1000000", "delayed -9", 'delayed takes seconds or forever, and not "-9"'],
    [
      "pl031 loc 0x1000000",
      "start soon",
      "start takes seconds since 1970 or a date as in 2020-01-01T12:00:00Z, up to 2106",
    ],
    ["mc146818", "bytes 32", 'bytes takes 64 or 128, and not "32"'],
  ];
  it.each(cases)("%s %s", (vdev, option, sentence) => {
    const run = vdevbox("run", `system refused ram 0,4M vdev ${vdev} ${option}`);
    expect(run.err).toContain(sentence);
    expect(run.err).toMatch(/ refused .* with EINVAL/);
    expect(run.code).toBe(64);
  });
});
