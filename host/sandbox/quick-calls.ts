/** Words of `QuickCalls`, from where a module has them; i32, and i64 the times. */
export const QUICK = {
  /** Calls answered inside the module in the access in progress, and how many there may be. */
  calls: 0,
  left: 4,
  /** What `left` is at the beginning of an access. */
  limit: 8,
  /** Address of the mutex that may be locked inside the module, and what its bytes hold; 0 for none. */
  mutex: 12,
  magic: 16,
  /** Whether it is locked. */
  held: 20,
  /** Handle of the timer that may be asked about, 0 for none; what it answers. */
  timer: 24,
  startedNs: 32,
  nowNs: 40,
} as const;
export const QUICK_BYTES = 48;

/** Where a module has the words. */
export interface QuickCallsPlace {
  readonly address: number;
}

/** A mutex that is locked inside a module, as far as the host has to know. */
export interface QuickMutex {
  readonly address: number;
}

/**
 * Calls that a module built for fuzzing answers itself: locking and unlocking one mutex that is free, and the state of one timer.
 * The host opens them in a call of the same kind, in an access that nothing can come in between of; before anybody asks what is held
 * it takes a lock over that the module holds (`onHeld`), and whoever changes what the words say closes them. The words are
 * out of the module's reach.
 */
export class QuickCalls {
  readonly #words: Int32Array;
  readonly #times: BigUint64Array;
  #mutex: QuickMutex | undefined;
  /** Told of the mutex that the module has locked, which is the host's from then on. */
  onHeld: ((mutex: never) => void) | undefined;

  constructor(memory: WebAssembly.Memory, { address }: QuickCallsPlace) {
    this.#words = new Int32Array(memory.buffer, address, QUICK_BYTES >> 2);
    this.#times = new BigUint64Array(memory.buffer, address, QUICK_BYTES >> 3);
  }

  /** Calls that one callback may make. */
  set limit(limit: number) {
    this.#words[QUICK.limit >> 2] = limit;
  }

  /** The host has made calls for the callback in progress. @returns how many were made inside the module */
  leave(left: number): number {
    this.#words[QUICK.left >> 2] = left;
    return this.#words[QUICK.calls >> 2]!;
  }

  /** A mutex that is free. @param magic what its first word holds as long as it is one */
  openMutex(mutex: QuickMutex, magic: number): void {
    this.takeOver();
    this.#mutex = mutex;
    this.#words[QUICK.mutex >> 2] = mutex.address;
    this.#words[QUICK.magic >> 2] = magic;
  }

  /** @param only closes nothing when another mutex is open */
  closeMutex(only?: QuickMutex): void {
    if (only !== undefined && only !== this.#mutex) return;
    this.takeOver();
    this.#words[QUICK.mutex >> 2] = 0;
  }

  /** Makes a lock that the module holds the host's. */
  takeOver(): void {
    const words = this.#words;
    if (words[QUICK.held >> 2] === 0) return;
    words[QUICK.held >> 2] = 0;
    words[QUICK.mutex >> 2] = 0;
    this.onHeld!(this.#mutex as never);
  }

  openTimer(handle: number, startedNs: bigint, nowNs: bigint): void {
    this.#words[QUICK.timer >> 2] = handle;
    this.#times[QUICK.startedNs >> 3] = startedNs;
    this.#times[QUICK.nowNs >> 3] = nowNs;
  }

  closeTimer(): void {
    this.#words[QUICK.timer >> 2] = 0;
  }

  /** Another activation of the module begins: all is the host's. @returns calls made inside the module up to now */
  close(): number {
    const words = this.#words;
    const calls = words[QUICK.calls >> 2]!;
    words[QUICK.calls >> 2] = 0;
    this.closeMutex();
    this.closeTimer();
    return calls;
  }
}
