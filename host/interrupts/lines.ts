import { GIAT_UNUSED } from "../../abi/generated/constants.ts";
import type { Pic } from "./controllers.ts";
import { formatPin } from "./controllers.ts";
import { hostAssigned, hostTrigger, type Trigger } from "./host-pics.ts";
import { type GuestPin, Line, type LineClock, type LineCounts, type LineNote, type LineState } from "./line.ts";

/** Told when the level of a line changes, and what else is worth telling of it. */
export interface LineListener {
  level(line: Line, high: boolean): void;
  note(line: Line, note: LineNote): void;
  /** The guest's controller was asked about a line. */
  pin(line: Line, pin: GuestPin): void;
}

/** The state of all lines at one time. */
export interface SavedLines {
  readonly stamp: object;
  readonly lines: ReadonlyMap<Line, { readonly state: LineState; readonly counts: LineCounts }>;
}

/** What a line is worth in a report of a run. */
export interface LineReport extends LineCounts {
  readonly line: string;
  readonly high: boolean;
  readonly trigger: Trigger;
}

/**
 * The interrupt lines of a VM, of every controller. A line is the wired OR of its sources: it is high while at least
 * one asserts it, so several vdevs may share one.
 */
export class InterruptLines {
  /** Asks the guest's own controller about a line; undefined when it has none. Set by who runs such a guest. */
  guest: ((line: Line) => GuestPin | undefined) | undefined;
  readonly #clock: LineClock;
  readonly #lines = new Map<Pic, Map<number, Line>>();
  readonly #listeners: Partial<LineListener>[] = [];
  /** Changes identity with the state: equal stamps, equal states. Undefined while nobody has saved the state. */
  #stamp: object | undefined;
  /** The stamp of the state that was saved or put back last, and the lines touched since. */
  #base: object | undefined;
  readonly #touched: Line[] = [];
  /** How many there are: an array that is emptied and filled at every reset would be allocated each time. */
  #touchedCount = 0;

  constructor(clock: LineClock) {
    this.#clock = clock;
  }

  listen(listener: Partial<LineListener>): void {
    this.#listeners.push(listener);
  }

  /** The line of a controller, which must have it. */
  at(pic: Pic, number: number): Line {
    let lines = this.#lines.get(pic);
    if (lines === undefined) {
      lines = new Map();
      this.#lines.set(pic, lines);
    }
    let line = lines.get(number);
    if (line === undefined) {
      line =
        pic.kind === "host"
          ? new Line(pic, number, hostTrigger(pic.type, number), hostAssigned(pic.type))
          : new Line(pic, number, "unknown", GIAT_UNUSED);
      lines.set(number, line);
      this.changed(line);
    }
    return line;
  }

  /** The line, when anything was ever done with it. */
  peek(pic: Pic, number: number): Line | undefined {
    return this.#lines.get(pic)?.get(number);
  }

