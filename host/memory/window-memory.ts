import type { ModuleInstance } from "../sandbox/instance.ts";

/** Bytes before and behind a window that belong to nobody. */
const GUARD_BYTES = 16;
/** What guards hold, and memory of windows that are gone: stale pointers read nothing that looks right. */
export const POISON = 0xdb;

interface Block {
  readonly address: number;
  readonly bytes: number;
}

/** Blocks no window uses, by instance. */
export interface SavedBlocks {
  readonly free: ReadonlyMap<ModuleInstance, readonly Block[]>;
}

/**
 * The module memory windows are in. Module memory is never given back, so blocks are reused; their sizes come in eight
 * steps for each power of two, so that a vdev which maps every length once does not use up its memory. Around each
 * window and in blocks that are free is a pattern: what a vdev writes there it wrote through a wrong pointer.
 */
export class WindowMemory {
  readonly #free = new Map<ModuleInstance, Block[]>();

  /** @returns the address of `length` bytes, aligned to 16, with guards around them. @throws as instance.alloc() does */
  take(instance: ModuleInstance, length: number): { readonly address: number; readonly clean: boolean } {
    const bytes = blockBytes(length);
    const free = this.#free.get(instance) ?? [];
    const fits = free.findIndex((block) => block.bytes === bytes);
    const block = fits >= 0 ? free.splice(fits, 1)[0]!.address : instance.alloc(bytes);
    const clean = fits < 0 || isPoison(instance.bytes.subarray(block, block + bytes));
    instance.fill(block, bytes, POISON);
    return { address: block + GUARD_BYTES, clean };
  }

  /** The window is gone. Its block is somebody else's from here on. */
  give(instance: ModuleInstance, address: number, length: number): void {
    const block = { address: address - GUARD_BYTES, bytes: blockBytes(length) };
    instance.fill(block.address, block.bytes, POISON);
    const free = this.#free.get(instance);
    if (free === undefined) this.#free.set(instance, [block]);
    else free.push(block);
  }

  /** Whether bytes right before or behind a window were written; they are as before afterwards. */
  overrun(instance: ModuleInstance, address: number, length: number): boolean {
    const { bytes } = instance;
    const end = address - GUARD_BYTES + blockBytes(length);
    const before = bytes.subarray(address - GUARD_BYTES, address);
    // Of a large block only what is near: the rest is looked at when the block is used again.
    const behind = bytes.subarray(address + length, Math.min(end, address + length + 2 * GUARD_BYTES));
    if (isPoison(before) && isPoison(behind)) return false;
    before.fill(POISON);
    behind.fill(POISON);
    instance.wrote(address - GUARD_BYTES, GUARD_BYTES + length + behind.length);
    return true;
  }

  /** Whether a window that is gone was written to since; looked at once, when its callback ends. */
  written(instance: ModuleInstance, address: number, length: number): boolean {
    const bytes = instance.bytes.subarray(address, address + length);
    if (isPoison(bytes)) return false;
    instance.fill(address, length, POISON);
    return true;
  }

  /** The module instance has stopped. */
  forget(instance: ModuleInstance): void {
    this.#free.delete(instance);
  }

  save(): SavedBlocks {
    return { free: copyOf(this.#free) };
  }

  /** Module memory is put back too, heap included: blocks taken since are the module's again. */
  restore(saved: SavedBlocks): void {
    this.#free.clear();
    for (const [instance, blocks] of copyOf(saved.free)) this.#free.set(instance, blocks);
  }
}

function copyOf(free: SavedBlocks["free"]): Map<ModuleInstance, Block[]> {
  return new Map([...free].map(([instance, blocks]) => [instance, [...blocks]]));
}

/** Bytes of the block for a window, guards included. */
function blockBytes(length: number): number {
  const wanted = length + 2 * GUARD_BYTES;
  const step = Math.max(16, 2 ** (Math.floor(Math.log2(wanted)) - 3));
  return Math.ceil(wanted / step) * step;
}

/** What poisoned memory is compared with, a piece at a time. */
const PATTERN = new Uint8Array(4096).fill(POISON);

function isPoison(bytes: Uint8Array): boolean {
  for (let at = 0; at < bytes.length; at += PATTERN.length) {
    const piece = bytes.subarray(at, at + PATTERN.length);
    if (Buffer.compare(piece, PATTERN.subarray(0, piece.length)) !== 0) return false;
  }
  return true;
}
