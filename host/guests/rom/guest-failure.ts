import { UNKNOWN_VECTOR } from "./boot-block.ts";

/** What a failed guest did, as the end of a sentence that begins with "the guest". */

/** What the processor tells when it gives up or takes an exception. */
export interface FailedProcessor {
  /** What v86 gave up with; a RangeError is the end of the engine's stack. */
  readonly crash: Error | undefined;
  /** The same in words. */
  readonly lastWords: string;
  readonly isPaging: boolean;
  readonly pageFaultAddress: number;
  readonly pageDirectory: number;
}

/** The processor gave up: in the middle of faults within faults, or at something v86 does not do. */
export function crashText(processor: FailedProcessor): string {
  const isNested = processor.crash instanceof RangeError && processor.isPaging;
  return isNested ? nestedFaultText(processor) : `did what the processor cannot (${processor.lastWords})`;
}

/** Putting a page fault on the stack, or finding its gate, is a page fault again. */
export function nestedFaultText({ pageFaultAddress, pageDirectory }: FailedProcessor): string {
  const where = `CR3 is ${hex(pageDirectory)}, CR2 ${hex(pageFaultAddress)}`;
  return `took a page fault (#PF), and another one on the way to its handler: map the IDT and the stack (${where})`;
}

/** An exception nobody handles: its vector, error code, and CR2. */
export function exceptionText(vector: number, errorCode: number, pageFaultAddress: number): string {
  const name = exceptionNames.get(vector) ?? `exception ${vector}`;
  const detail =
    vector === 14 ? ` on ${hex(pageFaultAddress)}` : errorCode === 0 ? "" : ` with error code ${hex(errorCode)}`;
  return `took ${name}${detail}, which it has no handler for`;
}

/** The same when nothing of what the processor put on the stack can be read back. */
export function lostExceptionText(vector: number, stackPointer: number): string {
  const name = exceptionNames.get(vector) ?? `exception ${vector}`;
  return `took ${name}, which it has no handler for, with its stack outside RAM (ESP is ${hex(stackPointer)})`;
}

/** `0x…`, as messages show addresses. */
export function hex(value: number): string {
  return `0x${value.toString(16)}`;
}

/** Intel SDM volume 3, table 6-1. */
const exceptionNames: ReadonlyMap<number, string> = new Map([
  [0, "a divide error (#DE)"],
  [1, "a debug exception (#DB)"],
  [3, "a breakpoint (#BP)"],
  [4, "an overflow (#OF)"],
  [5, "a bound range exception (#BR)"],
  [6, "an invalid opcode (#UD)"],
  [7, "a device not available exception (#NM)"],
  [8, "a double fault (#DF)"],
  [10, "an invalid TSS exception (#TS)"],
  [11, "a segment not present exception (#NP)"],
  [12, "a stack fault (#SS)"],
  [13, "a general protection fault (#GP)"],
  [14, "a page fault (#PF)"],
  [16, "an x87 error (#MF)"],
  [17, "an alignment check (#AC)"],
  [19, "a SIMD error (#XM)"],
  [UNKNOWN_VECTOR, "an interrupt at a vector above 0x2F"],
]);
