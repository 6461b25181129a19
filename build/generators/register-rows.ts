/** Reads the register table of a device (abi/register-table.ts) as rows with names. */
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
  readonly access: Access;
}

const ACCESS = ["RW", "RO", "WO", "W1C", "special"] as const;
export type Access = (typeof ACCESS)[number];

/** Names of constants that are offsets of registers; what follows the last `_` is what a driver does with it. */
export const REGISTER_NAME = /_(RW|RO|WO|W1C)$/;

/**
 * The rows of a device's `registers.ts`.
 * @param registers the module, imported as a namespace
 * @throws Error that names the row which is incomplete, has no constant of its own, or contradicts its access class
 */
export function rowsOf(registers: Readonly<Record<string, unknown>>): RegisterRow[] {
  const table = registers.REGISTERS;
  if (!Array.isArray(table) || table.length === 0 || table.length % T.COLUMNS !== 0) {
    throw new Error("REGISTERS has incomplete rows");
  }
  const rows: RegisterRow[] = [];
  for (let at = 0; at < table.length; at += T.COLUMNS) rows.push(rowOf(registers, table.slice(at, at + T.COLUMNS)));
  return rows;
}

function rowOf(registers: Readonly<Record<string, unknown>>, cells: readonly number[]): RegisterRow {
  const cell = (column: number) => cells[column] as number;
  const offset = cell(T.COLUMN_OFFSET);
  const names = Object.keys(registers).filter((name) => REGISTER_NAME.test(name) && registers[name] === offset);
  const access = ACCESS[cell(T.COLUMN_ACCESS)];
  if (names.length !== 1) throw new Error(`offset 0x${offset.toString(16)} has ${names.length} names`);
  if (access === undefined) throw new Error(`${names[0]} has no access class`);
  const row: RegisterRow = {
    name: names[0] as string,
    offset,
    bytes: cell(T.COLUMN_BYTES),
    reset: cell(T.COLUMN_RESET),
    readable: cell(T.COLUMN_READABLE),
    writable: cell(T.COLUMN_WRITABLE),
    access,
  };
  const wrong = contradiction(row);
  if (wrong !== undefined) throw new Error(`${row.name} is ${row.access}, but ${wrong}`);
  return row;
}

/** What the definition of its access class in abi/register-table.ts rules out. */
function contradiction({ access, reset, readable, writable }: RegisterRow): string | undefined {
  if ((reset & ~readable) !== 0) return "its reset value has bits that are not readable";
  if (access === "RO" && writable !== 0) return "has writable bits";
  if ((access === "WO" || access === "W1C") && readable !== 0) return "has readable bits";
  if ((access === "WO" || access === "W1C") && writable === 0) return "has no writable bits";
  if (access === "RW" && (readable !== writable || writable === 0)) return "does not read the bits that are written";
  return undefined;
}
