/** The time series of campaigns. Oracle: what is promised in host/fuzz/progress.ts, and series worked out by hand. */
import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { UserError } from "../../host/errors.ts";
import { ProgressLog, type ProgressPoint, readProgress } from "../../host/fuzz/progress.ts";
import { seriesOf } from "../../host/report/series.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-progress-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const at = (executions: number) => ({ executions, edges: 1, allEdges: 2, corpus: 3, findings: 0 });
const files = () => readdirSync(join(folder, "progress")).map((name) => join(folder, "progress", name));

describe("a time series", () => {
  it("is there to be read while it is written, and after a kill in the middle of a line", () => {
    let now = 5000;
    const log = new ProgressLog(folder, 0, 1_700_000_000_000, () => now);
    log.tell(at(1));
    now += 10_000;
    log.tell(at(2));
    const points = [
      { seconds: 0, ...at(1) },
      { seconds: 10, ...at(2) },
    ];
    expect(readProgress(folder)).toEqual([{ started: 1_700_000_000_000, points }]);
    appendFileSync(files()[0]!, '{"seconds":11,"executions":3,"ed');
    expect(readProgress(folder)[0]!.points).toEqual(points);
  });

  it("has a point at the end, and none behind it", () => {
    let now = 0;
    const log = new ProgressLog(folder, 0, 1, () => now);
    log.tell(at(1));
    now = 1;
    log.tell(at(2));
    log.tell(at(3), true);
    now = 1e6;
    log.tell(at(4));
    expect(readProgress(folder)[0]!.points.map(({ executions }) => executions)).toEqual([1, 3]);
  });

  it("stays small: of a day in steps of 50 ms no more than some thousand points, half a minute apart at most", () => {
    let now = 0;
    const log = new ProgressLog(folder, 0, 1, () => now);
    for (; now <= 86_400_000; now += 50) log.tell(at(now));
    const { points } = readProgress(folder)[0]!;
    expect(points.length).toBeLessThan(5000);
    const gaps = points.slice(1).map(({ seconds }, i) => seconds - points[i]!.seconds);
    expect(Math.max(...gaps)).toBeLessThanOrEqual(30.05);
    expect(points.filter(({ seconds }) => seconds < 1).length).toBeGreaterThanOrEqual(4);
  });

  it("of two processes that begin at once, with the same number, is two", () => {
    for (const i of [1, 2]) new ProgressLog(folder, 0, 1, () => 0).tell(at(i), true);
    expect(readProgress(folder)).toHaveLength(2);
  });

  it("that cannot be written is a sentence", () => {
    writeFileSync(join(folder, "progress"), "no folder");
    expect(() => new ProgressLog(folder, 0, 1, () => 0)).toThrow(UserError);
    expect(readProgress(folder)).toEqual([]);
  });

  it("that is rubbish is left out, line by line", () => {
    new ProgressLog(folder, 0, 1, () => 0).tell(at(1));
    const [file] = files();
    const bad = [
      "null",
      "[]",
      '{"seconds":-1,"executions":1,"edges":1,"allEdges":1,"corpus":1,"findings":1}',
      '{"seconds":1e999,"executions":1,"edges":1,"allEdges":1,"corpus":1,"findings":1}',
      '{"seconds":1,"executions":"1","edges":1,"allEdges":1,"corpus":1,"findings":1}',
      JSON.stringify({ seconds: 5, ...at(5) }),
      JSON.stringify({ seconds: 4, ...at(6) }), // time does not go back
    ];
    appendFileSync(file!, bad.join("\n"));
    expect(readProgress(folder)[0]!.points.map(({ seconds }) => seconds)).toEqual([0, 5]);
    writeFileSync(join(folder, "progress", "other.jsonl"), "{}\n");
    expect(readProgress(folder)).toHaveLength(1);
  });
});

describe("the series of a campaign", () => {
  const point = (seconds: number, executions: number, edges: number, findings = 0): ProgressPoint => ({
    ...{ seconds, executions, edges, allEdges: 100, corpus: edges, findings },
  });

  it("puts runs one behind the other, without the time between", () => {
    const first = { started: 1_000_000, points: [point(0, 0, 1), point(10, 100, 20, 1)] };
    const second = { started: 9_000_000, points: [point(0, 5, 20), point(30, 205, 30, 1)] };
    const { points, runs, resumed, allEdges } = seriesOf([first, second]);
    expect(points.map(({ seconds, executions, edges, findings }) => [seconds, executions, edges, findings])).toEqual([
      [0, 0, 1, 0],
      [10, 100, 20, 1],
      [10, 105, 20, 1],
      [40, 305, 30, 2],
    ]);
    expect({ runs, resumed, allEdges }).toEqual({ runs: 2, resumed: [10], allEdges: 100 });
  });

  it("adds up what runs at the same time, and takes of edges the most", () => {
    const first = { started: 1000, points: [point(0, 0, 1), point(4, 40, 20), point(8, 80, 21)] };
    const second = { started: 3000, points: [point(0, 1, 5), point(4, 31, 25)] };
    const { points, resumed } = seriesOf([first, second]);
    expect(points.map(({ seconds, executions, edges }) => [seconds, executions, edges])).toEqual([
      [0, 0, 1],
      [2, 1, 5],
      [4, 41, 20],
      [6, 71, 25],
      [8, 111, 21],
    ]);
    expect(resumed).toEqual([]);
    expect(points.at(-1)!.rate).toBe(20);
  });

  it("of a module that was made smaller has the edges of the new one", () => {
    const first = { started: 1000, points: [point(0, 0, 90)] };
    const second = { started: 5000, points: [{ ...point(1, 10, 40), allEdges: 50 }] };
    expect(seriesOf([first, second])).toMatchObject({ allEdges: 50 });
    expect(seriesOf([first, second]).points.at(-1)!.edges).toBe(40);
  });

  it("keeps the last point of many", () => {
    const many = Array.from({ length: 50_000 }, (_, i) => point(i, i * 10, Math.min(99, i)));
    const { points } = seriesOf([{ started: 0, points: many }]);
    expect(points.length).toBeLessThanOrEqual(700);
    expect(points.at(-1)).toMatchObject({ seconds: 49_999, executions: 499_990 });
  });

  it("of nothing is nothing", () => {
    expect(seriesOf([])).toEqual({ points: [], runs: 0, allEdges: 0, resumed: [] });
    expect(seriesOf([{ started: 1, points: [] }])).toMatchObject({ points: [], runs: 0 });
  });
});
