import type { ModuleInstance } from "../sandbox/instance.ts";

/** Bytes of a module's memory; addresses of globals are above 2^31. */
export interface ByteSpan {
  readonly instance: ModuleInstance;
  readonly start: number;
  readonly end: number;
}

/** What one step of a thread has touched. Frames are not in it. */
export interface Footprint {
  readonly reads: readonly ByteSpan[];
  readonly writes: readonly ByteSpan[];
  /** Mutexes, semaphores, timers, addresses of atomics: what the step synchronised by. */
  readonly syncs: ReadonlySet<object>;
}

/** Whether two steps of different threads can be told apart by which came first. */
export function dependent(one: Footprint, other: Footprint): boolean {
  for (const sync of one.syncs) if (other.syncs.has(sync)) return true;
  return meet(one.writes, other.writes) || meet(one.writes, other.reads) || meet(one.reads, other.writes);
}

function meet(some: readonly ByteSpan[], others: readonly ByteSpan[]): boolean {
  return some.some((one) =>
    others.some((other) => one.instance === other.instance && one.start < other.end && other.start < one.end),
  );
}
