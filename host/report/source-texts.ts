import { readFileSync } from "node:fs";
import { isLibrary } from "../sandbox/library.ts";

/** The authors' sources of modules as they were compiled, by the names that coverage and findings have for them. */
export class SourceTexts {
  readonly #texts = new Map<string, string>();
  /** Of each module, by file: the sources that are called `registers.ts`. */
  readonly #tables = new Map<string, string[]>();

  /** @param modules files; their source maps lie beside them */
  constructor(modules: readonly string[]) {
    for (const module of new Set(modules)) this.#add(module);
  }

  #add(module: string): void {
    let map: { sources?: unknown; sourcesContent?: unknown };
    try {
      map = JSON.parse(readFileSync(`${module}.map`, "utf8"));
    } catch {
      return; // built without one: its code has no lines
    }
    const { sources, sourcesContent } = map ?? {};
    if (!Array.isArray(sources) || !Array.isArray(sourcesContent)) return;
    for (const [i, name] of sources.entries()) {
      const text = sourcesContent[i];
      if (typeof name !== "string" || typeof text !== "string" || isLibrary(name)) continue;
      this.#texts.set(name, text);
      if (!/(^|\/)registers\.ts$/.test(name)) continue;
      this.#tables.set(module, [...(this.#tables.get(module) ?? []), text]);
    }
  }

  /** @returns undefined for a file whose text is not known */
  textOf(file: string): string | undefined {
    return this.#texts.get(file);
  }

  /** Texts of `registers.ts` among the sources of a module. */
  registerTables(module: string): readonly string[] {
    return this.#tables.get(module) ?? [];
  }
}
