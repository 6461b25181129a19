import { functionsOf, inferred, NONE } from "./builders.ts";
import type { Field, FunctionEntry, StructEntry } from "./schema.ts";
import { POSIX } from "./sources.ts";

/**
 * What C authors take from libc. Prototypes are POSIX's; layouts and numbers POSIX leaves open are ours, because a
 * module only needs them to agree with the host.
 */
const posix = functionsOf({ header: "posix", threadSafe: inferred("yes", "POSIX says so") });

/** What an entry of libc says beside its prototype and its page. */
export type PosixSpec = Pick<FunctionEntry, "params" | "result"> & Partial<FunctionEntry>;

/** A function of libc: `posixFunction("int close(int fd)", "Closes a file.", "close", …)`, with the page of POSIX. */
export function posixFunction(c: string, summary: string, page: string, spec: PosixSpec): FunctionEntry {
  return posix(nameOf(c), {
    summary,
    versions: NONE,
    sources: [`${POSIX}functions/${page}.html`],
    c: { vdevbox: c },
    prototype: "inferred",
    phase: inferred("both"),
    body: "later",
    ...spec,
  });
}

/** The function's name in its prototype. */
export function nameOf(prototype: string): string {
  const name = /(\w+)\(/.exec(prototype)?.[1];
  if (name === undefined) throw new Error(`no prototype: ${prototype}`);
  return name;
}

/** A struct of libc whose layout is ours. */
export function posixStruct(name: string, summary: string, fields: readonly Field[], c = ""): StructEntry {
  const sources = [`${POSIX}basedefs/V1_chap02.html`];
  return {
    kind: "struct",
    name,
    header: "posix",
    versions: NONE,
    summary,
    sources,
    c: c === "" ? {} : { vdevbox: c },
    layout: "vdevbox",
    fields,
  };
}
