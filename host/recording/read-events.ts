import { UserError } from "../errors.ts";
import type { LineReader } from "../guests/script/line-reader.ts";
import { parseAccessLine } from "./access-line.ts";
import type { RecordingEvent } from "./event.ts";
import { type EventSequence, FoldedEvents, type Repeat } from "./event-sequence.ts";
import { LONGEST_PERIOD } from "./repeats.ts";

/** Lines that are remembered. */
const KNOWN_LINES = 10_000;

/** Reads lines of accesses; one that came before gives the same event, so that a long recording fits into memory. */
export class AccessLines {
  readonly #known = new Map<string, RecordingEvent>();

  /** @returns undefined for every line that is no access as `formatEvent` writes it */
  parse(line: string): RecordingEvent | undefined {
    const known = this.#known.get(line);
    if (known !== undefined) return known;
    const event = parseAccessLine(line);
    if (event !== undefined) {
      if (this.#known.size >= KNOWN_LINES) this.#known.clear();
      this.#known.set(line, event);
    }
    return event;
  }
}

/** The events of a recording that is being read. */
export class ReadEvents {
  readonly #parts: (RecordingEvent | Repeat)[] = [];
  /** The last events, with every repeat counted out. */
  #last: RecordingEvent[] = [];
  #length = 0;
  #isFolded = false;

  /** An array where no event is repeated. */
  get all(): EventSequence {
    return this.#isFolded ? new FoldedEvents(this.#parts) : (this.#parts as RecordingEvent[]);
  }

  add(event: RecordingEvent): void {
    this.#parts.push(event);
    this.#remember(event);
    this.#length++;
  }

  /** `repeat PERIOD TIMES`, the words behind `repeat`. @throws UserError when there are not so many events before it */
  repeat(line: LineReader): void {
    const { place } = line;
    const period = line.int("how many events are repeated", LONGEST_PERIOD);
    const times = line.int("how many times", Number.MAX_SAFE_INTEGER);
    this.#length += period * times;
    if (period === 0 || times === 0) throw new UserError("nothing is repeated: both numbers are at least 1", place);
    if (period > this.#last.length) {
      throw new UserError(`${period} events are repeated, and ${this.#last.length} come before`, place);
    }
    if (!Number.isSafeInteger(this.#length)) throw new UserError("more events are repeated than can be counted", place);
    const body = this.#last.slice(-period);
    this.#parts.push({ kind: "repeat", body, times });
    for (let i = 0; i < Math.min(times, LONGEST_PERIOD); i++) for (const event of body) this.#remember(event);
    this.#isFolded = true;
  }

  #remember(event: RecordingEvent): void {
    if (this.#last.length === 2 * LONGEST_PERIOD) this.#last = this.#last.slice(-LONGEST_PERIOD);
    this.#last.push(event);
  }
}
