import { relative, resolve } from "node:path";
import asc from "assemblyscript/asc";
import { type SourcePlace, UserError } from "../../host/errors.ts";
import type { SourceReader } from "./source-reader.ts";

/** A sentence of the compiler, with the place it speaks of. */
export interface Diagnostic {
  readonly severity: "info" | "warning" | "error";
  /** The compiler's sentence. */
  readonly message: string;
  /** The compiler's number for it: below 1000 its own, else TypeScript's. */
  readonly code: number;
  readonly place?: SourcePlace;
}

/** A module that does not compile: one or more errors, the first of which is the message and place of this one. */
export class CompileError extends UserError {
  readonly errors: readonly UserError[];

  constructor(errors: readonly UserError[]) {
    const first = errors[0];
    if (first === undefined) throw new Error("a CompileError needs an error");
    super(first.message, first.place);
    this.errors = errors;
  }

  /** One line for each error, each with its place in front. */
  override toString(): string {
    return this.errors.join("\n");
  }
}

/** asc's DiagnosticCategory. */
const SEVERITIES = ["info", "info", "warning", "error"] as const;
const USER_DEFINED = "User-defined: ";

/** Turns asc's offset into a file, line and column. `file` is relative to the working folder when inside it. */
export function toDiagnostic(from: asc.DiagnosticMessage, reader: SourceReader, projectDir: string): Diagnostic {
  const message = from.message.startsWith(USER_DEFINED) ? unquoted(from.message) : from.message;
  const diagnostic = { severity: SEVERITIES[from.category] ?? "error", message, code: from.code };
  if (from.range === null) return diagnostic;
  const name = from.range.source.normalizedPath;
  const text = reader.text(name) ?? libraryText(name);
  const file = displayName(name, projectDir);
  return { ...diagnostic, place: text === undefined ? { file } : { file, ...lineAndColumn(text, from.range.start) } };
}

function unquoted(message: string): string {
  return message.slice(USER_DEFINED.length).replace(/^"(.*)"\.?$/s, "$1");
}

/** Text of a file of the compiler's own library. */
function libraryText(name: string): string | undefined {
  return asc.libraryFiles[name.replace(/^~lib\//, "").replace(/\.ts$/, "")];
}

/** Line and column, both from 1, of an offset in a text. */
export function lineAndColumn(text: string, offset: number): { line: number; column: number } {
  const before = text.slice(0, offset);
  const line = before.split("\n").length;
  return { line, column: offset - (before.lastIndexOf("\n") + 1) + 1 };
}

/** A source as the user knows it: `vdevbox/abi/...` for ours, `~lib/...` for the compiler's, else its path. */
function displayName(name: string, projectDir: string): string {
  if (name.startsWith("~lib/")) return packageSourceName(name);
  const full = resolve(projectDir, name);
  const fromHere = relative(process.cwd(), full);
  return fromHere.startsWith("..") ? full : fromHere.replaceAll("\\", "/");
}

/** `~lib/vdevbox/abi/guest.ts` is `vdevbox/abi/guest.ts` everywhere a person reads it. */
export function packageSourceName(name: string): string {
  return name.replace(/^~lib\/vdevbox\//, "vdevbox/");
}
