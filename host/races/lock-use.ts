import type { WatchedAccess, WatchedMemory } from "./watched-memory.ts";

/** Which locks were held when some bytes were accessed. */
interface Use {
  readonly memory: WatchedMemory;
  readonly address: number;
  readonly bytes: number;
  readonly threads: Set<string>;
  written: boolean;
  /** Accesses by the locks held and the place: the number of each. */
  readonly accesses: Map<number, Accesses>;
}

interface Accesses {
  readonly locks: readonly string[];
  readonly site: number;
  /** The one that was seen first. */
  readonly thread: string;
  readonly writes: boolean;
  count: number;
}

interface Last {
  readonly use: Use;
  readonly address: number;
  readonly lockSet: number;
  readonly writes: boolean;
  readonly accesses: Accesses;
  thread: string;
}

/** Accesses that all others let expect to hold a lock, and that do not. */
export interface PatternBreak {
  readonly site: number;
  readonly thread: string;
  readonly writes: boolean;
  readonly count: number;
}

/** The lock that seems to guard some bytes. */
export interface InferredLock {
  readonly memory: WatchedMemory;
  readonly address: number;
  readonly bytes: number;
  /** The lock most accesses held. */
  readonly lock: string;
  /** Accesses that held it, and all. The same access again without a turn or a lock between is one. */
  readonly held: number;
  readonly total: number;
  readonly breaks: readonly PatternBreak[];
}

/** Ranges that are kept count of in a VM. */
const RANGES = 100_000;
/** Part of the accesses that must hold a lock for it to be called the guard. */
const MOST = 0.5;

/** Counts, for all bytes that threads share, which locks they were accessed under. Keeps on over resets of the VM. */
export class LockUse {
  readonly #uses = new Map<WatchedMemory, Map<number, Use>>();
  /** What was noted last for each site, by instance: as a rule the next is the same, maybe of another thread. */
  readonly #last: (Last | undefined)[][] = [];
  #count = 0;

  /** @param lockSet number of the set of locks, below 2^16 */
  add(access: WatchedAccess, thread: string, locks: readonly string[], lockSet: number): void {
    const { memory, address, bytes, writes, site } = access;
    this.#last[memory.instance.id] ??= [];
    const lastOfMemory = this.#last[memory.instance.id]!;
    const last = lastOfMemory[site];
    if (
      last !== undefined &&
      last.address === address &&
      last.lockSet === lockSet &&
      last.writes === writes &&
      last.use.bytes === bytes
    ) {
      last.accesses.count++;
      if (last.thread !== thread) last.use.threads.add(thread);
      last.thread = thread;
      return;
    }
    let uses = this.#uses.get(memory);
    if (uses === undefined) {
      uses = new Map();
      this.#uses.set(memory, uses);
    }
    const key = address * 32 + Math.min(bytes, 31);
    let use = uses.get(key);
    if (use === undefined) {
      if (this.#count++ >= RANGES) return;
      use = { memory, address, bytes, threads: new Set(), written: false, accesses: new Map() };
      uses.set(key, use);
    }
    const way = (site * 2 + (writes ? 1 : 0)) * 65536 + lockSet;
    const known = use.accesses.get(way);
    const accesses = known ?? { locks, site, thread, writes, count: 0 };
    accesses.count++;
    if (known === undefined) {
      use.accesses.set(way, accesses);
      use.written ||= writes;
    }
    use.threads.add(thread);
    lastOfMemory[site] = { use, address, lockSet, thread, writes, accesses };
  }

  /** Of each range that several threads use and one writes, the lock that guards most of its accesses. */
  inferred(): InferredLock[] {
    const found: InferredLock[] = [];
    for (const uses of this.#uses.values()) {
      for (const use of uses.values()) {
        const lock = use.written && use.threads.size > 1 ? guardOf(use) : undefined;
        if (lock !== undefined) found.push(lock);
      }
    }
    return found;
  }
}

function guardOf({ memory, address, bytes, accesses }: Use): InferredLock | undefined {
  const counts = new Map<string, number>();
  let total = 0;
  for (const { locks, count } of accesses.values()) {
    total += count;
    for (const lock of locks) counts.set(lock, (counts.get(lock) ?? 0) + count);
  }
  const [best] = [...counts].sort((a, b) => b[1] - a[1]);
  if (best === undefined || best[1] <= MOST * total) return undefined;
  const [lock, held] = best;
  const breaks = [...accesses.values()]
    .filter(({ locks }) => !locks.includes(lock))
    .map(({ site, thread, writes, count }) => ({ site, thread, writes, count }));
  return { memory, address, bytes, lock, held, total, breaks };
}
