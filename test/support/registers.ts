import { readFileSync } from "node:fs";
import * as T from "../../abi/register-table.ts";

/** One register of a device's table. */
export interface RegisterRow {
  /** Name of the constant that has the offset. */
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  readonly reset: number;
  readonly readable: number;
  readonly writable: number;
  readonly access: "RW" | "RO" | "WO" | "W1C" | "special";
}

const ACCESS = ["RW", "RO", "WO", "W1C", "special"] as const;

/** The rows of a device's `registers.ts`, imported as a namespace. @throws when a row has no constant of its own */
export function rowsOf(registers: Readonly<Record<string, unknown>>): RegisterRow[] {
  const table = registers.REGISTERS as readonly number[];
  if (table.length === 0 || table.length % T.COLUMNS !== 0) throw new Error("REGISTERS has incomplete rows");
  const rows: RegisterRow[] = [];
  for (let at = 0; at < table.length; at += T.COLUMNS) {
    const cell = (column: number) => table[at + column]!;
    const offset = cell(T.COLUMN_OFFSET);
    const names = Object.entries(registers).filter(
      ([name, value]) => value === offset && /_(RW|RO|WO|W1C)$/.test(name),
    );
    if (names.length !== 1) throw new Error(`offset 0x${offset.toString(16)} has ${names.length} names`);
    rows.push({
      name: names[0]![0],
      offset,
      bytes: cell(T.COLUMN_BYTES),
      reset: cell(T.COLUMN_RESET),
      readable: cell(T.COLUMN_READABLE),
      writable: cell(T.COLUMN_WRITABLE),
      access: ACCESS[cell(T.COLUMN_ACCESS)]!,
    });
  }
  return rows;
}

/**
 * The register table of a README: lines `| 0x00 | \`NAME\` | bits | access | reset | readable | writable | meaning |`.
 * Compare with `rowsOf(...)`: the two must be the same.
 */
export function readmeRows(file: string | URL): RegisterRow[] {
  const line = /^\| (0x[0-9a-f]+) +\| `(\w+)` +\| (\d+) +\| (RW|RO|WO|W1C|special) +\| (\w+) +\| (\w+) +\| (\w+) +\|/;
  return readFileSync(file, "utf8")
    .split("\n")
    .flatMap((text) => {
      const cells = line.exec(text);
      if (cells === null) return [];
      const [, offset, name, bits, access, reset, readable, writable] = cells as unknown as string[];
      return [
        {
          name: name!,
          offset: Number(offset),
          bytes: Number(bits) / 8,
          reset: Number(reset),
          readable: Number(readable),
          writable: Number(writable),
          access: access as RegisterRow["access"],
        },
      ];
    });
}
