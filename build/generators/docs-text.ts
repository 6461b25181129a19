import type { FunctionEntry, LockRule, Param, ParamKind, Result, Rule, Status } from "../../abi/definition/schema.ts";

/** Prose as Markdown shows it: no accidental emphasis, table cell or tag. */
export function prose(text: string): string {
  return text
    .split(/(`[^`]*`|\]\([^)]*\))/)
    .map((part, i) => (i % 2 === 1 ? part : part.replace(/[*|<]/g, (sign) => `\\${sign}`)))
    .join("");
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string[] {
  return [head, head.map(() => "---"), ...rows].map((cells) => `| ${cells.join(" | ")} |`);
}

export const code = (text: string): string => `\`${text}\``;

/** A source as a link; the ones that are no address stay text. */
export function sourceLink(source: string): string {
  const page = /\/docs\/([\d.]+)\/com\.qnx\.doc\.hypervisor\.([\w.]+)\/topic\/(.*)\.html$/.exec(source);
  if (page === null) return source.startsWith("https://") ? `<${source}>` : prose(source);
  const [, release, , topic] = page as unknown as [string, string, string, string];
  return `[${release} ${topic}](${source})`;
}

/** `text (inferred: note)`; documented ones carry no mark, so that what is unsure stands out. */
export function withStatus(text: string, { status, note }: Rule<unknown>): string {
  if (status === "unknown") return "unknown";
  const mark = status === "documented" ? "" : status;
  const remark = [mark, note ?? ""].filter((part) => part !== "").join(": ");
  return remark === "" ? text : `${text} (${prose(remark)})`;
}

const PHASES: Readonly<Record<string, string>> = {
  startup: "startup",
  running: "running",
  both: "startup and running",
  "module-start": "while the module starts",
  "after-options-start": "after OPTIONS_START",
};

export const phaseWords = (rule: FunctionEntry["phase"]): string => PHASES[rule.value] ?? "unknown";

/** `text (inferred)`: for tables, where notes would hide what is compared. */
export function withMark(text: string, { status }: Rule<unknown>): string {
  if (status === "unknown") return "unknown";
  return status === "documented" ? text : `${text} (${status})`;
}

const SAFETY: Readonly<Record<string, string>> = {
  "startup-only": "at startup only",
  "under-gasp-lock-when-running": "yes at startup; while running under `gasp_lock()`",
  "no-allocation-when-running": "yes; while running without allocated buffers",
};

export const safetyWords = (rule: FunctionEntry["threadSafe"]): string => SAFETY[rule.value] ?? rule.value;

export function threadsText(entry: FunctionEntry): string {
  const { value } = entry.threads;
  const advised = entry.adviseAgainst;
  const text = withStatus(value === "any" ? "any" : value.join(", "), entry.threads);
  return advised === undefined
    ? text
    : `${text}; advised against on ${advised.threads.join(", ")}: ${prose(advised.note)}`;
}

export function lockText(rule: LockRule): string {
  if ("takes" in rule) return "takes the address space lock";
  if ("releases" in rule) return "releases the address space lock";
  return rule.needed === "always"
    ? "only between `gasp_lock()` and `gasp_unlock()`"
    : "under `gasp_lock()` while running";
}

/** What a parameter is, in words. */
export function paramText({ type }: Param): string {
  const nullable = "nullable" in type && type.nullable === true ? "; may be NULL" : "";
  return `${kindText(type)}${nullable}`;
}

function kindText(type: ParamKind): string {
  switch (type.kind) {
    case "int":
      return `${code(type.cType)}, ${type.bits} bits`;
    case "guest-address":
      return "guest-physical address, 64 bits";
    case "struct":
      return `${type.count === undefined ? "" : `array of ${code(type.count)} × `}${code(type.struct)}, ${ACCESS[type.access]}`;
    case "buffer":
      return `${code(type.length)} bytes, ${ACCESS[type.access]}`;
    case "out-int":
      return `${type.count === undefined ? "one integer" : `array of ${code(type.count)} integers`} of ${type.bits} bits, ${type.inout === true ? ACCESS.inout : ACCESS.out}`;
    case "cstring":
      return "C string";
    case "callback":
      return `function, ${code(type.callback)}`;
    case "handle":
      return type.of === "opaque"
        ? "pointer that is never looked into"
        : `handle of a ${code(type.of)} of this module instance`;
    case "cookie":
      return "handed back later, never looked into";
    case "varargs":
      return "up to six arguments for the format";
  }
}

const ACCESS = { in: "read", out: "filled in", inout: "read and changed" } as const;

/** How the function says that the gate refused the call, under the `report` policy. */
export function refusedText(entry: FunctionEntry): string {
  const unsupported = entry.body === "later";
  switch (entry.result.kind) {
    case "errno":
      return unsupported
        ? "EPERM when a rule forbids it, EINVAL for a bad argument, else ENOSYS for now"
        : "EPERM when a rule forbids it, EINVAL for a bad argument";
    case "u64":
      return "all ones";
    case "void":
      return "nothing happens";
    case "int":
      return "0";
    default:
      return "NULL";
  }
}

export function resultText(result: Result): string {
  switch (result.kind) {
    case "void":
      return "none";
    case "errno":
      return "EOK or an errno";
    case "handle":
      return `handle of a ${code(result.of)}, or NULL`;
    default:
      return code(result.cType);
  }
}

/** How sure a prototype is; one of ours must be looked up before the code is built for the target. */
export function prototypeStatus(status: Status): string {
  return status === "vdevbox" ? "ours: **not portable as is**" : status;
}

/** How sure a value or a layout is. */
export function valueStatus(status: Status): string {
  return status === "vdevbox" ? "ours" : status;
}
