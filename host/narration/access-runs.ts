import { counted } from "../plural.ts";
import type { AccessEvent } from "./refusal.ts";

/** One access, made so many times in a row with the same value. */
interface Run {
  readonly access: AccessEvent;
  readonly line: string;
  times: number;
}

/** So many different values in a row at one place, and only the first and the last are told. */
const MANY_VALUES = 4;

/**
 * Accesses in a row that are told together: equal ones with their number, and those that differ in their value only,
 * as a loop that polls a register or fills a FIFO makes them, in one line. Keeps a few of them, however many there are.
 */
export class AccessRuns {
  readonly #first: Run[] = [];
  #last: Run | undefined;
  #accesses = 0;
  #values = 0;

  /** The access added last; undefined when there is nothing to tell. */
  get current(): AccessEvent | undefined {
    return this.#last?.access;
  }

  /** Whether the access belongs to those before it; when not, they are to be told first. */
  takes(access: AccessEvent): boolean {
    const last = this.#last?.access;
    return last === undefined || (samePlace(last, access) && (last.value === access.value || access.outcome === "ok"));
  }

  /** Adds an access that it takes. @param line what it is told as alone; asked for only where that may be needed */
  add(access: AccessEvent, line: () => string): void {
    this.#accesses++;
    if (this.#last !== undefined && this.#last.access.value === access.value) {
      this.#last.times++;
      return;
    }
    this.#values++;
    const isKept = this.#first.length < MANY_VALUES;
    this.#last = { access, line: isKept ? line() : "", times: 1 };
    if (isKept) this.#first.push(this.#last);
  }

  /** What is to be told, and forgets it. */
  takeLines(): string[] {
    const [first] = this.#first;
    if (first === undefined || this.#last === undefined) return [];
    const lines = this.#lines(first, this.#last);
    this.#first.length = 0;
    this.#last = undefined;
    this.#accesses = 0;
    this.#values = 0;
    return lines;
  }

  #lines(first: Run, last: Run): string[] {
    const isRead = first.access.op === "read";
    if (this.#values >= MANY_VALUES) {
      const more = counted(this.#accesses - first.times, `more ${first.access.op}`);
      return [
        `${timesOf(first, first.line)}; ${more} ${isRead ? "follow, the last gives" : "follow, the last of"} ${hexOf(last)}`,
      ];
    }
    if (!isRead || first.access.outcome !== "ok") return this.#first.map((run) => timesOf(run, run.line));
    return [this.#first.map((run, i) => timesOf(run, i === 0 ? run.line : hexOf(run))).join(", then ")];
  }
}

function timesOf({ times }: Run, words: string): string {
  return times > 1 ? `${words} (${times} times)` : words;
}

function hexOf({ access }: Run): string {
  return `0x${access.value.toString(16)}`;
}

/** Whether two accesses are the same, of one vCPU, but for the value. */
export function samePlace(a: AccessEvent, b: AccessEvent): boolean {
  return (
    a.op === b.op &&
    a.space === b.space &&
    a.address === b.address &&
    a.width === b.width &&
    a.outcome === b.outcome &&
    a.vcpu === b.vcpu
  );
}
