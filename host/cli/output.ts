import type { LogFilter } from "../config/vm-config.ts";
import { formatFinding } from "../gate/finding.ts";
import type { Severity, VmEvent } from "../vm/events.ts";

/** Where text of a run goes. */
export interface Sink {
  out(text: string): void;
  err(text: string): void;
}

/** Severities shown when the configuration has no `logger`. */
const DEFAULT_STDERR: readonly Severity[] = ["fatal", "internal", "error", "warn"];
const DEFAULT_STDOUT: readonly Severity[] = ["info"];

/** Shows messages, reports and findings of a VM as `logger` and `log` ask for; filters add up. */
export class RunOutput {
  readonly #sink: Sink;
  readonly #loggers: readonly LogFilter[];
  readonly #perVdev: ReadonlyMap<string, LogFilter>;
  readonly #verbose: boolean;

  constructor(sink: Sink, loggers: readonly LogFilter[], perVdev: ReadonlyMap<string, LogFilter>, verbose: boolean) {
    this.#sink = sink;
    this.#loggers = loggers;
    this.#perVdev = perVdev;
    this.#verbose = verbose;
  }

  show(event: VmEvent): void {
    if (event.kind === "log") this.#log(event.severity, event.source, event.text);
    else if (event.kind === "report") this.#sink.out(`${event.source}: ${event.text}\n`);
    else if (event.kind === "finding") this.#sink.err(`${formatFinding(event.finding)}\n`);
  }

  #log(severity: Severity, source: string, text: string): void {
    const line = `${severity} ${source}: ${text.replace(/\n$/, "")}\n`;
    const own = this.#perVdev.get(source);
    const filters = own === undefined ? this.#loggers : [own];
    if (this.#verbose) {
      this.#sink.err(line);
    } else if (filters.length === 0) {
      if (DEFAULT_STDERR.includes(severity)) this.#sink.err(line);
      if (DEFAULT_STDOUT.includes(severity)) this.#sink.out(line);
    }
    const destinations = new Set(
      filters.filter((filter) => filter.severities.includes(severity)).map((filter) => filter.destination),
    );
    if (destinations.has("stdout")) this.#sink.out(line);
    if (!this.#verbose && (destinations.has("stderr") || destinations.has("slog"))) this.#sink.err(line);
  }
}
