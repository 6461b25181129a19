import type { SourcePlace } from "../errors.ts";
import type { LoadedModule } from "../sandbox/load.ts";
import { definedFunction, functionName } from "../sandbox/wasm/module.ts";
import type { Reachability, Step } from "./analysis/reach.ts";
import type { ChainStep } from "./report.ts";

/** Files that are not the author's. */
const NOT_AUTHORS = /^(~lib\/|(vdevbox\/)?abi\/)/;
const TOP_LEVEL = "top level";

/** Names and places in the author's source, from debug names and the source map. */
export class SourcePlaces {
  readonly #module: LoadedModule;
  readonly #reachability: Reachability;
  /** Source text by the map's name of its file, as far as the map carries it. */
  readonly sources: ReadonlyMap<string, string>;

  /** @param mapText the module's source map, as JSON; it may carry the sources, which place declarations */
  constructor(module: LoadedModule, reachability: Reachability, mapText: string | undefined) {
    this.#module = module;
    this.#reachability = reachability;
    this.sources = sourcesIn(mapText);
  }

  /** A function's name without its file. */
  functionName(func: number): string {
    const name = functionName(this.#module.wasm, func);
    return name === "~start" || name.startsWith("start:") ? TOP_LEVEL : name.slice(name.lastIndexOf("/") + 1);
  }

  #isAuthors(func: number): boolean {
    return !functionName(this.#module.wasm, func).startsWith("~lib/");
  }

  /** Where a function is declared; without its source the place of its first instruction. */
  declaration(func: number): SourcePlace | undefined {
    const declared = this.#declared(func);
    const body = definedFunction(this.#module.wasm, func);
    if (declared !== undefined || body === undefined) return declared;
    return this.at(func, body.code.start);
  }

  /** Where the source says `function NAME`. */
  #declared(func: number): SourcePlace | undefined {
    const full = functionName(this.#module.wasm, func);
    const file = `${full.slice(0, full.lastIndexOf("/"))}.ts`;
    const name = full.slice(full.lastIndexOf("/") + 1);
    const text = /^\w+$/.test(name) ? this.sources.get(file) : undefined;
    const lines = text?.split("\n") ?? [];
    const line = lines.findIndex((source) => new RegExp(`\\bfunction\\s+${name}\\b`).test(source));
    return line < 0 ? undefined : { file, line: line + 1, column: lines[line]!.search(/\bfunction\b/) + 1 };
  }

  #resolve(func: number, offset: number): SourcePlace | undefined {
    return this.#module.source.map?.resolve(offset, definedFunction(this.#module.wasm, func)?.body);
  }

  /**
   * The author's line for an instruction. What the compiler inlined there may be from the SDK or the library: the
   * nearest line of the author's before it, else after it, is then where it was called.
   */
  at(func: number, offset: number): SourcePlace | undefined {
    const place = this.#resolve(func, offset);
    if (place === undefined || !NOT_AUTHORS.test(place.file) || !this.#isAuthors(func)) return place;
    const offsets = this.#reachability.bodyOf(func)?.instructions.map((instruction) => instruction.offset) ?? [];
    const before = offsets.filter((other) => other < offset).reverse();
    const after = offsets.filter((other) => other > offset);
    for (const other of [...before, ...after]) {
      const near = this.#resolve(func, other);
      if (near !== undefined && !NOT_AUTHORS.test(near.file)) return near;
    }
    return this.#declared(func) ?? place;
  }

  /** The author's part of a way through the module; all of it when none of it is the author's. */
  chain(via: readonly Step[]): ChainStep[] {
    const authors = via.filter((step) => this.#isAuthors(step.caller));
    return (authors.length > 0 ? authors : via).map((step) => {
      const place = this.at(step.caller, step.offset);
      return {
        function: this.functionName(step.caller),
        ...(place === undefined ? {} : { place }),
        ...(step.indirect ? { indirect: true as const } : {}),
      };
    });
  }
}

function sourcesIn(mapText: string | undefined): ReadonlyMap<string, string> {
  const texts = new Map<string, string>();
  if (mapText === undefined) return texts;
  const { sources, sourcesContent } = JSON.parse(mapText) as { sources?: unknown; sourcesContent?: unknown };
  if (!Array.isArray(sources) || !Array.isArray(sourcesContent)) return texts;
  sources.forEach((name: unknown, i) => {
    const text: unknown = sourcesContent[i];
    if (typeof name === "string" && typeof text === "string") texts.set(name, text);
  });
  return texts;
}
