import { UserError } from "../errors.ts";
import type { Vm } from "../vm/vm.ts";
import type { ParsedArguments } from "./arguments.ts";

/** Where a ROM guest is ended when it has not ended by itself. Neither depends on the host's speed. */
export interface GuestLimits {
  readonly instructions?: number;
  /** Virtual nanoseconds since the VM was made, and how the user wrote them. */
  readonly time?: { readonly ns: bigint; readonly seconds: string };
}

const NS_PER_SECOND = 1_000_000_000;
/** Thirty years of virtual time; below it, a time given in seconds is exact to the microsecond. */
const MAX_SECONDS = 1e9;

/** `--max-instructions N` and `--max-time SECONDS`. @throws UserError for what is no limit, or limits nobody */
export function parseLimits(args: ParsedArguments, guest: string): GuestLimits {
  const instructions = args.value("max-instructions");
  const seconds = args.value("max-time");
  if (instructions === undefined && seconds === undefined) return {};
  if (guest !== "rom") {
    const option = instructions === undefined ? "--max-time" : "--max-instructions";
    throw new UserError(`${option} is for ROM guests; a script has an end of its own`);
  }
  return {
    ...(instructions !== undefined && { instructions: parseInstructions(instructions) }),
    ...(seconds !== undefined && { time: { ns: parseSeconds(seconds), seconds } }),
  };
}

/** A replay has the whole text in memory, where V8 has a limit of 512 MiB of characters. */
const MAX_RECORDING = 256 << 20;
/** A header, and something to replay. */
const MIN_RECORDING = 64 << 10;
const SIZE_SHIFT: Readonly<Record<string, number>> = { "": 0, k: 10, m: 20, g: 30 };

/** `--record-limit SIZE` in bytes. @throws UserError for what is no size */
export function recordLimit(args: ParsedArguments): number {
  const text = args.value("record-limit");
  if (text === undefined) return MAX_RECORDING;
  if (args.value("record") === undefined) throw new UserError("--record-limit is for --record FILE");
  const match = /^(\d+)([kmg]?)$/i.exec(text);
  const bytes = match === null ? 0 : Number(match[1]) * 2 ** SIZE_SHIFT[match[2]!.toLowerCase()]!;
  if (bytes >= MIN_RECORDING && bytes <= MAX_RECORDING) return bytes;
  throw new UserError(`--record-limit takes a size of 64k to 256M, and not ${text}`);
}

function parseInstructions(text: string): number {
  const count = Number(text);
  if (/^\d+$/.test(text) && count > 0 && Number.isSafeInteger(count)) return count;
  throw new UserError(`--max-instructions takes a number of instructions, and not ${text}`);
}

function parseSeconds(text: string): bigint {
  const seconds = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && seconds > 0 && seconds <= MAX_SECONDS) {
    return BigInt(Math.ceil(seconds * NS_PER_SECOND));
  }
  throw new UserError(`--max-time takes seconds of virtual time, as in 10 or 0.5, and not ${text}`);
}

/** Why a guest is ended now, as the end of "the guest …"; undefined while it may go on. */
export function timeIsUp(vm: Vm, { time }: GuestLimits): string | undefined {
  return time !== undefined && vm.nowNs >= time.ns
    ? `was still running after ${time.seconds} s of virtual time`
    : undefined;
}

/** When a guest that waits is to be woken: at the next timer, or at the limit; undefined when nothing is to come. */
export function nextWakeNs(vm: Vm, { time }: GuestLimits): bigint | undefined {
  const next = vm.clock.nextDeadlineNs;
  return next !== undefined && time !== undefined && next > time.ns ? time.ns : next;
}

/** Lets time pass up to then. @returns whether there was anything to wait for */
export function stepToTimer(vm: Vm, limits: GuestLimits): boolean {
  const wake = nextWakeNs(vm, limits);
  return wake === undefined || wake === vm.clock.nextDeadlineNs ? vm.clockStep() : vm.clockStep(wake - vm.nowNs);
}