  /** A source asserts or releases a line. */
  signal(line: Line, bit: number, level: boolean): void {
    const wasHigh = line.high;
    const asserts = (line.state.asserted & bit) !== 0;
    // A release of what was never asserted changes nothing at all.
    if (!level && !asserts) return;
    this.#askGuest(line);
    this.changed(line);
    const notes = level ? line.assert(bit) : line.release(bit);
    if (line.high !== wasHigh) for (const listener of this.#listeners) listener.level?.(line, line.high);
    for (const note of notes) this.tell(line, note);
    if (!wasHigh && line.high && line.storms(this.#clock)) this.tell(line, "storm");
  }

  /** The guest lets a line in or masks it; the trigger stays as it is unless given. */
  enable(line: Line, enabled: boolean, trigger?: "edge" | "level"): void {
    line.state.guest = enabled ? "enabled" : "disabled";
    if (trigger !== undefined) line.state.trigger = trigger;
    this.changed(line);
  }

  /** The guest takes what waits on a line. @returns false when nothing did */
  take(line: Line): boolean {
    const before = line.counts.spurious;
    const notes = line.take();
    this.changed(line);
    if (line.counts.spurious !== before) this.tell(line, "spurious");
    return notes !== undefined;
  }

  tell(line: Line, note: LineNote): void {
    for (const listener of this.#listeners) listener.note?.(line, note);
  }

  /** To be called with a change of a line's state or counts. */
  changed(line: Line): void {
    this.#stamp = undefined;
    if (line.touched) return;
    line.touched = true;
    this.#touched[this.#touchedCount++] = line;
  }

  /** Asks the guest's controller about what still waits: a guest may have taken it since the line changed. */
  askAboutWaiting(): void {
    if (this.guest === undefined) return;
    for (const line of this.all()) {
      if (!line.state.pending) continue;
      this.#askGuest(line);
      this.changed(line);
    }
  }

  #askGuest(line: Line): void {
    const pin = this.guest?.(line);
    if (pin === undefined) return;
    for (const listener of this.#listeners) listener.pin?.(line, pin);
    line.sync(pin);
  }

  // ------------------------------------------------------------------------------------------------------ reports

  *all(): Generator<Line> {
    for (const lines of this.#lines.values()) yield* lines.values();
  }

  /** By the controller's name. */
  level(pic: string, number: number): boolean {
    for (const line of this.all()) if (line.pic.name === pic && line.line === number) return line.high;
    return false;
  }

  /** Lines that are high now, as `pic:line`, sorted. */
  high(): string[] {
    return [...this.all()]
      .filter((line) => line.high)
      .map(formatPin)
      .sort();
  }

  /** Every line on which something happened, in the order of their names. */
  report(): LineReport[] {
    return [...this.all()]
      .filter(({ counts }) => Object.values(counts).some((count) => count > 0))
      .map((line) => ({ line: formatPin(line), high: line.high, trigger: line.state.trigger, ...line.counts }))
      .sort((a, b) => (a.line < b.line ? -1 : 1));
  }

  /** All of the state as text: equal states give equal texts. */
  digest(): string {
    const texts: string[] = [];
    for (const line of this.all()) {
      const { sources, ...state } = line.state;
      const bits = sources.map(({ bit, instance }) => `${bit}/${instance}`);
      texts.push(`${formatPin(line)} ${Object.values(state)} ${bits} ${Object.values(line.counts)}`);
    }
    return texts.sort().join("\n");
  }

  // ---------------------------------------------------------------------------------------------------- snapshots

  save(): SavedLines {
    if (this.#stamp === undefined) {
      this.#stamp = {};
      this.#settle(this.#stamp);
    }
    const copy = (line: Line) => [line, { state: { ...line.state }, counts: { ...line.counts } }] as const;
    return { stamp: this.#stamp, lines: new Map([...this.all()].map(copy)) };
  }

  restore(saved: SavedLines): void {
    if (this.#stamp === saved.stamp) return;
    // Since the same state was saved or put back last, only the lines touched since can differ from it.
    if (this.#base === saved.stamp) {
      for (let i = 0; i < this.#touchedCount; i++) this.#putBack(this.#touched[i]!, saved);
    } else {
      for (const line of [...this.all(), ...saved.lines.keys()]) this.#putBack(line, saved);
    }
    this.#settle(saved.stamp);
  }

  #putBack(line: Line, saved: SavedLines): void {
    const before = saved.lines.get(line);
    if (before === undefined) {
      this.#lines.get(line.pic)!.delete(line.line);
      line.placed = false;
      return;
    }
    if (!line.placed) {
      // An earlier restore has taken it out.
      this.#lines.get(line.pic)!.set(line.line, line);
      line.placed = true;
    }
    line.restore(before.state, before.counts);
  }

  /** The state is the one of this stamp now. */
  #settle(stamp: object): void {
    for (let i = 0; i < this.#touchedCount; i++) this.#touched[i]!.touched = false;
    this.#touchedCount = 0;
    this.#stamp = stamp;
    this.#base = stamp;
  }
}
