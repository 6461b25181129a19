/** `12,345`. */
export function grouped(value: number): string {
  return value.toLocaleString("en");
}

/** `87`, of `all` 0 `100`: whole percent, and 100 only when it is all. */
export function percent(part: number, all: number): number {
  return all === 0 ? 100 : Math.floor((100 * part) / all);
}

/** `0.4 s`, `12 s`, `3 min 20 s`, `2 h 5 min`, `4 d 3 h`. */
export function duration(seconds: number): string {
  if (seconds < 10) return `${Math.round(seconds * 10) / 10} s`;
  const whole = Math.round(seconds);
  const units: readonly [string, number][] = [
    ["d", 86_400],
    ["h", 3600],
    ["min", 60],
    ["s", 1],
  ];
  const at = units.findIndex(([, length]) => whole >= length);
  const [unit, length] = units[at]!;
  const [next, nextLength] = units[at + 1] ?? ["", 1];
  const rest = Math.floor((whole % length) / nextLength);
  return `${Math.floor(whole / length)} ${unit}${rest > 0 ? ` ${rest} ${next}` : ""}`;
}

/** `950`, `1.2k`, `34k`, `5.6M`. */
export function brief(value: number): string {
  if (value < 1000) return String(value);
  const [unit, size] = value < 999_500 ? ["k", 1000] : ["M", 1e6];
  const scaled = value / (size as number);
  return `${scaled < 9.95 ? scaled.toFixed(1) : Math.round(scaled)}${unit}`;
}

/** `0x1f`. */
export function hex(value: number | bigint, digits = 1): string {
  return `0x${value.toString(16).padStart(digits, "0")}`;
}
