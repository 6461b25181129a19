/** What the main thread and the worker of one vdev thread share: a few words, and bytes for text. */
export interface Mailbox {
  readonly words: Int32Array;
  readonly text: Uint8Array;
}

/** Indices of a mailbox's words. */
export const WORD = {
  /** STATE.* */
  state: 0,
  /** Counts calls of all threads: they are answered in the order they were made. */
  ticket: 1,
  /** Which of the module's calls, and how many arguments it has. */
  call: 2,
  count: 3,
  /** Of the call, or what the thread's function returned. */
  result: 4,
  /** Bytes of text. */
  length: 5,
  /** Which limit of the sandbox stopped the thread. */
  limit: 6,
  /** 1 once the worker runs. */
  begun: 7,
  args: 8,
} as const;

/** Arguments a call of the ABI has at most. */
const MAX_ARGS = 24;
const BOX_WORDS = WORD.args + MAX_ARGS;
/** Longer texts are cut. */
const TEXT_BYTES = 16 * 1024;

/** Whose turn it is. From `call` on the thread waits, until the main thread has answered. */
export const STATE = {
  running: 0,
  call: 1,
  answered: 2,
  /** The main thread asks where the call was made; then the text says so. */
  explain: 3,
  explained: 4,
  /** The thread is to end. */
  end: 5,
  /** Its function has returned, it has trapped, or called abort(). */
  returned: 6,
  trapped: 7,
  aborted: 8,
} as const;

/** What a worker is started with. */
export interface WorkerInput {
  readonly module: WebAssembly.Module;
  readonly memory: WebAssembly.Memory;
  readonly box: SharedArrayBuffer;
  readonly bell: SharedArrayBuffer;
  /** Calls the module imports, as their numbers count them. */
  readonly calls: readonly { readonly module: string; readonly name: string }[];
  readonly frame: number;
  readonly routine: number;
  readonly arg: number;
}

export function newMailbox(): SharedArrayBuffer {
  return new SharedArrayBuffer(BOX_WORDS * 4 + TEXT_BYTES);
}

export function mailboxIn(buffer: SharedArrayBuffer): Mailbox {
  return { words: new Int32Array(buffer, 0, BOX_WORDS), text: new Uint8Array(buffer, BOX_WORDS * 4) };
}

export function setText({ words, text }: Mailbox, value: string): void {
  const encoded = new TextEncoder().encode(value).subarray(0, text.length);
  text.set(encoded);
  words[WORD.length] = encoded.length;
}

export function textOf({ words, text }: Mailbox): string {
  return new TextDecoder().decode(text.slice(0, words[WORD.length]!));
}

/** Changes whose turn it is, and wakes whoever waits for that. */
export function setState({ words }: Mailbox, state: number): void {
  Atomics.store(words, WORD.state, state);
  Atomics.notify(words, WORD.state);
}

/** Looks of a side at the state before it sleeps: an answer takes a microsecond, to be woken takes fifty. */
const SPINS = 2000;

/** Waits while the state is this. @returns the other state */
export function awaitChange({ words }: Mailbox, state: number): number {
  for (let i = 0; i < SPINS; i++) {
    const now = Atomics.load(words, WORD.state);
    if (now !== state) return now;
  }
  for (;;) {
    Atomics.wait(words, WORD.state, state);
    const now = Atomics.load(words, WORD.state);
    if (now !== state) return now;
  }
}
