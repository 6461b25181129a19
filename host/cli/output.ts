import { type LogPlace, logRoutes } from "../config/log-routes.ts";
import type { LogFilter } from "../config/vm-config.ts";
import type { VmEvent } from "../vm/events.ts";
import { findingText, fromHere } from "./finding-text.ts";

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

/** A sink that two writers share: whole lines, and a guest that ends its lines when it likes. */
export class LineSink implements Sink {
  readonly #sink: Sink;
  #midLine = false;

  constructor(sink: Sink) {
    this.#sink = sink;
  }

  /** Text of the guest, as it comes. */
  guest(text: string): void {
    if (text === "") return;
    this.#sink.out(text);
    this.#midLine = !text.endsWith("\n");
  }

  out(text: string): void {
    this.#endLine();
    this.#sink.out(text);
  }

  err(text: string): void {
    this.#endLine();
    this.#sink.err(text);
  }

  #endLine(): void {
    if (!this.#midLine) return;
    this.#midLine = false;
    this.#sink.out("\n");
  }
}

export interface OutputOptions {
  readonly loggers: readonly LogFilter[];
  /** `log` of a vdev, by its name: holds instead of the loggers for what the vdev says with vdev_logf(). */
  readonly perVdev: ReadonlyMap<string, LogFilter>;
  /** Every message goes to stderr too. */
  readonly verbose: boolean;
  /**
   * What the VM says of modules when it loads them, and the same with their paths: told as notes, once, whatever the
   * loggers.
   */
  readonly notes: ReadonlyMap<string, string>;
}

/** Shows messages, reports and findings of a VM as `logger` and `log` ask for. */
export class RunOutput {
  readonly #sink: Sink;
  readonly #routes: ReturnType<typeof logRoutes>;
  readonly #perVdev: ReadonlyMap<string, ReturnType<typeof logRoutes>>;
  readonly #verbose: boolean;
  readonly #notes: ReadonlyMap<string, string>;
  readonly #noted = new Set<string>();

  constructor(sink: Sink, { loggers, perVdev, verbose, notes }: OutputOptions) {
    this.#sink = sink;
    this.#routes = logRoutes(loggers);
    this.#perVdev = new Map([...perVdev].map(([name, filter]) => [name, logRoutes([filter])]));
    this.#verbose = verbose;
    this.#notes = notes;
  }

  show(event: VmEvent): void {
    if (event.kind === "log") this.#log(event);
    else if (event.kind === "report") this.#sink.out(`${event.source}: ${event.text}\n`);
    else if (event.kind === "finding") this.#sink.err(`${findingText(event.finding)}\n`);
  }

  #log(event: LogEvent): void {
    const { severity, source, text } = event;
    const note = source === "qvm" ? this.#notes.get(text) : undefined;
    if (note !== undefined) {
      this.#note(note);
      return;
    }
    const line = `${severity} ${source}: ${text.replace(/\n$/, "")}\n`;
    const own = event.vdevLogf === true ? this.#perVdev.get(source) : undefined;
    const places = new Set<LogPlace>((own ?? this.#routes).get(severity));
    if (this.#verbose) places.add("stderr");
    if (places.has("stdout")) this.#sink.out(line);
    if (places.has("stderr")) this.#sink.err(line);
    // There is no system logger here: its lines are marked, so that they can be told from those for stderr.
    if (places.has("slog")) this.#sink.err(`slog: ${line}`);
  }

  #note(text: string): void {
    if (this.#noted.has(text)) return;
    this.#noted.add(text);
    this.#sink.err(`note: ${fromHere(text)}\n`);
  }
}
