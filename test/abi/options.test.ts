/** Oracle: docs/configuration.md on numbers (decimal or 0x hex, no leading 0), and BigInt of JavaScript. */
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { run } from "../support/assembly.ts";

const PROGRAM = `
import { parse_number } from "vdevbox/abi/options";
export function block(): usize { return memory.data(64); }
export function number(text: usize): u64 { return parse_number(text); }
`;
const NO_NUMBER = 2n ** 64n - 1n;

let module: Awaited<ReturnType<typeof run>>;
beforeAll(async () => {
  const dir = mkdtempSync(join(tmpdir(), "vdevbox-"));
  writeFileSync(join(dir, "program.ts"), PROGRAM);
  module = await run((await compileVdev({ file: join(dir, "program.ts"), entries: "program" })).wasm);
  rmSync(dir, { recursive: true });
});

function parsed(text: string): bigint {
  const at = module.block!();
  new Uint8Array(module.memory.buffer).set([...Buffer.from(text), 0], at);
  return BigInt.asUintN(64, BigInt(module.number!(at)));
}

it("reads every number below 2^64 - 1, decimal and hexadecimal", () => {
  fc.assert(
    fc.property(fc.bigInt({ min: 0n, max: NO_NUMBER - 1n }), (number) => {
      const hex = number.toString(16);
      for (const text of [`${number}`, `0x${hex}`, `0X${hex.toUpperCase()}`]) expect(parsed(text)).toBe(number);
    }),
  );
});

it("reads nothing else", () => {
  const wrong = [
    "",
    " 1",
    "1 ",
    "+1",
    "-1",
    "-0",
    "010",
    "00",
    "1k",
    "25M",
    "0x",
    "0xg",
    "1.5",
    "1e3",
    "twelve",
    "1_0",
  ];
  for (const text of [...wrong, `${NO_NUMBER}`, `${NO_NUMBER + 1n}`, "99999999999999999999", "0x1ffffffffffffffff"])
    expect([text, parsed(text)]).toEqual([text, NO_NUMBER]);
});

it("agrees with the rule on any text", () => {
  const text = fc.string({ unit: fc.constantFrom(..."0019afxX-+ gk"), maxLength: 20 });
  fc.assert(
    fc.property(text, (text) => {
      const number = /^(0x[0-9a-f]+|0|[1-9][0-9]*)$/i.test(text) ? BigInt(text) : NO_NUMBER;
      expect(parsed(text)).toBe(number < NO_NUMBER ? number : NO_NUMBER);
    }),
    { numRuns: 2000 },
  );
});
