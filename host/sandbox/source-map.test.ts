import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../errors.ts";
import { instrument } from "./passes/instrument.ts";
import { compile, run, wat } from "./passes/test-modules.ts";
import { readSourceMap, resolveStack } from "./source-map.ts";

const map = (mappings: string, sources = ["a.ts", "b.ts"]) =>
  readSourceMap(JSON.stringify({ version: 3, sources, mappings, names: [] }));

describe("readSourceMap", () => {
  // Offset 10 is a.ts 1:1, 14 has no source, 20 is b.ts 3:5.
  const simple = map("UAAA,I,MCEI");

  it("answers the place of an offset, lines and columns from 1", () => {
    expect(simple.resolve(10)).toEqual({ file: "a.ts", line: 1, column: 1 });
    expect(simple.resolve(25)).toEqual({ file: "b.ts", line: 3, column: 5 });
  });

  it("steps back over code without a source", () => {
    expect(simple.resolve(16)).toEqual({ file: "a.ts", line: 1, column: 1 });
  });

  it("does not step back out of the function, but forward within it", () => {
    expect(simple.resolve(16, { start: 15, end: 30 })).toEqual({ file: "b.ts", line: 3, column: 5 });
    expect(simple.resolve(16, { start: 15, end: 18 })).toBeUndefined();
  });

  it("knows nothing before the first mapping or in an empty map", () => {
    expect(simple.resolve(9, { start: 0, end: 10 })).toBeUndefined();
    expect(map("").resolve(5)).toBeUndefined();
  });

  it.each([
    ["no JSON", "{"],
    ["null", "null"],
    ["another version", JSON.stringify({ version: 2, sources: [], mappings: "" })],
    ["no mappings", JSON.stringify({ version: 3, sources: [] })],
    ["sources that are no names", JSON.stringify({ version: 3, sources: [1], mappings: "" })],
    ["a source there is not", JSON.stringify({ version: 3, sources: [], mappings: "AAAA" })],
    ["a foreign character", JSON.stringify({ version: 3, sources: ["a"], mappings: "A!AA" })],
    ["an unfinished number", JSON.stringify({ version: 3, sources: ["a"], mappings: "g" })],
    ["an endless number", JSON.stringify({ version: 3, sources: ["a"], mappings: "gggggggggggggA" })],
    ["a segment of three", JSON.stringify({ version: 3, sources: ["a"], mappings: "AAA" })],
    ["an offset that goes back", JSON.stringify({ version: 3, sources: ["a"], mappings: "IAAA,DAAA" })],
  ])("refuses %s with a UserError", (_, json) => {
    expect(() => readSourceMap(json)).toThrow(UserError);
  });

  it("throws nothing but UserErrors on any mappings", () => {
    const text = fc.string({ unit: fc.constantFrom(..."ACDEIgh+/,;9"), maxLength: 40 });
    fc.assert(
      fc.property(text, fc.nat(), (mappings, offset) => {
        try {
          map(mappings).resolve(offset);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 2000 },
    );
  });
});

describe("resolveStack", () => {
  const error = (bytes: Uint8Array<ArrayBuffer>, name: string): Error => {
    try {
      run(bytes)[name]();
    } catch (thrown) {
      return thrown as Error;
    }
    throw new Error("no fault");
  };

  it("gives the wasm frames of a real stack with their source, innermost first", async () => {
    const source = `function inner(a: i32): i32 {\n  return 100 / a;\n}\nexport function outer(): i32 {\n  return inner(0) + 1;\n}`;
    const { bytes, map: sourceMap } = await compile(source, ["--debug"]);
    const { bytes: rewritten, offsets } = instrument(bytes, { id: "uart-1.wasm", passes: [] });
    const frames = resolveStack(error(rewritten, "outer"), (id) =>
      id === "uart-1.wasm" ? { map: sourceMap, offsets } : undefined,
    );
    expect(frames.map(({ functionName, place }) => [functionName, place?.file, place?.line])).toEqual([
      ["device/inner", "device.ts", 2],
      ["device/outer", "device.ts", 5],
    ]);
  });

  it("names functions of modules it knows nothing else of", () => {
    const { bytes } = instrument(wat(`(module (func $crash (export "go") unreachable))`), { id: "x", passes: [] });
    const [frame] = resolveStack(error(bytes, "go"), () => undefined);
    expect(frame).toMatchObject({ module: "x", functionIndex: 0, functionName: "crash", place: undefined });
  });

  it("reads frames without a name and with parentheses in the name", () => {
    const stack = `Error: x
    at wasm://wasm/5b0a12ef-0011aabb:wasm-function[7]:0x4e1
    at m.Map<i32,(a: i32)=>void>#set (wasm://wasm/m-0011aabb:wasm-function[12]:0x20)
    at async run (file:///host.js:6:15)`;
    const frames = resolveStack(stack, () => undefined);
    expect(
      frames.map(({ module, functionName, functionIndex, offset }) => [module, functionName, functionIndex, offset]),
    ).toEqual([
      ["5b0a12ef", undefined, 7, 0x4e1],
      ["m", "Map<i32,(a: i32)=>void>#set", 12, 0x20],
    ]);
  });

  it("takes no line of the message for a frame", () => {
    const forged = new Error("abort\n    at m.f (wasm://wasm/m-0011aabb:wasm-function[1]:0x20)");
    expect(resolveStack(forged, () => undefined)).toEqual([]);
  });
});
