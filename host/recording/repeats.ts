import type { RecordingEvent } from "./event.ts";
import { isAccess, sameAccess } from "./same-event.ts";

/** Events of the longest loop that is folded: a few accesses, and what they make a vdev do. */
export const LONGEST_PERIOD = 8;
/** Repetitions that are worth a line of their own. */
const FEWEST_TIMES = 2;
/** What is remembered: two periods, and as many bits as an index has. */
const HISTORY = 2 * LONGEST_PERIOD;
const INDEX = HISTORY - 1;
/** A repetition is looked for behind every eighth event: where there is none, looking costs as much as writing. */
const SEARCH_MASK = 7;

/**
 * Finds events that come again and again, as those of a guest that polls do, and writes them once: `repeat P N` says that
 * the last P events came N more times. What repeats is known from two equal periods in a row on, and is then compared
 * with its predecessor only; nothing of it is formatted.
 */
export class RepeatFolder {
  readonly #format: (event: RecordingEvent) => string;
  readonly #write: (line: string) => void;
  /** The last events, all that was folded included, and the lines of those that are compared by them. */
  readonly #events: RecordingEvent[] = [];
  readonly #lines: string[] = Array.from({ length: HISTORY }, () => "");
  #count = 0;
  /** Of the repetition that is going on; 0: none. */
  #period = 0;
  /** Events of it that were not written. */
  #held = 0;

  constructor(format: (event: RecordingEvent) => string, write: (line: string) => void) {
    this.#format = format;
    this.#write = write;
  }

  add(event: RecordingEvent): void {
    const line = isAccess(event) ? "" : this.#format(event);
    if (this.#period !== 0) {
      if (this.#isAt(this.#count - this.#period, event, line)) {
        this.#copy(this.#period);
        this.#held++;
        return;
      }
      this.flush();
    }
    this.#write(line === "" ? this.#format(event) : line);
    this.#events[this.#count & INDEX] = event;
    this.#lines[this.#count & INDEX] = line;
    this.#count++;
    if ((this.#count & SEARCH_MASK) === 0) this.#period = this.#findPeriod();
  }

  /** Writes what is held back. */
  flush(): void {
    if (this.#period === 0) return;
    const times = Math.floor(this.#held / this.#period);
    if (times >= FEWEST_TIMES) {
      this.#write(`repeat ${this.#period} ${times}`);
      this.#held -= times * this.#period;
    }
    for (let at = this.#count - this.#held; at < this.#count; at++) {
      this.#write(this.#lines[at & INDEX] || this.#format(this.#events[at & INDEX]!));
    }
    this.#period = 0;
    this.#held = 0;
  }

  /** Puts the event of a period ago down once more. */
  #copy(period: number): void {
    this.#events[this.#count & INDEX] = this.#events[(this.#count - period) & INDEX]!;
    this.#lines[this.#count & INDEX] = this.#lines[(this.#count - period) & INDEX]!;
    this.#count++;
  }

  /**
   * The longest period of which two in a row are the last events: a shorter one may be only the end of a loop that has
   * the same event twice. What that period consists of again and again is the period.
   */
  #findPeriod(): number {
    let period = Math.min(LONGEST_PERIOD, this.#count >> 1);
    while (period > 0 && !this.#repeatsOver(period, period)) period--;
    for (let part = 1; part < period; part++) {
      if (period % part === 0 && this.#repeatsOver(period, part)) return part;
    }
    return period;
  }

  /** Whether each of the last events, so many, is the one `period` events before it. */
  #repeatsOver(length: number, period: number): boolean {
    for (let at = this.#count - 1; at >= this.#count - length; at--) {
      if (!this.#isAt(at - period, this.#events[at & INDEX]!, this.#lines[at & INDEX]!)) return false;
    }
    return true;
  }

  #isAt(at: number, event: RecordingEvent, line: string): boolean {
    const other = this.#events[at & INDEX]!;
    if (line !== "") return this.#lines[at & INDEX] === line;
    return isAccess(other) && isAccess(event) && sameAccess(other, event);
  }
}
