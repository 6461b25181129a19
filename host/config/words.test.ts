import { describe, expect, it } from "vitest";
import { UserError } from "../errors.ts";
import { readWords } from "./words.ts";

const texts = (text: string) => readWords(text, "t").map((word) => word.text);

describe("words of a configuration", () => {
  it("are separated by blanks and line breaks of any kind", () => {
    expect(texts("vdev\r\n\ttrace\n\n  loc 0x1000 ")).toEqual(["vdev", "trace", "loc", "0x1000"]);
  });

  it("end at a comment, also inside a line", () => {
    expect(texts("# all\ncpu # the first\nhostdev >-#x\n#")).toEqual(["cpu", "hostdev", ">-"]);
  });

  it("keep blanks, comment signs and escapes between quotes", () => {
    expect(texts(String.raw`cmdline "a #b \"c\" \\ \n" x"y z"w ""`)).toEqual([
      "cmdline",
      String.raw`a #b "c" \ \n`,
      "xy zw",
      "",
    ]);
  });

  it("say which were quoted", () => {
    expect(readWords('a "a" a""', "t").map((word) => word.quoted)).toEqual([false, true, true]);
  });

  it("go on behind a backslash at the end of a line, in quotes and outside", () => {
    expect(texts('ram \\\n 0x1000,\\\r\n64k "a\\\nb" \\\n')).toEqual(["ram", "0x1000,64k", "ab"]);
  });

  it("keep a backslash that ends no line", () => {
    expect(texts("a\\b \\")).toEqual(["a\\b", "\\"]);
  });

  it("know their line and column", () => {
    const places = readWords('\uFEFFa b\n  "c"\\\nd # x\n e', "t").map(({ place }) => [place.line, place.column]);
    expect(places).toEqual([
      [1, 1],
      [1, 3],
      [2, 3],
      [4, 2],
    ]);
  });

  it("refuse a string that does not end on its line, at its quote", () => {
    for (const text of ['a "b\nc"', 'a "b', 'a "b\\"']) {
      expect(() => readWords(text, "f")).toThrow(UserError);
      try {
        readWords(text, "f");
      } catch (error) {
        expect((error as UserError).toString()).toBe(
          'f:1:3: this string is not closed on its line; put a " at its end',
        );
      }
    }
  });
});
