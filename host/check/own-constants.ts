import type { Entry } from "../../abi/definition/schema.ts";

const IMPORT = /\bimport\s*\{([^}]*)\}\s*from\s*"vdevbox\/abi\/[\w-]+"/g;
const SDK = /^(~lib\/|(vdevbox\/)?abi\/)/;

/** Constants whose name is the manual's and whose number no page shows: vdevbox had to choose one. */
export function ownConstantsOf(entries: readonly Entry[]): ReadonlySet<string> {
  return new Set(
    entries.flatMap((entry) => {
      if (entry.kind === "constant") return entry.status === "vdevbox" ? [entry.name] : [];
      if (entry.kind !== "enum") return [];
      return entry.values.filter(({ status }) => status === "vdevbox").map(({ name }) => name);
    }),
  );
}

/**
 * Those the author's sources import, in alphabetical order.
 * @param sources text by name, as the source map has them
 */
export function importedOf(sources: ReadonlyMap<string, string>, constants: ReadonlySet<string>): string[] {
  const authors = [...sources].filter(([name]) => !SDK.test(name)).map(([, text]) => text);
  const names = authors.flatMap((text) => [...text.matchAll(IMPORT)].flatMap(([, list]) => namesIn(list!)));
  return [...new Set(names)].filter((name) => constants.has(name)).sort();
}

/** `A, B as C`: A and B. */
function namesIn(list: string): string[] {
  const plain = list.replace(/\/\/.*$/gm, "");
  return plain.split(",").map((one) => one.trim().split(/\s+as\s+/)[0]!);
}
