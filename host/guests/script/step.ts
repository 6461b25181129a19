import type { SourcePlace } from "../../errors.ts";
import type { LineAct } from "../../vm/events.ts";
import type { PowerState } from "../../vm/power.ts";
import type { AccessWidth, Space } from "../bus.ts";

/** What one line of a script says. Numbers are unsigned 64-bit. */
export type ScriptCommand =
  /** One access; `readl ADDR`, `inb PORT`. */
  | { readonly kind: "read"; readonly space: Space; readonly width: AccessWidth; readonly address: bigint }
  | {
      readonly kind: "write";
      readonly space: Space;
      readonly width: AccessWidth;
      readonly address: bigint;
      readonly value: bigint;
    }
  /** `read ADDR SIZE`: memory as bytes, one access each. */
  | { readonly kind: "readBytes"; readonly address: bigint; readonly size: number }
  | { readonly kind: "writeBytes"; readonly address: bigint; readonly bytes: Uint8Array }
  | { readonly kind: "memset"; readonly address: bigint; readonly size: number; readonly byte: number }
  /** Without `ns`: to the next timer. */
  | { readonly kind: "clockStep"; readonly ns?: bigint }
  | { readonly kind: "clockSet"; readonly ns: bigint }
  /** Asks for the level of an interrupt line. */
  | { readonly kind: "irq"; readonly pic: string; readonly line: number }
  /** What a guest does with a line of a host controller. */
  | { readonly kind: "irqAct"; readonly pic: string; readonly line: number; readonly act: LineAct }
  /** Asks how often something happened on a line. */
  | { readonly kind: "irqCount"; readonly pic: string; readonly line: number; readonly count: LineCount }
  /** The host's bytes for a vdev. */
  | { readonly kind: "input"; readonly vdev: string; readonly bytes: Uint8Array }
  /** The host takes no more output of a vdev, or takes it again. */
  | { readonly kind: "flow"; readonly vdev: string; readonly takes: boolean }
  | { readonly kind: "control"; readonly what: ControlWord }
  /** `power CPU STATE`: that CPU begins to run, to wait, or is switched off. */
  | { readonly kind: "power"; readonly cpu: number; readonly state: PowerState }
  /** Sends the vdev of that name a pulse. */
  | { readonly kind: "pulse"; readonly vdev: string; readonly code: number }
  /** Accesses that follow come from that vCPU. */
  | { readonly kind: "vcpu"; readonly vcpu: number }
  | { readonly kind: "print"; readonly text: string }
  | { readonly kind: "repeat"; readonly count: number; readonly body: readonly ScriptStep[] }
  /** Accesses of several vCPUs at the same time, see together.ts. */
  | { readonly kind: "together"; readonly body: readonly ScriptStep[] }
  | { readonly kind: "expect"; readonly expectation: Expectation };

/** What `expect` checks: the last command that has a result, or the level of an interrupt line. */
export type Expectation =
  | { readonly kind: "value"; readonly value: bigint; readonly mask?: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  | { readonly kind: "ok" }
  | { readonly kind: "error" }
  | { readonly kind: "stop" }
  | { readonly kind: "irq"; readonly pic: string; readonly line: number; readonly level: boolean };

export const LINE_COUNTS = ["raised", "merged", "masked", "lost", "spurious", "taken", "storms"] as const;
export type LineCount = (typeof LINE_COUNTS)[number];

export const CONTROL_WORDS = ["status", "button", "dump", "terminate"] as const;
export type ControlWord = (typeof CONTROL_WORDS)[number];

/** One command and where it stands. */
export type ScriptStep = ScriptCommand & { readonly place: SourcePlace };

/** Letters of the widths, as qtest has them. */
export const WIDTH_LETTERS: Readonly<Record<AccessWidth, string>> = { 1: "b", 2: "w", 4: "l", 8: "q" };

/** Bytes that one `read`, `write` or `memset` may cover. */
export const MAX_BYTES = 1 << 20;
export const MAX_VCPU = 1023;
/** Codes of pulses are int8_t; programs use those that are not negative. */
export const MAX_PULSE_CODE = 127;
export const MAX_REPEAT = 1_000_000;
/** `repeat` inside `repeat`. */
export const MAX_DEPTH = 8;

/** The bits of an access of that many bytes. */
export function widthMask(width: AccessWidth): bigint {
  return (1n << BigInt(8 * width)) - 1n;
}
