/** The maps the dispatcher reads, looked at directly. Oracle: layout.ts, and a walk over all regions. */
import { describe, expect, it } from "vitest";
import { UserError } from "../errors.ts";
import * as L from "./assembly/layout.ts";
import { RegionMap } from "./region-map.ts";

function made(): { map: RegionMap; words: Int32Array; pageWord: (page: number) => number } {
  const buffer = new ArrayBuffer(L.MEMORY_PAGES * 65536);
  const words = new Int32Array(buffer);
  return { map: new RegionMap(buffer), words, pageWord: (page) => words[(L.PAGE_MAP >> 2) + page]! };
}

const PAGES = 1 << 20;

describe("the region map", () => {
  it("gives the room of a shared page to the next: regions that wander through all pages never run out of it", () => {
    const { map, pageWord } = made();
    // A list takes 24 bytes at least: more pages than there is room for, one after the other.
    const moves = Math.ceil(L.LISTS_BYTES / 24) + 1000;
    let right = 0;
    for (let page = 0; page < moves; page++) {
      const start = BigInt(page) << 12n;
      const handles = [map.add("memory", start, 8n, 1), map.add("memory", start + 8n, 8n, 1)];
      const isList = (pageWord(page) & L.LIST) !== 0;
      for (const handle of handles) map.remove(handle);
      if (isList && pageWord(page) === 0) right++;
    }
    expect(right).toBe(moves);
  });

  it("grows a page's list as often as regions come and go there", () => {
    const { map, pageWord } = made();
    for (let round = 0; round < 10; round++) {
      const handles = Array.from({ length: 500 }, (_, i) => map.add("memory", BigInt(i * 8), 8n, 1));
      for (const handle of handles) map.remove(handle);
    }
    expect(pageWord(0)).toBe(0);
  });

  it("writes every page of a region of 4 GiB at once, and only its own", () => {
    const { map, words, pageWord } = made();
    const small = map.add("memory", 0x800n, 8n, 2);
    const large = map.add("memory", 0x1000n, 0xffffefffn, 1);
    const word = pageWord(1);
    expect(word).not.toBe(0);
    const page = words.subarray(L.PAGE_MAP >> 2, (L.PAGE_MAP >> 2) + PAGES);
    expect(page.subarray(1).every((one) => one === word)).toBe(true);
    expect(words[L.PORT_MAP >> 2]).toBe(0);
    map.remove(large);
    expect(page.subarray(1).every((one) => one === 0)).toBe(true);
    expect(pageWord(0)).not.toBe(0);
    map.remove(small);
  });

  it("that is full refuses, and is as it was", () => {
    const { map, pageWord } = made();
    const handles: number[] = [];
    const fill = () => {
      for (let page = 0; page < PAGES; page++) {
        handles.push(map.add("memory", BigInt(page) << 12n, 8n, 1));
      }
    };
    expect(fill).toThrow(UserError);
    expect(handles).toHaveLength(L.REGION_LIMIT - 1);
    expect(pageWord(handles.length)).toBe(0);
    map.remove(handles.pop()!);
    expect(() => map.add("memory", 0xf000000n, 8n, 1)).not.toThrow();
  });
});
