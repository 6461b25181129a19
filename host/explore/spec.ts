import { UserError } from "../errors.ts";
import type { FoundSchedule, SharedWords } from "./found.ts";
import { formatWorkload, parseWorkload, type Workload } from "./workload.ts";

const SHARED = "# shared ";

/** What a recording of a schedule has beside its decisions: a script, and a remark where threads could lose their turn. */
export function formatSpec({ workload, shared }: Pick<FoundSchedule, "workload" | "shared">): string {
  const remark = shared.length === 0 ? "" : `${SHARED}${JSON.stringify(shared)}\n`;
  return remark + formatWorkload(workload);
}

/** @throws UserError for a text that `formatSpec` does not make */
export function parseSpec(
  text: string,
  file: string,
  cpus: number,
): { readonly workload: Workload; readonly shared: SharedWords } {
  const [first = ""] = text.split("\n", 1);
  const shared = first.startsWith(SHARED) ? parseShared(first.slice(SHARED.length), file) : [];
  return { workload: parseWorkload(text, file, cpus), shared };
}

function parseShared(text: string, file: string): SharedWords {
  const wrong = () => new UserError("expected lists of words behind `# shared`", { file, line: 1 });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw wrong();
  }
  const isWords = (list: unknown) => Array.isArray(list) && list.every((word) => Number.isInteger(word));
  if (!Array.isArray(value) || !value.every(isWords)) throw wrong();
  return value as SharedWords;
}
