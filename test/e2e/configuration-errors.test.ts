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

const PASS = "pass loc mem:0x1000,0x1000,rw intr";

describe.concurrent("an error in a configuration ends a run with 65", () => {
  it.each<[what: string, text: string | Uint8Array, said: RegExp]>([
    ["a string that is not closed", 'system s\ncmdline "root', /:2:9: this string is not closed/],
    ["a file that includes itself", "ram 1m\n@itself.qvmconf", /:2:1: .*includes itself/],
    ["an include that is missing", "ram 1m @none.inc", /:1:8: .*there is no such file/],
    ["an include that is a folder", "ram 1m @sub", /:1:8: .*is a directory/],
    ["an include without a name", "ram 1m @", /:1:8: the name of a file is missing/],
    ["what is no UTF-8", new Uint8Array([0x72, 0xe9]), /is no text: it is not UTF-8/],
    ["more memory than there is", "ram 0,1m ram 0x40000000,64g", /:1:25: the VM asks for 65537 MiB/],
    ["a line there is none of", "vdev pl031 loc 0x1000 intr gic:1020", /:1:28: gic has lines 0 to 1019, and not 1020/],
    ["a line nobody knows", "vdev pl031 loc 0x1000 intr gic:c", /:1:28: gic knows no line c/],
    ["two controllers of one name", "vdev gic\nvdev gic", /:2:1: two interrupt controllers are named gic/],
    ["a colon in a controller's name", "vdev ioapic name a:b", /an interrupt controller cannot be named a:b/],
    [
      "a controller a pass does not find",
      `${PASS} gik:44=150`,
      /:1:36: there is no interrupt controller gik \(did you mean "gic"\?\)/,
    ],
    ["a line a pass does not find", `${PASS} gic:44=1,gic:1020=150`, /:1:45: gic has lines 0 to 1019, and not 1020/],
    ["a line of a renamed controller", `vdev ioapic name a ${PASS} a:24=1`, /a has lines 0 to 23, and not 24/],
    ["a controller that got another name", `vdev gic name g ${PASS} gic:40=1`, /there is no interrupt controller gic/],
    ["an upstream for a pass", `${PASS} apic`, /:1:36: an interrupt of pass is PIC:LINE=VECTOR, not "apic"/],
    [
      "a vdev's name too long for a path",
      `vdev trace loc 0x1000 name ${"n".repeat(256)}`,
      /:1:28: a name has at most 255 bytes/,
    ],
    ["a VM's name too long for a path", `system ${"é".repeat(128)}`, /:1:8: a name has at most 255 bytes/],
    ["a word that is no option", "rma 1m", /:1:1: "rma" is not an option/],
  ])("%s", async (what, text, said) => {
    folder("sub");
    const name = what === "a file that includes itself" ? "itself.qvmconf" : `${what}.qvmconf`;
    const run = await signalled([], "run", file(name, text));
    expect(run.err).toMatch(said);
    expect(run.code).toBe(65);
  });

  it("and what is right does not", async () => {
    const text = `vdev gic name g ${PASS} g:40=1,ioapic:3\n vdev trace loc 0x9000 name ${"n".repeat(255)} dryrun`;
    expect((await signalled([], "run", file("right.qvmconf", text))).code).toBe(0);
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
