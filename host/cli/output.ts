import { type LogPlace, logRoutes } from "../config/log-routes.ts";
import type { LogFilter } from "../config/vm-config.ts";
import { formatFinding } from "../gate/finding.ts";
import type { VmEvent } from "../vm/events.ts";

/** Where text of a run goes. */
export interface Sink {
  out(text: string): void;
  err(text: string): void;
}

type LogEvent = Extract<VmEvent, { kind: "log" }>;

/** Bytes of vdevs as text: UTF-8, and a character may come in pieces. */
export class OutputDecoders {
  readonly #decoders = new Map<string, TextDecoder>();

  text(vdev: string, bytes: Uint8Array): string {
    let decoder = this.#decoders.get(vdev);
    if (decoder === undefined) {
      decoder = new TextDecoder();
      this.#decoders.set(vdev, decoder);
    }
    return decoder.decode(bytes, { stream: true });
  }
}

/** Shows messages, reports and findings of a VM as `logger` and `log` ask for. */
export class RunOutput {
  readonly #sink: Sink;
  readonly #routes: ReturnType<typeof logRoutes>;
  readonly #perVdev: ReadonlyMap<string, ReturnType<typeof logRoutes>>;
  readonly #verbose: boolean;

  /**
   * @param loggers of the VM
   * @param perVdev `log` by name of the vdev: holds instead of the loggers for what the vdev says with vdev_logf()
   * @param verbose every message goes to stderr too
   */
  constructor(sink: Sink, loggers: readonly LogFilter[], perVdev: ReadonlyMap<string, LogFilter>, verbose: boolean) {
    this.#sink = sink;
    this.#routes = logRoutes(loggers);
    this.#perVdev = new Map([...perVdev].map(([name, filter]) => [name, logRoutes([filter])]));
    this.#verbose = verbose;
  }

  show(event: VmEvent): void {
    if (event.kind === "log") this.#log(event);
    else if (event.kind === "report") this.#sink.out(`${event.source}: ${event.text}\n`);
    else if (event.kind === "finding") this.#sink.err(`${formatFinding(event.finding)}\n`);
  }

  #log(event: LogEvent): void {
    const { severity, source, text } = event;
    const line = `${severity} ${source}: ${text.replace(/\n$/, "")}\n`;
    const own = event.vdevLogf === true ? this.#perVdev.get(source) : undefined;
    const places = new Set<LogPlace>((own ?? this.#routes).get(severity));
    if (this.#verbose) places.add("stderr");
    if (places.has("stdout")) this.#sink.out(line);
    if (places.has("stderr")) this.#sink.err(line);
    // There is no system logger here: its lines are marked, so that they can be told from those for stderr.
    if (places.has("slog")) this.#sink.err(`slog: ${line}`);
  }
}
