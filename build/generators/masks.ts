import {
  CALLBACKS,
  type CallbackName,
  type Entry,
  type FunctionEntry,
  type Phase,
  THREADS,
} from "../../abi/definition/schema.ts";

/** The callbacks that can be in progress in each phase, one bit a callback. */
export interface CallbackMasks {
  readonly startup: number;
  readonly running: number;
}

export const bitOf = (name: CallbackName): number => 1 << CALLBACKS.indexOf(name);

/** Every callback but "none": no module runs outside a callback. */
const ALL = ((1 << CALLBACKS.length) - 1) & ~bitOf("none");
/** Before VDEV_CTRL_OPTIONS_START has returned. */
const BEFORE_OPTIONS = bitOf("module-start") | bitOf("OPTIONS_START");

/** Which callbacks a phase can hold, from the phases of the callback entries. An unknown phase is either. */
export function callbackMasks(entries: readonly Entry[]): CallbackMasks {
  const masks = { startup: bitOf("module-start"), running: 0 };
  for (const entry of entries) {
    if (entry.kind !== "callback" || entry.callback === undefined) continue;
    const phase = entry.phase.value;
    if (phase !== "running") masks.startup |= bitOf(entry.callback);
    if (phase !== "startup") masks.running |= bitOf(entry.callback);
  }
  return masks;
}

/** Where a function may be called in one phase, one bit a callback. */
export function allowedMask(entry: FunctionEntry, phase: Phase, possible: CallbackMasks): number {
  const { only, except } = entry.callbacks ?? {};
  const wanted = only === undefined ? ALL : maskOf(only);
  return phaseMask(entry, phase, possible) & wanted & ~maskOf(except ?? []);
}

function phaseMask(entry: FunctionEntry, phase: Phase, possible: CallbackMasks): number {
  switch (entry.phase.value) {
    case "startup":
      return phase === "startup" ? possible.startup : 0;
    case "running":
      return phase === "running" ? possible.running : 0;
    case "module-start":
      return phase === "startup" ? bitOf("module-start") : 0;
    case "after-options-start":
      return phase === "startup" ? ALL & ~BEFORE_OPTIONS : ALL;
    default:
      return ALL;
  }
}

function maskOf(names: readonly CallbackName[]): number {
  return names.reduce((mask, name) => mask | bitOf(name), 0);
}

/** Threads a function may be called on, one bit a kind. */
export function threadMask(threads: FunctionEntry["threads"]["value"]): number {
  const kinds = threads === "any" ? THREADS : threads;
  return kinds.reduce((mask, kind) => mask | (1 << THREADS.indexOf(kind)), 0);
}
