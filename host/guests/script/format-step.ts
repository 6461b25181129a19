import type { LineAct } from "../../vm/events.ts";
import type { AccessWidth, Space } from "../bus.ts";
import { formatBytes, formatHex, formatName, formatPin } from "./line-format.ts";
import type { Expectation, ScriptCommand } from "./step.ts";
import { WIDTH_LETTERS } from "./step.ts";

/** A step as `parseScript` reads it: one line without its line break, several for a block. */
export function formatStep(step: ScriptCommand): string {
  switch (step.kind) {
    case "read":
      return `${readWord(step.space, step.width)} ${formatHex(step.address)}`;
    case "write":
      return `${writeWord(step.space, step.width)} ${formatHex(step.address)} ${formatHex(step.value)}`;
    case "readBytes":
      return `read ${formatHex(step.address)} ${step.size}`;
    case "writeBytes":
      return `write ${formatHex(step.address)} ${step.bytes.length} ${formatBytes(step.bytes)}`;
    case "memset":
      return `memset ${formatHex(step.address)} ${step.size} ${formatHex(BigInt(step.byte))}`;
    case "clockStep":
      return step.ns === undefined ? "clock_step" : `clock_step ${step.ns}`;
    case "clockSet":
      return `clock_set ${step.ns}`;
    case "irq":
      return `irq ${formatName(step.pic)} ${step.line}`;
    case "irqAct":
      return formatAct(step.act, `${formatName(step.pic)} ${step.line}`);
    case "irqCount":
      return `irq_count ${formatName(step.pic)} ${step.line} ${step.count}`;
    case "input":
      return `input ${formatName(step.vdev)} ${formatBytes(step.bytes)}`;
    case "flow":
      return `flow ${formatName(step.vdev)} ${step.takes ? "on" : "off"}`;
    case "control":
      return step.what;
    case "power":
      return `power ${step.cpu} ${step.state}`;
    case "pulse":
      return `pulse ${formatName(step.vdev)} ${step.code}`;
    case "vcpu":
      return `vcpu ${step.vcpu}`;
    case "print":
      return `print ${JSON.stringify(step.text)}`;
    case "repeat":
      return formatBlock(`repeat ${step.count}`, step.body);
    case "together":
      return formatBlock("together", step.body);
    case "expect":
      return `expect ${formatExpectation(step.expectation)}`;
  }
}

/** `irq_take gic 40`, `irq_enable gic 40 edge`. */
function formatAct(act: LineAct, line: string): string {
  const [word, trigger] = act.split("-");
  return trigger === undefined ? `irq_${word} ${line}` : `irq_${word} ${line} ${trigger}`;
}

/** What stands behind `expect`. */
export function formatExpectation(expectation: Expectation): string {
  switch (expectation.kind) {
    case "value": {
      const { value, mask } = expectation;
      return mask === undefined ? formatHex(value) : `${formatHex(value)}/${formatHex(mask)}`;
    }
    case "bytes":
      return `bytes ${formatBytes(expectation.bytes)}`;
    case "irq":
      return `irq ${formatPin(expectation.pic, expectation.line)} ${expectation.level ? "on" : "off"}`;
    default:
      return expectation.kind;
  }
}

/** `readl`, or `inl` for a port. */
export function readWord(space: Space, width: AccessWidth): string {
  return `${space === "io" ? "in" : "read"}${WIDTH_LETTERS[width]}`;
}

/** `writel`, or `outl` for a port. */
export function writeWord(space: Space, width: AccessWidth): string {
  return `${space === "io" ? "out" : "write"}${WIDTH_LETTERS[width]}`;
}

function formatBlock(head: string, body: readonly ScriptCommand[]): string {
  return [`${head} {`, ...body.map((inner) => indent(formatStep(inner))), "}"].join("\n");
}

function indent(text: string): string {
  return text
    .split("\n")
    .map((line) => `  ${line}`)
    .join("\n");
}
