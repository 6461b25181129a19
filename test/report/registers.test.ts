/**
 * Register tables and what is counted by register. Oracle: the tables evaluated as the modules they are, as
 * `npm run generate` does it; accesses counted by hand.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { rowsOf } from "../../build/generators/register-rows.ts";
import type { FuzzedRegion } from "../../host/fuzz/surface.ts";
import { packageRoot } from "../../host/paths.ts";
import { AccessMap, type SeenAccess } from "../../host/report/access-map.ts";
import { parseRegisterTable } from "../../host/report/register-table.ts";
import { registersSection } from "../../host/report/registers-section.ts";
import { ValuesSeen } from "../../host/report/values-seen.ts";

const VDEVS = join(packageRoot(), "vdevs");
const withTable = readdirSync(VDEVS).filter((name) => existsSync(join(VDEVS, name, "registers.ts")));

describe("a register table in the text of a source", () => {
  it.each(withTable)("%s: is what the table is when it is evaluated", async (name) => {
    const file = join(VDEVS, name, "registers.ts");
    const rows = rowsOf(await import(file)).map(({ name, offset, bytes, readable, writable }) => ({
      ...{ name, offset, bytes, readable, writable },
    }));
    expect(parseRegisterTable(readFileSync(file, "utf8"))).toEqual(rows.toSorted((a, b) => a.offset - b.offset));
    expect(rows.length).toBeGreaterThan(1);
  });

  it.each([
    ["no table", "export const A_RW: u32 = 0;"],
    ["a table that is computed", "export const A: u32 = 0;\nexport const REGISTERS: u32[] = [A, f(1, 2), 0, 0, 0, X];"],
    ["a table of other names", "export const REGISTERS = [B, 4, 0, 1, 1, X];"],
    ["a table that never ends", "export const REGISTERS = [A, 4, "],
  ])("is none: %s", (_, text) => expect(parseRegisterTable(text)).toEqual([]));
});

describe("values that were seen", () => {
  it("say how many, from where to where, and which bits were both", () => {
    const seen = new ValuesSeen();
    for (const value of [0x05n, 0x03n, 0x05n]) seen.add(value, 1);
    expect([seen.distinct, seen.least, seen.most, seen.bothWays]).toEqual([2, 3n, 5n, 0b110n]);
    seen.add(0xffffn, 2);
    expect(seen.bothWays).toBe(0b1111_1110n); // of the upper byte no 0 was ever seen
    for (let i = 0n; i < 5000n; i++) seen.add(i, 8);
    expect(seen.isMore).toBe(true);
  });
});

describe("accesses by register", () => {
  const TABLE = [
    { name: "CTRL", offset: 0, bytes: 4, readable: 0xff, writable: 0x0f },
    { name: "DATA", offset: 8, bytes: 4, readable: 0xff, writable: 0 },
  ];
  const region = (length: number) =>
    ({
      ...{ space: "memory", start: 0x1000n, length, widths: [1, 4], vdev: { name: "a", factory: {}, type: "t" } },
    }) as unknown as FuzzedRegion;
  const access = (offset: number, more: Partial<SeenAccess> = {}): SeenAccess => ({
    ...{ op: "read", space: "memory", address: 0x1000n + BigInt(offset), width: 4, value: 1n, isDone: true },
    ...more,
  });
  const used = (length: number, ...accesses: SeenAccess[]) => {
    const map = new AccessMap([region(length)], () => TABLE);
    for (const one of accesses) map.add(one);
    return map.regions[0]!;
  };

  it("are the register's where they begin there, and apart inside of one and between two", () => {
    const { rows } = used(
      16,
      access(0),
      access(0, { width: 1 }),
      access(2),
      access(3),
      access(4),
      access(7),
      access(12),
    );
    expect(rows.map(({ offset, kind, span, reads }) => [offset, kind, span, Object.fromEntries(reads)])).toEqual([
      [0, "exact", 1, { 4: 1, 1: 1 }],
      [1, "inside", 3, { 4: 2 }],
      [4, "between", 4, { 4: 2 }],
      [8, "exact", 1, {}],
      [12, "between", 4, { 4: 1 }],
    ]);
  });

  it("count when they are refused, but have no value then; elsewhere they count nothing", () => {
    const { rows } = used(
      16,
      access(0, { isDone: false }),
      access(0, { op: "write", value: 7n }),
      access(16),
      access(-1),
      access(0, { space: "io" }),
    );
    expect(rows[0]!.reads.get(4)).toBe(1);
    expect(rows[0]!.read.distinct).toBe(0);
    expect(rows[0]!.written.most).toBe(7n);
    expect(rows).toHaveLength(2);
  });

  it("are by offset where the table is not one of the region: registers behind an index", () => {
    const { hasTable, rows } = used(8, access(0), access(4));
    expect(hasTable).toBe(false);
    expect(rows.map(({ offset, register }) => [offset, register])).toEqual([
      [0, undefined],
      [4, undefined],
    ]);
  });

  it("are shown with what nobody tried, and without what cannot be", () => {
    const { text } = registersSection([used(16, access(0, { op: "write", width: 4, value: 3n }))]);
    const [, ctrl, data] = text.split('<th scope="row"');
    const cells = (row: string) =>
      Array.from(row.matchAll(/<td class="([^"]*)">([^<]*)</g), ([, kind, cell]) => `${kind}:${cell}`);
    // reads of 8 and 32 bits, then writes; of a register that is only read, writes are nothing to try
    expect(cells(ctrl!).slice(1, 5)).toEqual(["h0:0", "h0:0", "h0:0", "h1:1"]);
    expect(cells(data!).slice(1, 5)).toEqual(["h0:0", "h0:0", "muted:–", "muted:–"]);
  });

  it("say which bits of a register were never both 0 and 1", () => {
    const write = (value: bigint) => access(0, { op: "write", value });
    const said = (...values: bigint[]) => {
      const { text } = registersSection([used(16, ...values.map(write))]);
      return /(all but 0x\w+|only 0x\w+|all|none)<\/td><\/tr>/.exec(text)![1];
    };
    // Bits 0 to 3 can be written.
    expect(said(0x0n, 0xfn)).toBe("all");
    expect(said(0xffn, 0x1n)).toBe("all but 0x1");
    expect(said(0x4n, 0x84n, 0x5n)).toBe("only 0x1");
    expect(said(0xf0n, 0x0n)).toBe("none");
  });

  it("of a region with thousands of offsets are cut, and it says so", () => {
    const map = new AccessMap([region(1 << 20)], () => []);
    for (let i = 0; i < 5000; i++) map.add(access(i * 4));
    const { text } = registersSection(map.regions);
    expect(text).toContain("more offsets");
    expect(text.length).toBeLessThan(700_000);
  });
});
