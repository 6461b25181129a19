/** findings.sarif. Oracle: the rules of SARIF 2.1.0 in sarif-rules.ts, and what the findings say. */
import { describe, expect, it } from "vitest";
import { causeOf } from "../../host/fuzz/found.ts";
import type { KnownFinding } from "../../host/fuzz/known-findings.ts";
import { sarifOf } from "../../host/fuzz/sarif.ts";
import type { Finding, StackFrame } from "../../host/gate/finding.ts";
import { brokenRules } from "./sarif-rules.ts";

const frame = (name: string, line?: number, file = "vdevs/my device/ring#1.ts"): StackFrame => ({
  ...{ function: name, module: "/somewhere/ring.wasm" },
  ...(line !== undefined && { file, line, column: 7 }),
});
const BASE: Finding = {
  ...{ severity: "fault", rule: "trap", message: "it trapped", module: "ring", affected: [], advice: "Do not" },
  situation: { phase: "running", callback: "vwrite", thread: "vcpu", vcpu: 0, vdev: 0, trap: 3 },
  vdev: { name: "ring", type: "ring", location: "0x1000" },
  stack: [frame("pop", 12), frame("drain", 30), frame("vwrite", 50)],
};
const FINDINGS: Finding[] = [
  BASE,
  { ...BASE, severity: "warning", rule: "double-fetch", stack: [frame("unknown")], message: "fetched <twice>" },
  {
    ...{ ...BASE, severity: "violation", rule: "race", stack: [] },
    accesses: [
      { thread: "vCPU 0", writes: true, place: { file: "a.ts", line: 3, column: 1 }, locks: [] },
      { thread: "worker", writes: false, place: { file: "b.ts", line: 9 }, locks: ["m"] },
    ],
  },
  { ...BASE, rule: "deadlock", also: [{ what: "it was locked here", stack: [frame("lock", 77)] }] },
  { ...BASE, rule: "limit", stack: Array.from({ length: 5000 }, () => frame("recurse", 5)) },
  { ...BASE, rule: "lock", stack: [frame("out", 1, "/other/place/x.ts"), frame("up", 2, "../beside.ts")] },
];
const known = (findings: readonly Finding[]): KnownFinding[] =>
  findings.map((finding, i) => ({ name: `finding-${i}`, cause: causeOf(finding), finding }));
interface Log {
  readonly runs: readonly [
    { readonly results: readonly Record<string, never>[]; readonly tool: { driver: { rules: { id: string }[] } } },
  ];
}
const sarif = (findings: readonly KnownFinding[], folder = "/repo/out/c", root = "/repo") =>
  JSON.parse(JSON.stringify(sarifOf(findings, { what: "ring", findings: `${folder}/findings`, root }))) as Log;
const resultsOf = (log: Log) => log.runs[0].results;

describe("findings.sarif", () => {
  it("is as the specification has it, with findings of every shape and without any", () => {
    expect(brokenRules(sarif(known(FINDINGS)) as never)).toEqual([]);
    expect(brokenRules(sarif([]) as never)).toEqual([]);
    expect(resultsOf(sarif([]))).toEqual([]);
  });

  it("that is not is seen", () => {
    const spoil = (change: (log: never) => void) => {
      const log = sarif(known(FINDINGS));
      change(log as never);
      return brokenRules(log as never).length;
    };
    const results = (log: Log) => resultsOf(log) as unknown as Record<string, unknown>[];
    expect(spoil((log: { version: string }) => (log.version = "2.0.0"))).toBe(1);
    expect(spoil((log: Log) => (results(log)[0]!.ruleIndex = 99))).toBe(1);
    expect(spoil((log: Log) => (results(log)[0]!.message = {}))).toBe(1);
    expect(spoil((log: Log) => (results(log)[0]!.extra = 1))).toBe(1);
  });

  it("has the innermost line of the sources as place, relative to the root of the repository", () => {
    const [result] = resultsOf(sarif(known(FINDINGS)));
    expect(result).toMatchObject({
      ...{ ruleId: "trap", level: "error", message: { text: "it trapped. Do not" } },
      locations: [
        {
          physicalLocation: {
            artifactLocation: { uri: "vdevs/my%20device/ring%231.ts", uriBaseId: "%SRCROOT%" },
            region: { startLine: 12, startColumn: 7 },
          },
        },
      ],
    });
  });

  it("leads from the outermost frame to where it happened; a race has a flow for each thread", () => {
    const results = resultsOf(sarif(known(FINDINGS))) as unknown as {
      codeFlows?: {
        threadFlows: { locations: { location: { physicalLocation: { region: { startLine: number } } } }[] }[];
      }[];
    }[];
    const lines = (i: number) =>
      results[i]!.codeFlows?.[0]?.threadFlows.map(({ locations }) =>
        locations.map(({ location }) => location.physicalLocation.region.startLine),
      );
    expect(lines(0)).toEqual([[50, 30, 12]]);
    expect(lines(1)).toBeUndefined();
    expect(lines(2)).toEqual([[3], [9]]);
    expect(lines(4)![0]!.length).toBeLessThan(100);
  });

  it("names what a finding without a line is about: its configuration", () => {
    const [, result] = resultsOf(sarif(known(FINDINGS))) as unknown as { locations: never[] }[];
    expect(result!.locations[0]).toMatchObject({
      physicalLocation: { artifactLocation: { uri: "out/c/findings/finding-1/vm.qvmconf" } },
    });
  });

  it("has other places where a finding has them, and files outside of the repository as they are", () => {
    const results = resultsOf(sarif(known(FINDINGS))) as unknown as Record<string, never[]>[];
    expect(results[3]!.relatedLocations![0]).toMatchObject({ id: 1, message: { text: "it was locked here" } });
    expect(results[5]!.locations![0]).toMatchObject({
      physicalLocation: { artifactLocation: { uri: "file:///other/place/x.ts" } },
    });
  });

  it("has fingerprints that another campaign, place and program do not change, and another line does", () => {
    const prints = (findings: readonly Finding[], folder?: string, root?: string) =>
      (resultsOf(sarif(known(findings), folder, root)) as unknown as { fingerprints: Record<string, string> }[]).map(
        ({ fingerprints }) => Object.values(fingerprints)[0]!,
      );
    const first = prints(FINDINGS);
    const later = FINDINGS.map((one) => ({ ...one, situation: { ...one.situation, trap: 99 } }));
    expect(prints(later, "/elsewhere/campaign", "/elsewhere")).toEqual(first);
    expect(new Set(first).size).toBe(FINDINGS.length);
    const moved = { ...BASE, stack: [frame("pop", 13), ...BASE.stack.slice(1)] };
    expect(prints([moved])[0]).not.toBe(first[0]);
  });

  it("has each rule once", () => {
    const log = sarif(known([...FINDINGS, BASE]));
    const ids = log.runs[0].tool.driver.rules.map(({ id }) => id);
    expect(ids.toSorted()).toEqual(["deadlock", "double-fetch", "limit", "lock", "race", "trap"]);
  });
});
