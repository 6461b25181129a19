/** Oracle: the C standard's printf on a 32-bit target; what each line should print was worked out by hand. */
import { describe, expect, it } from "vitest";
import { NO_ARGUMENT, printf } from "./printf.ts";

/** Formats with numbers and strings as C would pass them: each fills one 8-byte slot. */
function format(text: string, ...values: readonly (number | bigint | string)[]): string {
  const strings: string[] = [];
  const slots = values.map((value) => {
    if (typeof value !== "string") return BigInt.asUintN(64, BigInt(value));
    strings.push(value);
    return BigInt(0x1000 + strings.length - 1);
  });
  const result = printf(text, { u64: (slot) => slots[slot] ?? 0n, string: (at) => strings[at - 0x1000]! });
  return "text" in result ? result.text : `wrong: ${result.wrong}`;
}

describe("printf", () => {
  it.each([
    ["plain", [], "plain"],
    ["100%%", [], "100%"],
    ["%d %i", [-1, 2147483648], "-1 -2147483648"],
    ["%u", [-1], "4294967295"],
    ["%x %X %o", [0xbeef, 0xbeef, 8], "beef BEEF 10"],
    ["%lld", [-(1n << 63n)], "-9223372036854775808"],
    ["%llx", [0xffffffffffffffffn], "ffffffffffffffff"],
    ["%x", [0x1ffffffffn], "ffffffff"],
    ["%hhd %hd %hhu %hu", [0x1ff, 0x18000, 0x1ff, 0x18000], "-1 -32768 255 32768"],
    ["%c%c", [0x41, 0x142], "AB"],
    ["%s and %s", ["one", "two"], "one and two"],
    ["%.2s|%5s|%-5s|", ["abc", "ab", "ab"], "ab|   ab|ab   |"],
    ["%s", [0], "(null)"],
    ["%p", [0x1234], "0x1234"],
    ["%5d|%-5d|%05d", [42, 42, 42], "   42|42   |00042"],
    ["%05d|%+d|% d|%+d", [-42, 42, 42, -42], "-0042|+42| 42|-42"],
    ["%.3d|%6.3d|%-6.3d|", [7, -7, 7], "007|  -007|007   |"],
    ["%08.3d", [7], "     007"],
    ["%.0d|%.0x", [0, 0], "|"],
    ["%#x|%#X|%#o|%#x", [255, 255, 8, 0], "0xff|0XFF|010|0"],
    ["%#08x|%#10x", [255, 255], "0x0000ff|      0xff"],
    ["%*d|%-*d|", [5, 42, 4, 7], "   42|7   |"],
    ["%*d|", [-5, 42], "42   |"],
    ["%.*s", [2, "abc"], "ab"],
    ["%.*s", [-1, "abc"], "abc"],
    ["%zu %td %jx", [1, -1, 0x1ffffffffn], "1 -1 1ffffffff"],
    ["%.d|%.5x", [0, 0xab], "|000ab"],
  ] as const)("format %#: %s", (text, values, expected) => {
    expect(format(text, ...values)).toBe(expected);
  });

  it.each([
    ["%f", /a conversion that is not known here at "%f"/],
    ["%n", /at "%n"/],
    ["%", /not known here at "%"/],
    ["ok %5", /at "%5"/],
    ["%d%d%d%d%d%d%d", /asks for more than 6 arguments/],
  ])("%s is refused in words", (text, why) => {
    expect(format(text, 1, 2, 3, 4, 5, 6)).toMatch(why);
  });

  it("tells how many arguments are missing, and takes each as 0", () => {
    const given = (text: string, ...values: bigint[]) =>
      printf(text, { u64: (slot) => values[slot] ?? NO_ARGUMENT, string: () => "s" });
    expect(given("%d %d %*d", 1n)).toEqual({ text: "1 0 0", tooFew: { asked: 4, given: 1 } });
    expect(given("%s", 0n)).toEqual({ text: "(null)" });
    expect(given("%d%%", 7n)).toEqual({ text: "7%" });
    expect(given("none %%")).toEqual({ text: "none %" });
  });

  it("takes a percent sign as text where it is doubled, and not where it begins a conversion", () => {
    expect(format("%%d %d%%", 5)).toBe("%d 5%");
    expect(format("%%%s", "x")).toBe("%x");
    expect(format("%%%q")).toMatch(/^wrong/);
  });

  it("is bounded: a huge width or precision is cut, and a hostile format costs no time", () => {
    expect(format("%999999999d", 1)).toHaveLength(1024);
    expect(format("%*d", 2147483647, 1)).toHaveLength(1024);
    expect(format("%.999999999d", 1)).toHaveLength(1024);
    expect(format("%".repeat(4096))).not.toBe("");
    expect(format(`%${"0".repeat(4000)}`)).toMatch(/^wrong/);
    expect(format(`%${"1".repeat(4000)}`)).toMatch(/^wrong/);
  });
});
