/** One figure of the benchmarks as `vdevbox bench --json` prints it. */
export interface Figure {
  readonly value: number;
  readonly unit: string;
  /** What the value is held against, measured in the same run and the same unit; null when it could not be measured. */
  readonly yardstick: number | null;
  /** The median of the rounds' own ratios of value to yardstick. */
  readonly ratio: number | null;
  /** Alternating rounds the medians are of. */
  readonly rounds: number;
  /** In words: `ratio <= 0.8`, or `<= 1000 µs`. */
  readonly target: string;
  /** Null when what the target is about could not be measured. */
  readonly met: boolean | null;
  readonly note?: string;
}

/** What a figure has to stay below or above: its ratio to the yardstick, or its value. */
export type Target = { readonly of: "ratio" | "value" } & ({ readonly most: number } | { readonly least: number });

/** The middle value, the mean of the two middle ones of an even number. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("there is no median of no values");
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[half]! : (sorted[half - 1]! + sorted[half]!) / 2;
}

/** A figure from what was measured. */
export function figure(
  measured: {
    readonly value: number;
    readonly unit: string;
    readonly yardstick?: number | undefined;
    readonly ratio?: number | undefined;
    readonly rounds: number;
    readonly note?: string;
  },
  target: Target,
): Figure {
  const { value, unit, yardstick, ratio, rounds, note } = measured;
  const held = target.of === "ratio" ? ratio : value;
  return {
    value: significant(value),
    unit,
    yardstick: yardstick === undefined ? null : significant(yardstick),
    ratio: ratio === undefined ? null : significant(ratio),
    rounds,
    target: target.of === "ratio" ? `ratio ${limitOf(target)}` : `${limitOf(target)} ${unit}`,
    met: held === undefined ? null : "most" in target ? held <= target.most : held >= target.least,
    ...(note === undefined ? {} : { note }),
  };
}

function limitOf(target: Target): string {
  return "most" in target ? `<= ${target.most}` : `>= ${target.least}`;
}

/** Three digits: more is noise. */
export function significant(value: number): number {
  return Number(value.toPrecision(3));
}
