import type { RecordingEvent } from "./event.ts";

/** Events in their order; an array will do. */
export interface EventSequence extends Iterable<RecordingEvent> {
  readonly length: number;
}

/** What a `repeat` line stands for: events that came again. */
export interface Repeat {
  readonly kind: "repeat";
  readonly body: readonly RecordingEvent[];
  readonly times: number;
}

/** Events of which those that repeat are kept once, however often they come. */
export class FoldedEvents implements EventSequence {
  readonly #parts: readonly (RecordingEvent | Repeat)[];
  /** With every repeat counted out. */
  readonly length: number;

  constructor(parts: readonly (RecordingEvent | Repeat)[]) {
    this.#parts = parts;
    this.length = parts.reduce((sum, part) => sum + (part.kind === "repeat" ? part.body.length * part.times : 1), 0);
  }

  *[Symbol.iterator](): Generator<RecordingEvent> {
    for (const part of this.#parts) {
      if (part.kind !== "repeat") yield part;
      else for (let i = 0; i < part.times; i++) yield* part.body;
    }
  }
}

/** The events of one kind, one after the other as they are asked for. */
export function* eventsOfKind<K extends RecordingEvent["kind"]>(
  events: EventSequence,
  kind: K,
): Generator<Extract<RecordingEvent, { kind: K }>> {
  for (const event of events) if (event.kind === kind) yield event as Extract<RecordingEvent, { kind: K }>;
}
