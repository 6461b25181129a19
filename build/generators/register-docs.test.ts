/** Oracle: the table of a small device, written out by hand; for the repository, what is on the disk. */
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { packageDir } from "../asc/package-dir.ts";
import { generateRegisterDocs } from "./register-docs.ts";

const SOURCE = `/** The registers of a lamp. */
import { ACCESS_RO, ACCESS_RW } from "vdevbox/abi/register-table";

/** Bit 0 lights it |
 * and bit 1 makes it blink. */
export const LAMP_RW: u32 = 0x0;
export const HEAT_RO: u32 = 0x10;

/** Bytes it takes. */
export const LAMP_SIZE: u32 = 0x20;

export const REGISTERS: StaticArray<u32> = [
  LAMP_RW, 4, 0x1, 0x3,  0x3, ACCESS_RW,
  HEAT_RO, 1, 0,   0xff, 0,   ACCESS_RO,
];
`;
const README = `# lamp

<!-- register map: generated from registers.ts by \`npm run generate\` -->
anything
<!-- end of the register map -->

More.
`;
const GENERATED = `# lamp

<!-- register map: generated from registers.ts by \`npm run generate\` -->

| offset | name      | bits | access | reset | readable | writable | meaning |
| ------ | --------- | ---- | ------ | ----- | -------- | -------- | ------- |
| 0x00   | \`LAMP_RW\` | 32   | RW     | 0x1   | 0x3      | 0x3      | Bit 0 lights it \\| and bit 1 makes it blink. |
| 0x10   | \`HEAT_RO\` | 8    | RO     | 0     | 0xff     | 0        | |

<!-- end of the register map -->

More.
`;

let root = "";
const write = (file: string, text: string) => writeFileSync(join(root, "vdevs/lamp", file), text);
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "vdevbox-registers-"));
  mkdirSync(join(root, "vdevs/lamp"), { recursive: true });
  mkdirSync(join(root, "vdevs/nothing"));
  mkdirSync(join(root, "abi"));
  writeFileSync(join(root, "abi/register-table.ts"), readFileSync(join(packageDir(), "abi/register-table.ts")));
  write("registers.ts", SOURCE);
  write("README.md", README);
});
afterEach(() => rmSync(root, { recursive: true }));

describe("the register map of a README", () => {
  it("has the rows of registers.ts with what their comments say, and stays when made again", async () => {
    expect(await generateRegisterDocs(root)).toEqual(new Map([["vdevs/lamp/README.md", GENERATED]]));
    write("README.md", GENERATED);
    expect(await generateRegisterDocs(root)).toEqual(new Map([["vdevs/lamp/README.md", GENERATED]]));
  });

  it.each([
    ["0x3,  0x3, ACCESS_RW", "0x3,  0x1, ACCESS_RW", /LAMP_RW is RW, but does not read the bits that are written/],
    ["0x1, 0x3,  0x3", "0x4, 0x3,  0x3", /LAMP_RW is RW, but its reset value has bits that are not readable/],
    ["0xff, 0,   ACCESS_RO", "0xff, 0x1, ACCESS_RO", /HEAT_RO is RO, but has writable bits/],
    ["0xff, 0,   ACCESS_RO", "0xff, 0,   2", /HEAT_RO is WO, but has readable bits/],
    ["0xff, 0,   ACCESS_RO", "0,    0,   3", /HEAT_RO is W1C, but has no writable bits/],
    ["0xff, 0,   ACCESS_RO", "0xff, 0,   5", /HEAT_RO has no access class/],
    ["0xff, 0,   ACCESS_RO", "0xff, 0", /REGISTERS has incomplete rows/],
    ["  HEAT_RO,", "  LAMP_RW + 4,", /offset 0x4 has 0 names/],
    ["HEAT_RO: u32 = 0x10", "HEAT_RO: u32 = 0x0", /offset 0x0 has 2 names/],
  ])("is refused when the table says %j as %j", async (from, to, message) => {
    expect(SOURCE).toContain(from);
    write("registers.ts", SOURCE.replace(from, to));
    const refused = expect(generateRegisterDocs(root)).rejects;
    await refused.toMatchObject({ name: "UserError", message: expect.stringMatching(message) });
    await expect(generateRegisterDocs(root)).rejects.toMatchObject({
      place: { file: join(root, "vdevs/lamp/registers.ts") },
    });
  });

  it("needs its two lines in the README", async () => {
    write("README.md", README.replace("<!-- end of the register map -->", ""));
    await expect(generateRegisterDocs(root)).rejects.toMatchObject({ name: "UserError" });
  });

  it("is up to date for every device here", async () => {
    const files = await generateRegisterDocs(packageDir());
    expect([...files.keys()].map((path) => path.split("/")[1])).toEqual(
      expect.arrayContaining(["mc146818", "pl011", "pl031", "wdt-ib700", "wdt-sp805"]),
    );
    for (const [path, text] of files) expect(readFileSync(join(packageDir(), path), "utf8")).toBe(text);
  });
});
