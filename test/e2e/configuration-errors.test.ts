/** Oracle: docs/ending.md, 65 for an error in the configuration and 2 for the command line. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { scratch } from "./command-line.ts";
import { signalled } from "./signalled.ts";

const file = (name: string, content: string | Uint8Array) => {
  const path = join(scratch(), name);
  writeFileSync(path, content);
  return path;
};
const folder = (name: string) => {
  const path = join(scratch(), name);
  mkdirSync(path, { recursive: true });
  return path;
};

describe.concurrent("an error in a configuration ends a run with 65", () => {
  it.each<[what: string, text: string | Uint8Array, said: RegExp]>([
    ["a string that is not closed", 'system s\ncmdline "root', /:2:9: this string is not closed/],
    ["a file that includes itself", "ram 1m\n@itself.qvmconf", /:2:1: .*includes itself/],
    ["an include that is missing", "ram 1m @none.inc", /:1:8: .*there is no such file/],
    ["an include that is a folder", "ram 1m @sub", /:1:8: .*is a directory/],
    ["an include without a name", "ram 1m @", /:1:8: the name of a file is missing/],
    ["what is no UTF-8", new Uint8Array([0x72, 0xe9]), /is no text: it is not UTF-8/],
    ["a word that is no option", "rma 1m", /:1:1: "rma" is not an option/],
  ])("%s", async (what, text, said) => {
    folder("sub");
    const name = what === "a file that includes itself" ? "itself.qvmconf" : `${what}.qvmconf`;
    const run = await signalled([], "run", file(name, text));
    expect(run.err).toMatch(said);
    expect(run.code).toBe(65);
  });

  it("also one in a text of the command line", async () => {
    expect((await signalled([], "run", 'cmdline "root')).code).toBe(65);
  });
});

describe.concurrent("a file of the command line that cannot be read ends it with 2", () => {
  it.each<[what: string, words: () => string[], said: RegExp]>([
    ["the first", () => [join(scratch(), "nosuch.qvmconf")], /nosuch.qvmconf: there is no such file/],
    ["behind an @", () => [file("fine.qvmconf", "ram 1m"), "@nosuch"], /nosuch: there is no such file/],
    ["a folder", () => [folder("sub")], /sub: is a directory/],
    ["no name", () => [""], /the name of a file is missing/],
  ])("%s", async (_what, words, said) => {
    const run = await signalled([], "run", ...words());
    expect(run.err).toMatch(said);
    expect(run.code).toBe(2);
  });
});
