/** Oracle: the order of cause and effect, and what assembly/lamp.ts does at each offset. */
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { type } from "../docs/examples.ts";
import { scratch } from "./command-line.ts";

let folder: string;
beforeAll(async () => {
  folder = scratch();
  await compileVdev({
    file: join(packageRoot(), "test/e2e/assembly/lamp.ts"),
    outFile: join(folder, "lamp.wasm"),
    projectDir: packageRoot(),
  });
  writeFileSync(
    join(folder, "lamp.qvmconf"),
    "system lamp\nram 0,4M\nvdev lamp loc 0xd0000000 intr gic:42\nvdev lamp loc 0xd0001000 intr gic:43\n",
  );
}, 60_000);

function run(script: string, options = "--explain"): string {
  writeFileSync(join(folder, "guest.script"), script);
  return type(folder, `npx vdevbox run lamp.qvmconf --guest guest.script ${options}`);
}

/** What a run tells between its beginning, with the note on the module, and its end. */
function told(script: string): string[] {
  const lines = run(script).split("\n");
  return lines.slice(lines.indexOf("") + 2, lines.lastIndexOf("", lines.length - 2));
}

describe("what is explained", () => {
  it("has the cause before the effect", () => {
    expect(told("readl 0xd0000000\n")).toEqual([
      "trap         the guest reads 4 bytes at 0xd0000000; lamp answers 0x7",
      "info lamp: asked",
      "interrupt    gic:42 goes high",
      "interrupt    gic:42 goes low",
      "lifecycle    every vdev gets VDEV_CTRL_TERMINATE",
    ]);
  });

  it("says of each refused access why", () => {
    const script = [
      "readl 0xd0000004",
      "readb 0xd0000000",
      "writel 0xd0000000 1",
      "readl 0xd000000e",
      "readw 0x50000000",
    ];
    expect(told(`${script.join("\n")}\n`).slice(0, -1)).toEqual([
      "trap         the guest reads 4 bytes at 0xd0000004; lamp refuses it: a bus error",
      "trap         the guest reads 1 byte at 0xd0000000; lamp takes accesses of 2 and 4 bytes only: a bus error",
      "trap         the guest writes 0x1, 4 bytes, to 0xd0000000; lamp has no vwrite: a bus error",
      "trap         the guest reads 4 bytes at 0xd000000e; 2 bytes of it past the end of lamp: a bus error",
      "trap         the guest reads 2 bytes at 0x50000000; nothing is there: a bus error",
    ]);
  });

  it("counts equal accesses, and tells those with an effect apart", () => {
    const script = "repeat 3 {\nreadl 0xd0000004\n}\nreadl 0xd0000000\nreadl 0xd0000000\n";
    const lines = told(script);
    expect(lines[0]).toContain("lamp refuses it: a bus error (3 times)");
    expect(lines.filter((line) => line.includes("lamp answers 0x7"))).toHaveLength(2);
  });

  it("tells a fault after the access that caused it, and then why the vdev answers no more", () => {
    const lines = told("readl 0xd0000008\nreadl 0xd0000000\n");
    expect(lines[0]).toBe(
      "trap         the guest reads 4 bytes at 0xd0000008; lamp was stopped in the middle of it: a bus error",
    );
    expect(lines[1]).toBe("fault: lamp.wasm called itself too deeply");
    expect(lines.filter((line) => line.includes("in descend"))).toHaveLength(2); // the innermost call, and all others
    expect(lines.join("\n")).toMatch(/in descend \(× \d+\)$/m);
    expect(lines).toContain("trap         the guest reads 4 bytes at 0xd0000000; lamp has stopped: a bus error");
  });

  it("says how often in real plurals", () => {
    const text = run("readl 0xd0000008\nexpect error\n");
    expect(text).toContain("1 guest access was trapped");
    expect(text).toContain("  1 of 1 expectation held.");
    expect(text).toContain("\n  0 interrupts were raised, 0 taken by the guest; 0 timers fired.\n");
    expect(text).toContain("\n  0 violations, 0 warnings, 1 fault.\n");
    expect(run("readl 0xd0000008\n", "")).toContain("(exit code 6); 1 guest access, 1 fault\n");
    expect(run("print nothing\n", "")).toContain("(exit code 0); 0 guest accesses, no findings\n");
  });
});

describe("accesses that reach no vdev", () => {
  it("are not counted as dispatched", () => {
    expect(run("readl 0xd0000000\nreadl 0x50000000\nreadl 0x1000\n")).toContain(
      "\n  3 guest accesses were trapped, 1 of them dispatched to vdevs; ",
    );
  });
});

describe("a loop over two places", () => {
  it("is told twice, and then counted", () => {
    const lines = told("repeat 500 {\nreadw 0xd0000004\nreadl 0xd0000004\n}\n");
    expect(lines).toHaveLength(6);
    expect(lines[4]).toMatch(/^trap {9}these 2 come 498 times more; the last: the guest reads 4 bytes at 0xd0000004; /);
  });
});

describe("notes on a module", () => {
  it("are told once, as notes, with the path from here", () => {
    const text = run("readl 0xd0000000\n", "");
    const notes = text.split("\n").filter((line) => line.includes("not portable"));
    expect(notes).toEqual([
      "note: lamp.wasm imports vdev_path(): the signature is vdevbox's own and not portable as is",
    ]);
    expect(text).toContain("no findings");
  });

  it("name no folder of this machine in a recording", () => {
    run("readl 0xd0000008\n", "--record lamp.rec");
    const recording = type(folder, "cat lamp.rec");
    expect(recording).toContain('"lamp.wasm called itself too deeply"');
    expect(recording).toContain('"lamp.wasm imports vdev_path()');
    expect(recording).not.toContain(folder);
    expect(type(folder, "npx vdevbox replay lamp.rec")).toContain("identical");
  });
});

describe("what a ROM guest says", () => {
  const program = (text: string) => {
    writeFileSync(join(folder, "guest.s"), `start:\n${text}\n`);
    return type(folder, "npx vdevbox run lamp.qvmconf --guest guest.s");
  };

  it("does not run into the next line", () => {
    const text = program("mov $65, %al\noutb %al, $TEXT_PORT\nmov $0, %eax\nout %eax, $EXIT_PORT");
    expect(text).toMatch(/^A\nlamp: the guest exited with 0/m);
  });

  it("of an exception is said once", () => {
    const text = program("xor %ecx, %ecx\ndiv %ecx");
    expect(text.match(/divide error/g)).toHaveLength(1);
    expect(text).toContain("lamp: the guest failed (exit code 7)");
  });
});
