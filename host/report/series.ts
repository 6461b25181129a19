import type { ProgressPoint, ProgressRun } from "../fuzz/progress.ts";

/** How far a campaign was after so many seconds in which at least one of its processes ran. */
export interface SeriesPoint {
  readonly seconds: number;
  /** Of all processes together, also those that have ended. */
  readonly executions: number;
  readonly edges: number;
  readonly corpus: number;
  readonly findings: number;
  /** Executions a second since the point before. */
  readonly rate: number;
}

/** The time series of a campaign. */
export interface Series {
  readonly points: readonly SeriesPoint[];
  /** Processes that wrote. */
  readonly runs: number;
  /** Edges there are, as the process said that wrote last. */
  readonly allEdges: number;
  /** Seconds at which the campaign was taken up again. */
  readonly resumed: readonly number[];
}

interface Moment {
  readonly at: number;
  readonly run: number;
  readonly point: ProgressPoint;
}

/** Points that are kept. */
const POINTS_MAX = 600;

/**
 * What the processes of a campaign wrote, as one: side by side where they ran at the same time, one behind the other
 * where the campaign was ended and taken up again. The time between counts as none.
 */
export function seriesOf(runs: readonly ProgressRun[]): Series {
  const moments: Moment[] = runs
    .flatMap(({ started, points }, run) =>
      points.map((point) => ({ at: started + Math.round(point.seconds * 1000), run, point })),
    )
    .sort((a, b) => a.at - b.at);
  const { starts, worked } = workedTime(runs);
  const last = new Map<number, ProgressPoint>();
  const all: Omit<SeriesPoint, "rate">[] = moments.map(({ at, run, point }) => {
    last.set(run, point);
    const known = [...last];
    const sum = (of: (one: ProgressPoint) => number) => known.reduce((total, [, one]) => total + of(one), 0);
    const running = known.filter(([one]) => endOf(runs[one]!) >= at);
    const most = (of: (one: ProgressPoint) => number) => running.reduce((best, [, one]) => Math.max(best, of(one)), 0);
    return {
      seconds: worked(at) / 1000,
      executions: sum(({ executions }) => executions),
      edges: most(({ edges }) => edges),
      corpus: most(({ corpus }) => corpus),
      findings: sum(({ findings }) => findings),
    };
  });
  return {
    points: withRates(thinned(all)),
    runs: runs.filter(({ points }) => points.length > 0).length,
    allEdges: moments.at(-1)?.point.allEdges ?? 0,
    resumed: starts.slice(1).map((start) => worked(start) / 1000),
  };
}

function endOf({ started, points }: ProgressRun): number {
  return started + Math.round((points.at(-1)?.seconds ?? 0) * 1000);
}

/** The stretches in which any process ran, and a clock that stands still between them. */
function workedTime(runs: readonly ProgressRun[]) {
  const stretches: { start: number; end: number; before: number }[] = [];
  for (const run of runs.filter(({ points }) => points.length > 0).toSorted((a, b) => a.started - b.started)) {
    const last = stretches.at(-1);
    const end = endOf(run);
    if (last !== undefined && run.started <= last.end) last.end = Math.max(last.end, end);
    else {
      const before = last === undefined ? 0 : last.before + last.end - last.start;
      stretches.push({ start: run.started, end, before });
    }
  }
  const worked = (at: number) => {
    const stretch = stretches.findLast(({ start }) => start <= at);
    return stretch === undefined ? 0 : stretch.before + Math.min(at, stretch.end) - stretch.start;
  };
  return { starts: stretches.map(({ start }) => start), worked };
}

/** Fewer points, of each stretch of the axis, which is logarithmic, the last. */
function thinned<T extends { readonly seconds: number }>(points: readonly T[]): readonly T[] {
  if (points.length <= POINTS_MAX) return points;
  const [first, end] = [Math.max(0.1, points[0]!.seconds), Math.max(1, points.at(-1)!.seconds)];
  const column = ({ seconds }: T) =>
    Math.round((POINTS_MAX * Math.log(Math.max(seconds, first) / first)) / Math.log(end / first));
  return points.filter((point, i) => i === points.length - 1 || column(point) !== column(points[i + 1]!));
}

/** Least seconds a rate is taken over. */
const RATE_SECONDS = 0.2;

function withRates(points: readonly Omit<SeriesPoint, "rate">[]): SeriesPoint[] {
  let from = { seconds: 0, executions: 0 };
  let rate = 0;
  return points.map((point) => {
    const passed = point.seconds - from.seconds;
    if (passed >= RATE_SECONDS) {
      rate = (point.executions - from.executions) / passed;
      from = point;
    }
    return { ...point, rate: Math.max(0, Math.round(rate)) };
  });
}
