/** Oracle: a configuration in several files means what the same text in one file means, at the places of its files. */
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, describe, expect, it } from "vitest";
import { CONFIG_FILE_LIMIT } from "./config-file.ts";
import { configPieces } from "./config-pieces.ts";
import { parseConfigPieces } from "./parse-config.ts";
import { errorOf, withoutPlaces } from "./test-support.ts";
import { readWords } from "./words.ts";

const folder = mkdtempSync(join(tmpdir(), "vdevbox-pieces-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

function file(name: string, content: string | Uint8Array): string {
  const path = join(folder, name);
  writeFileSync(path, content);
  return path;
}

const parse = (...words: string[]) => parseConfigPieces(configPieces(words));
const refusal = (...words: string[]) => errorOf(() => parse(...words)).replaceAll(`${folder}/`, "");

describe("files and text of a command line", () => {
  it("follow each other, a word with blanks staying one word", () => {
    const a = file("a.qvmconf", "system s\nvdev a");
    const b = file("b.qvmconf", "vdev b");
    const config = parse(a, "loc", "0x1000", `@${b}`, "cmdline", "root=/dev/vda ro", "dryrun");
    expect(config.vdevs.map((vdev) => [vdev.type, vdev.loc?.space === "default" && vdev.loc.address])).toEqual([
      ["a", 0x1000n],
      ["b", false],
    ]);
    expect(config.cmdline?.text).toBe("root=/dev/vda ro");
    expect(config.dryrun).toBe(true);
  });

  it("may have text in one quoted word, which means what its words mean one by one", () => {
    const a = file("quoted.qvmconf", "system s\nvdev a");
    const inWords = parse(a, "loc", "0x1000", "set", "vdevbox-seed", "7", "cmdline", "user root", "dryrun");
    const quoted = parse(a, "loc 0x1000 # a comment", "set vdevbox-seed 7", "cmdline", "user root", "dryrun");
    expect(withoutPlaces(quoted)).toEqual(withoutPlaces(inWords));
    expect(refusal(a, "ram 1x")).toMatch(/^<command line>:1:5: .*1x/);
  });

  it("may be one text alone", () => {
    expect(parse("vdev trace loc 0x1000").vdevs[0]!.place).toEqual({ file: "<command line>", line: 1, column: 1 });
  });

  it("may be a file with a byte order mark", () => {
    expect(parse(file("bom", "\uFEFFvdev a")).vdevs[0]!.place.column).toBe(1);
  });
});

describe("@file inside a file", () => {
  it("stands for the file beside it, anywhere in a context", () => {
    mkdirSync(join(folder, "boards"), { recursive: true });
    file("boards/uart.inc", "loc 0x2000 @irq.inc\nbaud 9600");
    file("boards/irq.inc", "intr gic:33");
    const main = file("main.qvmconf", "vdev uart @boards/uart.inc name console\nvdev b");
    const [uart, b] = parse(main).vdevs;
    expect(uart).toMatchObject({
      loc: { address: 0x2000n },
      intr: [{ pic: "gic", line: 33 }],
      name: { text: "console" },
    });
    expect(uart!.own.map((word) => word.text)).toEqual(["baud", "9600"]);
    expect(b!.place).toMatchObject({ file: main, line: 2, column: 1 });
    expect(uart!.name!.place).toMatchObject({ file: main, line: 1, column: 28 });
  });

  it("is an ordinary word in quotes, and may be included twice", () => {
    const inc = file("twice.inc", "ram 1m");
    const config = parse(file("twice.qvmconf", `@twice.inc @${inc}\nvdev a peer "@host"`));
    expect(config.memory).toHaveLength(2);
    expect(config.vdevs[0]!.own.map((word) => word.text)).toEqual(["peer", "@host"]);
  });

  it("keeps every word at its place, wherever a text is cut", () => {
    file("empty.inc", "");
    const word = fc.constantFrom("vdev", "a", '"b c"', "@empty.inc", "#x", "\n", "\r\n", "  ", "\\\n", "é", "0x1");
    fc.assert(
      fc.property(fc.array(word, { maxLength: 12 }), (words) => {
        const text = words.join(" ");
        const main = file("cut.qvmconf", text);
        const uncut = readWords(text, main).filter((one) => one.quoted || !one.text.startsWith("@"));
        const pieces = configPieces([main]);
        expect(pieces.flatMap((piece) => readWords(piece.text, piece.file))).toEqual(uncut);
      }),
    );
  });
});

describe("a file that is no configuration is told in a sentence, with the place of its @", () => {
  it.each([
    ["@none.inc", "none.inc: there is no such file"],
    ["@sub", "sub: is a directory, and no configuration"],
    ["@nul.inc", "nul.inc: is no text: byte 3 is 0"],
    ["@latin.inc", "latin.inc: is no text: it is not UTF-8"],
    ["@huge.inc", "huge.inc: is larger than 4 MiB"],
    ["@loop.inc", "loop.inc: cannot be read: ELOOP"],
    ["@", "the name of a file is missing behind @"],
  ])("%s", (include, expected) => {
    mkdirSync(join(folder, "sub"), { recursive: true });
    file("nul.inc", new Uint8Array([0x72, 0x61, 0x6d, 0]));
    file("latin.inc", new Uint8Array([0x72, 0xe9]));
    file("huge.inc", "#".repeat(CONFIG_FILE_LIMIT + 1));
    rmSync(join(folder, "loop.inc"), { force: true });
    symlinkSync("loop.inc", join(folder, "loop.inc"));
    expect(refusal(file("includes.qvmconf", `ram 1m\n  ${include}`))).toContain(`includes.qvmconf:2:3: ${expected}`);
  });

  it("and without an @ with its own name", () => {
    expect(refusal(join(folder, "none"))).toBe("none: there is no such file");
    expect(refusal(folder)).toMatch(/is a directory/);
    expect(refusal("/dev/zero")).toBe("/dev/zero: is larger than 4 MiB, and no configuration");
  });

  it("when it may not be read", () => {
    const secret = file("secret", "ram 1m");
    chmodSync(secret, 0);
    // The superuser may read anything.
    if (process.getuid?.() !== 0) expect(refusal(secret)).toMatch(/^secret: cannot be read: you may not \(EACCES\)/);
    else expect(parse(secret).memory).toHaveLength(1);
  });

  it("when files include each other in a circle, by whatever name", () => {
    file("self.qvmconf", "ram 1m @self.qvmconf");
    expect(refusal(join(folder, "self.qvmconf"))).toBe("self.qvmconf:1:8: self.qvmconf includes itself");
    file("one.qvmconf", "@two.inc");
    file("two.inc", "\n @three.inc");
    rmSync(join(folder, "three.inc"), { force: true });
    symlinkSync("one.qvmconf", join(folder, "three.inc"));
    expect(refusal(join(folder, "one.qvmconf"))).toBe("two.inc:2:2: one.qvmconf includes itself, through two.inc");
  });

  it("when they double without end", () => {
    for (let i = 0; i < 20; i++)
      file(`double${i}.inc`, i === 19 ? "ram 1m" : `@double${i + 1}.inc @double${i + 1}.inc`);
    expect(refusal(join(folder, "double0.inc"))).toMatch(/the configuration is made of more than 1000 files/);
  });
});

describe("pieces", () => {
  it("read back as the whole they were cut from", () => {
    file("part.inc", "intr gic:40\nset colour blue");
    const whole = "system s\nvdev a\nintr gic:40\nset colour blue\nname x";
    const cut = parse(file("whole.qvmconf", "system s\nvdev a\n@part.inc\nname x"));
    expect(withoutPlaces(cut)).toEqual(withoutPlaces(parseConfigPieces([{ text: whole, file: "t" }])));
  });
});
