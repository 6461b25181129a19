/** When each thread last did something that is known to have happened, by thread number: a vector clock of epochs. */
type Clock = number[];

/** What was released into an object, since the `age`-th time that everything was forgotten. */
interface Released {
  age: number;
  clock: Clock;
}

/** Epochs that are remembered; before there are more, what was is forgotten. */
const REMEMBERED = 4_000_000;
/** Epochs there is room for at first. */
const ROOM = 4096;

/**
 * Which of what threads do is ordered. What a thread does between two synchronisations is one *epoch*; epochs are numbered
 * through, over all threads, and no number comes twice. An epoch is known to be over for a thread that has synchronised
 * with one that came behind it, directly or by way of others.
 *
 * Plain happens-before by vector clocks, with epochs as in FastTrack (Flanagan, Freund: "FastTrack: Efficient and
 * Precise Dynamic Race Detection", 2009), except that a thread's clock counts the epochs of all.
 */
export class HappensBefore {
  #clocks: Clock[] = [];
  readonly #syncs = new WeakMap<object, Released>();
  #age = 0;
  /** Of the epochs from `#first` on: each one's thread, and its note. The room is used again after `forget`. */
  #threads = new Uint32Array(ROOM);
  #notes = new Uint32Array(ROOM);
  #first = 1;
  #next = 1;

  /** The number the next epoch gets. */
  get next(): number {
    return this.#next;
  }

  /** Begins an epoch of a thread. @param note kept with it. @returns its number */
  begin(thread: number, note = 0): number {
    if (this.#next - this.#first >= REMEMBERED) this.forget();
    const epoch = this.#next++;
    const at = epoch - this.#first;
    if (at >= this.#threads.length) this.#makeRoom();
    this.#threads[at] = thread;
    this.#notes[at] = note;
    this.#clock(thread)[thread] = epoch;
    return epoch;
  }

  #makeRoom(): void {
    const [threads, notes] = [this.#threads, this.#notes];
    this.#threads = new Uint32Array(2 * threads.length);
    this.#threads.set(threads);
    this.#notes = new Uint32Array(2 * notes.length);
    this.#notes.set(notes);
  }

  #clock(thread: number): Clock {
    while (this.#clocks.length <= thread) this.#clocks.push([]);
    return this.#clocks[thread]!;
  }

  /** What the thread has done so far comes before whatever acquires `sync` from now on. Its epoch must end with it. */
  release(thread: number, sync: object): void {
    const known = this.#syncs.get(sync);
    const own = this.#clock(thread);
    if (known === undefined) this.#syncs.set(sync, { age: this.#age, clock: own.slice() });
    else if (known.age === this.#age) join(known.clock, own);
    else {
      known.age = this.#age;
      known.clock = own.slice();
    }
  }

  /** What was released into `sync` comes before what the thread does from now on. */
  acquire(thread: number, sync: object): void {
    const known = this.#syncs.get(sync);
    if (known?.age === this.#age) join(this.#clock(thread), known.clock);
  }

  /** What `before` has done so far comes before what `after` does from now on. */
  order(before: number, after: number): void {
    join(this.#clock(after), this.#clock(before));
  }

  /** Whether an epoch is over for a thread. Forgotten ones are. */
  isOver(epoch: number, thread: number): boolean {
    if (epoch < this.#first) return true;
    const of = this.#threads[epoch - this.#first]!;
    return of === thread || (this.#clocks[thread]?.[of] ?? 0) >= epoch;
  }

  /** Whether an epoch has been forgotten; 0 always is. */
  isForgotten(epoch: number): boolean {
    return epoch < this.#first;
  }

  threadOf(epoch: number): number {
    return this.#threads[epoch - this.#first]!;
  }

  noteOf(epoch: number): number {
    return this.#notes[epoch - this.#first]!;
  }

  /** Everything so far is over for everybody. */
  forget(): void {
    this.#first = this.#next;
    this.#clocks = [];
    this.#age++;
  }

  /** `forget`, and epochs are numbered from 1 again. */
  restart(): void {
    this.#next = 1;
    this.forget();
  }
}

function join(into: Clock, from: Clock): void {
  for (let thread = 0; thread < from.length; thread++) {
    const known = from[thread];
    if (known !== undefined && known > (into[thread] ?? 0)) into[thread] = known;
  }
}
