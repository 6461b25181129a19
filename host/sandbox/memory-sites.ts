import type { SourcePlace } from "../errors.ts";
import { isLibrary } from "./library.ts";
import type { SourceMap } from "./source-map.ts";
import type { ByteRange } from "./wasm/module.ts";

/** What a place in a module does. A set of bits. */
export const SITE = {
  read: 1,
  write: 2,
  atomic: 4,
  /** memory.copy, memory.fill, memory.init: the length is known only when it runs. */
  bulk: 8,
  /** A mutable global of the author's: what C calls a static. `offset` is its index. */
  global: 16,
  /** A call, which itself touches nothing. */
  call: 32,
  /** In a function of the SDK or of AssemblyScript's library: the author's place is the call that led here. */
  library: 64,
} as const;

/**
 * The places of a module that touch memory, by the numbers the memory-access pass gave them. Number 0 is no place.
 * Places are found without a stack: the number is a constant in the module's code.
 */
export class MemorySites {
  readonly #kinds: number[] = [0];
  readonly #bytes: number[] = [0];
  readonly #offsets: number[] = [0];
  readonly #at: number[] = [0];
  readonly #bodies: (ByteRange | undefined)[] = [undefined];
  /** Debug names of the module's globals, by index. */
  readonly globals: ReadonlyMap<number, string>;

  constructor(globals: ReadonlyMap<number, string> = new Map()) {
    this.globals = globals;
  }

  get count(): number {
    return this.#kinds.length;
  }

  /**
   * @param bytes how many it touches; 0 for bulk operations and calls
   * @param offset what the instruction adds to the address it is given, or the index of a global
   * @param at file offset of the instruction in the module as it was built
   * @returns its number
   */
  add(kind: number, bytes: number, offset: number, at: number, body: ByteRange): number {
    this.#kinds.push(kind);
    this.#bytes.push(bytes);
    this.#offsets.push(offset);
    this.#at.push(at);
    this.#bodies.push(body);
    return this.#kinds.length - 1;
  }

  kind(site: number): number {
    return this.#kinds[site] ?? 0;
  }

  bytes(site: number): number {
    return this.#bytes[site] ?? 0;
  }

  offset(site: number): number {
    return this.#offsets[site] ?? 0;
  }

  /** Where the author wrote it; code of the SDK that was inlined counts as the line around it. */
  place(site: number, map: SourceMap | undefined): SourcePlace | undefined {
    const body = this.#bodies[site];
    if (body === undefined || map === undefined) return undefined;
    const wanted = (this.kind(site) & SITE.library) === 0 ? (file: string) => !isLibrary(file) : undefined;
    return map.resolve(this.#at[site]!, body, wanted);
  }
}
