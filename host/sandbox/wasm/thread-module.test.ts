/** The module of later threads. Oracle: the offsets and segments of the binary format, read by hand-written expectations. */
import { describe, expect, it } from "vitest";
import { type Exports, outcome, wat } from "../passes/test-modules.ts";
import { readModule, SECTION } from "./read-module.ts";
import { threadModule } from "./thread-module.ts";

const TEXT = `(module
  (memory (import "vdevbox" "memory") 1 4 shared)
  (data (i32.const 16) "active") (data $passive "passive") (data (i32.const 64) "more")
  (func (export "init") (param i32 i32 i32) (memory.init $passive (local.get 0) (local.get 1) (local.get 2)))
  (func (export "again") (param i32) (memory.init 0 (i32.const 512) (i32.const 0) (local.get 0)))
  (func (export "__vdevbox_start") (i32.store8 (i32.const 1) (i32.const 1)))
  (func (export "trap") (unreachable)))`;

function text(memory: WebAssembly.Memory, start: number, length: number): string {
  return Buffer.from(new Uint8Array(memory.buffer).slice(start, start + length)).toString();
}

function instances(): { memory: WebAssembly.Memory; another: () => Exports } {
  const bytes = wat(TEXT);
  const memory = new WebAssembly.Memory({ initial: 1, maximum: 4, shared: true });
  const make = (from: Uint8Array<ArrayBuffer>) =>
    new WebAssembly.Instance(new WebAssembly.Module(from), { vdevbox: { memory } }).exports;
  make(bytes);
  return { memory, another: () => make(threadModule(bytes, "__vdevbox_start")) };
}

describe("the module of a thread that joins", () => {
  it("leaves memory as it finds it", () => {
    const { memory, another } = instances();
    expect(text(memory, 16, 6)).toBe("active");
    new Uint8Array(memory.buffer).set(Buffer.from("change"), 16);
    new Uint8Array(memory.buffer).set(Buffer.from("time"), 64);
    another();
    expect([text(memory, 16, 6), text(memory, 64, 4)]).toEqual(["change", "time"]);
  });

  it("cannot run the start function", () => {
    const exports = instances().another();
    expect(Object.keys(exports)).toEqual(["init", "again", "trap"]);
  });

  it("has its passive data, under the same number", () => {
    const { memory, another } = instances();
    another().init(256, 1, 4);
    expect(text(memory, 256, 4)).toBe("assi");
  });

  it("has no more of the active data than an instance that has written it", () => {
    const { memory, another } = instances();
    const exports = another();
    expect(outcome(() => exports.again(0))).toBe(undefined);
    expect(outcome(() => exports.again(1))).toMatch(/RuntimeError/);
    expect(text(memory, 512, 1)).toBe("\0");
  });

  it("has the same code at the same offsets", () => {
    const original = wat(TEXT);
    const thread = threadModule(original, "__vdevbox_start");
    const code = (bytes: Uint8Array) => readModule(bytes).sections.find(({ id }) => id === SECTION.code)!.content;
    expect(code(thread)).toEqual(code(original));
    const { start, end } = code(thread);
    expect(thread.slice(start, end)).toEqual(original.slice(start, end));
  });

  it.each([1, 200, 20_000])("also with %i exports, where their numbers take more bytes", (count) => {
    const functions = Array.from({ length: count }, (_, i) => `(func (export "f${i}"))`).join("\n");
    const original = wat(TEXT.replace('(func (export "trap")', `${functions} (func (export "trap")`));
    const thread = threadModule(original, "__vdevbox_start");
    expect(WebAssembly.validate(thread)).toBe(true);
    expect(readModule(thread).functions.map(({ body }) => body)).toEqual(
      readModule(original).functions.map(({ body }) => body),
    );
    expect(readModule(thread).exports.length).toBe(readModule(original).exports.length - 1);
  });

  it("is the same module where there is nothing to leave out", () => {
    const original = wat(`(module (func (export "f")) (func))`);
    expect(threadModule(original, "__vdevbox_start")).toEqual(original);
  });
});
