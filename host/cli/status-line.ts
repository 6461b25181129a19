/** What a status line is written to: stderr, or what a test has instead. */
export interface Terminal {
  readonly isTTY?: boolean;
  readonly columns?: number;
  write(text: string): unknown;
}

/** Milliseconds between two lines: on a terminal they replace each other, in a log they pile up. */
const TERMINAL_MS = 250;
const LOG_MS = 5000;

/** Of a terminal that does not say. */
const WIDTH = 80;
const CLEAR = "\r\u001b[K";

/** One line that says how something goes: replaced on a terminal, one below the other elsewhere. */
export class StatusLine {
  readonly isTerminal: boolean;
  readonly #terminal: Terminal;
  readonly #now: () => number;
  #next: number;
  #isThere = false;

  /** @param now milliseconds */
  constructor(terminal: Terminal, now: () => number) {
    this.#terminal = terminal;
    this.isTerminal = terminal.isTTY === true;
    this.#now = now;
    this.#next = now() + this.#every;
  }

  get #every(): number {
    return this.isTerminal ? TERMINAL_MS : LOG_MS;
  }

  /** Shows a text when it is time for one. */
  show(text: () => string): void {
    const now = this.#now();
    if (now < this.#next) return;
    this.#next = now + this.#every;
    if (!this.isTerminal) {
      this.#terminal.write(`${text()}\n`);
      return;
    }
    const columns = this.#terminal.columns || WIDTH; // some say 0
    this.#terminal.write(`${CLEAR}${text().slice(0, columns - 1)}`);
    this.#isThere = true;
  }

  /** Makes room for other text. */
  clear(): void {
    if (this.#isThere) this.#terminal.write(CLEAR);
    this.#isThere = false;
  }
}
