import type { SourcePlace } from "../errors.ts";
import { describeAddress } from "../races/report.ts";
import type { Vm } from "../vm/vm.ts";

/** Bytes that several threads use, the lock that seems to guard them, and who does without. */
export interface GuardedBytes {
  /** `byte 4 of v_device of uart`, `the static count`. */
  readonly what: string;
  readonly bytes: number;
  readonly lock: string;
  /** Accesses that held it, of all. */
  readonly held: number;
  readonly total: number;
  readonly without: readonly {
    readonly thread: string;
    readonly writes: boolean;
    readonly place: SourcePlace | undefined;
    readonly count: number;
  }[];
}

/** What the schedules of a VM so far say of locks and what they guard. */
export function guardedBytes(vm: Vm): GuardedBytes[] {
  return (vm.races?.inferredLocks() ?? []).map(({ memory, address, bytes, lock, held, total, breaks }) => ({
    what: describeAddress(vm, memory, address),
    bytes,
    lock,
    held,
    total,
    without: breaks.map(({ site, thread, writes, count }) => ({
      thread,
      writes,
      place: memory.module.sites.place(site, memory.module.map),
      count,
    })),
  }));
}

/** As text: a line for each, those that are not always guarded with the accesses that do without. */
export function formatGuarded(all: readonly GuardedBytes[]): string {
  const lines = ["which lock guards what, as far as it was seen:"];
  for (const { what, bytes, lock, held, total, without } of all) {
    lines.push(`  ${what}, ${bytes} ${bytes === 1 ? "byte" : "bytes"}: ${lock}, in ${held} of ${total} accesses`);
    for (const { thread, writes, place, count } of without) {
      const where = place === undefined ? "an unknown place" : `${place.file}:${place.line}`;
      lines.push(`    without it: ${thread} ${writes ? "writes" : "reads"} at ${where} (${count})`);
    }
  }
  if (all.length === 0) lines.push("  nothing that several threads use is accessed under a lock");
  return lines.join("\n");
}
