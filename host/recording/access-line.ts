import type { AccessWidth, Space } from "../guests/bus.ts";
import { MAX_VCPU, widthMask } from "../guests/script/step.ts";
import type { AccessOutcome, RecordingEvent } from "./event.ts";

const ACCESS =
  /^(read|write|in|out)([bwlq]) (0x[0-9a-f]{1,16})(?: (0x[0-9a-f]{1,16}))? vcpu=(\d{1,4}) => (ok|error|stop|retry)(?: (0x[0-9a-f]{1,16}))?$/;
const WIDTHS: Readonly<Record<string, AccessWidth>> = { b: 1, w: 2, l: 4, q: 8 };
const MAX_PORT = 0xffffn;

/**
 * The line of an access exactly as `formatEvent` writes it. A recording has hundreds of thousands of them, and reading
 * one word by word takes ten times as long. @returns undefined for every other line, right or wrong
 */
export function parseAccessLine(line: string): RecordingEvent | undefined {
  const match = ACCESS.exec(line);
  if (match === null) return undefined;
  const [, verb, letter, addressText, written, vcpuText, outcomeText, got] = match;
  const space: Space = verb === "in" || verb === "out" ? "io" : "memory";
  const width = WIDTHS[letter!]!;
  const address = BigInt(addressText!);
  const vcpu = Number(vcpuText);
  const outcome = outcomeText as AccessOutcome;
  const isRead = verb === "read" || verb === "in";
  const hasValue = isRead ? outcome === "ok" : true;
  const valueText = isRead ? got : written;
  const tooMany = isRead ? written !== undefined : got !== undefined;
  if (tooMany || hasValue !== (valueText !== undefined) || vcpu > MAX_VCPU) return undefined;
  if (space === "io" && (width === 8 || address > MAX_PORT)) return undefined;
  if (isRead && outcome !== "ok") return { kind: "read", space, width, address, vcpu, outcome };
  const value = BigInt(valueText!);
  if (value > widthMask(width)) return undefined;
  if (isRead) return { kind: "read", space, width, address, vcpu, outcome: "ok", value };
  return { kind: "write", space, width, address, value, vcpu, outcome };
}
