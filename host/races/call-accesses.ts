import type { GateEntry, GateParam } from "../../abi/definition/schema.ts";
import * as layouts from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { WatchedMemory } from "./watched-memory.ts";

const sizes = layouts as unknown as Record<string, { readonly SIZEOF: number }>;

/**
 * Objects that the host keeps: threads may use them at the same time, that is what they are for. All of cdev.h is thread
 * safe (function safety table of 7.1), and nobody else touches its state.
 */
const SYNCHRONISED = ["pthread_mutex_t", "pthread_cond_t", "sem_t", "pthread_once_t", "pthread_rwlock_t", "cdev_state"];

type CallAccess = (memory: WatchedMemory, args: readonly number[]) => void;

/** What a call does with the caller's memory, by the kinds and directions of its parameters. */
export function callAccesses(entry: GateEntry): readonly CallAccess[] {
  const accesses = entry.params.flatMap((param) => accessOf(entry, param));
  if (entry.result.kind === "u64") {
    const at = entry.rawParams - 1;
    accesses.push((memory, args) => memory.callTouches(args[at]!, 8, true));
  }
  return accesses;
}

function accessOf(entry: GateEntry, { at, type }: GateParam): CallAccess[] {
  switch (type.kind) {
    case "struct": {
      const bytes = sizes[type.struct]?.SIZEOF;
      if (bytes === undefined || SYNCHRONISED.includes(type.struct)) return [];
      return directed(at, type.access, counted(entry, type.count, bytes));
    }
    case "buffer":
      return directed(at, type.access, counted(entry, type.length, 1));
    case "out-int":
      return directed(at, type.inout === true ? "inout" : "out", counted(entry, type.count, type.bits / 8));
    case "cstring":
      return [(memory, args) => memory.callTouches(args[at]!, stringBytes(memory.instance, args[at]! >>> 0), false)];
    default:
      return [];
  }
}

function directed(
  at: number,
  access: "in" | "out" | "inout",
  bytes: (args: readonly number[]) => number,
): CallAccess[] {
  const touches = (writes: boolean): CallAccess => {
    return (memory, args) => memory.callTouches(args[at]!, bytes(args), writes);
  };
  if (access === "inout") return [touches(false), touches(true)];
  return [touches(access === "out")];
}

/** Bytes of an array whose length another parameter gives. */
function counted(entry: GateEntry, count: string | undefined, bytes: number): (args: readonly number[]) => number {
  const param = entry.params.find(({ name }) => name === count);
  return param === undefined ? () => bytes : (args) => bytes * (args[param.at]! >>> 0);
}

/** Longest string that is looked at. */
const STRING_BYTES = 4096;

function stringBytes(instance: ModuleInstance, start: number): number {
  const nul = instance.bytes.subarray(start, start + STRING_BYTES).indexOf(0);
  return nul < 0 ? 0 : nul + 1;
}
