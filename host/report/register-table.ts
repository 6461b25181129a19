/** One register, as the table of a device says. */
export interface NamedRegister {
  readonly name: string;
  readonly offset: number;
  readonly bytes: number;
  /** Bits that may ever read as 1, and bits that a write can have an effect on. */
  readonly readable: number;
  readonly writable: number;
}

const TABLE = /export\s+const\s+REGISTERS\b[^=]*=\s*\[([\s\S]*?)\]/;
const CONSTANT = /export\s+const\s+(\w+)\s*(?::\s*u32)?\s*=\s*(0x[0-9a-f]+|\d+)\s*;/gi;
const NUMBER = /^(0x[0-9a-f]+|\d+)$/i;
/** Cells of a row before its access class; see abi/register-table.ts. */
const CELLS = 6;

/**
 * Reads the register table in the text of a `registers.ts` without running it.
 * @returns none when there is no table in it, or one that is more than names and numbers
 */
export function parseRegisterTable(source: string): NamedRegister[] {
  const text = source.replace(/\/\*[\s\S]*?\*\/|\/\/.*$/gm, "");
  const body = TABLE.exec(text)?.[1];
  if (body === undefined) return [];
  const constants = new Map(Array.from(text.matchAll(CONSTANT), ([, name, value]) => [name!, Number(value)]));
  const cells = body.split(",").map((cell) => cell.trim());
  if (cells.at(-1) === "") cells.pop();
  const rows: NamedRegister[] = [];
  for (let at = 0; at + CELLS <= cells.length; at += CELLS) {
    const [name, ...others] = cells.slice(at, at + CELLS - 1) as [string, ...string[]];
    const offset = constants.get(name);
    const numbers = others.map((cell) => (NUMBER.test(cell) ? Number(cell) : constants.get(cell)));
    const [bytes, , readable, writable] = numbers;
    if (offset === undefined || bytes === undefined || readable === undefined || writable === undefined) return [];
    rows.push({ name, offset, bytes, readable, writable });
  }
  return rows.toSorted((a, b) => a.offset - b.offset);
}
