import { formatBytes, formatHex } from "./line-format.ts";
import type { Expectation } from "./step.ts";

/** What a command of a script came to. */
export type Answer =
  | { readonly kind: "ok" }
  | { readonly kind: "value"; readonly value: bigint }
  | { readonly kind: "bytes"; readonly bytes: Uint8Array }
  /** `why` stands in parentheses behind "error". */
  | { readonly kind: "error"; readonly why: string }
  | { readonly kind: "stop" };

/** As qtest answers: `ok`, `ok 0x2a`, `error (bus error at 0x1000)`. */
export function formatAnswer(answer: Answer): string {
  switch (answer.kind) {
    case "value":
      return `ok ${formatHex(answer.value)}`;
    case "bytes":
      return `ok ${formatBytes(answer.bytes)}`;
    case "error":
      return `error (${answer.why})`;
    default:
      return answer.kind;
  }
}

/** Whether an answer is what `expect` asked for. `irq` is no answer of a command and never matches here. */
export function matches(answer: Answer, expectation: Expectation): boolean {
  switch (expectation.kind) {
    case "value": {
      if (answer.kind !== "value") return false;
      const { value, mask } = expectation;
      return mask === undefined ? answer.value === value : (answer.value & mask) === value;
    }
    case "bytes":
      return answer.kind === "bytes" && Buffer.compare(answer.bytes, expectation.bytes) === 0;
    case "ok":
      return answer.kind === "ok" || answer.kind === "value" || answer.kind === "bytes";
    case "error":
    case "stop":
      return answer.kind === expectation.kind;
    case "irq":
      return false;
  }
}
