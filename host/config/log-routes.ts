import type { LogFilter, Severity } from "./vm-config.ts";

/** Where a message can go: `none` is no place. */
export type LogPlace = "stdout" | "stderr" | "slog";

/** What holds without a `logger`: ours, no page says what qvm does then. */
const DEFAULT: readonly Omit<LogFilter, "place">[] = [
  { severities: ["fatal", "error", "warn"], destination: "stderr" },
  { severities: ["info"], destination: "stdout" },
];

/**
 * Where messages of each severity go. Filters are no levels: one names exactly its severities, and several for one
 * severity add up. `none` takes back what stands before it for its severities. `internal` goes to slog whatever the
 * filters say.
 *
 * @param filters in their order; none at all gives the default
 */
export function logRoutes(filters: readonly Omit<LogFilter, "place">[]): ReadonlyMap<Severity, ReadonlySet<LogPlace>> {
  const routes = new Map<Severity, Set<LogPlace>>();
  for (const { severities, destination } of filters.length === 0 ? DEFAULT : filters) {
    for (const severity of severities) {
      if (destination === "none") routes.delete(severity);
      else routes.set(severity, (routes.get(severity) ?? new Set()).add(destination));
    }
  }
  routes.set("internal", (routes.get("internal") ?? new Set()).add("slog"));
  return routes;
}
