/**
 * A module that two threads run at the same time. Oracle: counts and sums that do not depend on who was faster, and what
 * the same module does in its plain build.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { beforeAll, beforeEach, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { packageRoot } from "../../host/paths.ts";
import { FRAME_BYTES, SHAPE, SHARED_FRAME_COUNT } from "../../host/sandbox/contract.ts";
import { ModuleInstance } from "../../host/sandbox/instance.ts";
import { type LoadedModule, loadModuleBytes } from "../../host/sandbox/load.ts";
import { defaultPasses } from "../../host/sandbox/passes/instrument.ts";
import type { Pass } from "../../host/sandbox/passes/pass.ts";
import { LOCK, SHARED_WORD } from "../../host/sandbox/passes/pass.ts";
import { outcome } from "../../host/sandbox/passes/test-modules.ts";
import { resolveStack } from "../../host/sandbox/source-map.ts";
import { bothAtOnce, type Call } from "./two-threads.ts";

const FILE = "test/parallel/assembly/work.ts";
const SOURCE = join(packageRoot(), FILE);
const lineOf = (comment: string): number =>
  1 +
  readFileSync(SOURCE, "utf8")
    .split("\n")
    .findIndex((text) => text.endsWith(comment));
/** Threads that wait for each other in a loop take as long as the machine is busy: no fuel. */
const LIMITS = defaultPasses().filter(({ name }) => name !== "fuel");
/** Milliseconds. */
const TOGETHER = 300;
// biome-ignore lint/suspicious/noExplicitAny: the exports of a module have no static type
type Exports = Record<string, any>;

let load: (shared: boolean, passes?: readonly Pass[]) => LoadedModule;
let module: LoadedModule;
let instance: ModuleInstance;
let main: Exports;

function started(from: LoadedModule): ModuleInstance {
  const silent = () => 0;
  const imports = { env: { abort: silent }, qvm: {}, posix: {} } as Record<string, Record<string, () => number>>;
  for (const { module: space, name } of from.calls) imports[space]![name] = silent;
  const made = new ModuleInstance(from, 0, () => imports);
  made.exports.__vdevbox_start();
  return made;
}

beforeAll(async () => {
  const { wasm, sourceMap } = await compileVdev({ file: SOURCE, projectDir: packageRoot() });
  load = (shared, passes = LIMITS) => loadModuleBytes(wasm, "work.wasm", sourceMap, shared ? { passes, shared } : {});
  module = load(true);
}, 60_000);

beforeEach(() => {
  instance = started(module);
  main = instance.exports as unknown as Exports;
});

describe("two threads at once", () => {
  /**
   * Both make a call again and again: on a busy machine they run by turns, and only a turn that ends in the wrong place
   * shows a mistake. @returns how often both together made it, and all their answers
   */
  async function together(callOf: (owner: number) => Call): Promise<{ calls: number; answers: Set<unknown> }> {
    const here: unknown[] = [];
    const repeat = () => {
      const [name, ...args] = callOf(1);
      const end = performance.now() + TOGETHER;
      do here.push(main[name](...args));
      while (performance.now() < end);
    };
    const there = await bothAtOnce(module, instance.exports.memory, [callOf(2)], repeat, TOGETHER);
    const all = [...here, ...there];
    return { calls: all.length, answers: new Set(all) };
  }

  it("count in one variable under a lock, and nothing is lost", async () => {
    const { calls } = await together(() => ["count", 1000]);
    expect(main.get_total()).toBe(BigInt(calls) * 1000n);
  });

  it("take blocks of memory and give them back, and neither gets what is the other's", async () => {
    expect((await together((owner) => ["take_and_give", owner, 1000])).answers).toEqual(new Set([0]));
  });

  it("make objects, and arrays that grow, and neither gets what is the other's", async () => {
    const there = await bothAtOnce(module, instance.exports.memory, [["allocate", 2, 100_000]], () => {
      expect(main.allocate(1, 100_000)).toBe(0);
    });
    expect(there).toEqual([0]);
  });

  it("wait for the allocator while the other one is in it", async () => {
    const lock = new Int32Array(instance.exports.memory.buffer, module.shared!.words.address + SHARED_WORD.lock, 1);
    Atomics.store(lock, 0, LOCK.taken);
    let found = -1;
    const there = await bothAtOnce(module, instance.exports.memory, [["__vdevbox_alloc", 64]], () => {
      const end = performance.now() + 10_000;
      do found = Atomics.load(lock, 0);
      while (found !== LOCK.contended && performance.now() < end);
      Atomics.store(lock, 0, LOCK.free);
      Atomics.notify(lock, 0);
    });
    expect(found).toBe(LOCK.contended);
    expect(there).toEqual([expect.any(Number)]);
  });

  it("call functions with different numbers of arguments", async () => {
    expect((await together((owner) => ["call_optional", 1000, owner - 1])).answers).toEqual(new Set([0]));
  });

  it("compute sines, which the library keeps halves of in variables", async () => {
    expect((await together((owner) => ["circles", 1000, owner * 1e6])).answers).toEqual(new Set([0]));
  });

  it("use the scratch bytes of a frame each has for itself", async () => {
    const fn = main.scratch_index();
    const frames = [instance.frames, instance.makeFrames(1)];
    const call = (owner: number): Call => ["__vdevbox_call", frames[owner]!, fn, SHAPE.intI, owner << 20, 0, 0, 0];
    let here: unknown;
    const there = await bothAtOnce(module, instance.exports.memory, [call(1)], () => {
      const [name, ...args] = call(0);
      here = main[name](...args);
    });
    expect([here, ...there]).toEqual([0, 0]);
  });
});

describe("the limits of a thread", () => {
  let limited: LoadedModule;
  beforeAll(() => {
    limited = load(true, defaultPasses({ startBudget: 3_000_000, recursionBytes: 64 * 1024 }));
  });

  beforeEach(() => {
    instance = started(limited);
    main = instance.exports as unknown as Exports;
  });

  it("end it when it never waits, with its line, and nobody else", async () => {
    const frames = instance.makeFrames(1);
    const endless: Call = ["__vdevbox_call", frames, main.endless_index(), SHAPE.intI, 0, 0, 0, 0];
    const fn = main.deep_index();
    const sums = new Set<number>();
    const [stack] = (await bothAtOnce(limited, instance.exports.memory, [endless], () => {
      for (let i = 0; i < 2000; i++) sums.add(main.__vdevbox_call(instance.frames, fn, SHAPE.intI, 50, 0, 0, 0));
    })) as [string];
    const [frame] = resolveStack(stack, (id) => (id === limited.id ? limited.source : undefined));
    expect([frame!.place?.file, frame!.place?.line]).toEqual([FILE, lineOf("// for ever")]);
    expect([...sums]).toEqual([1275]);
    expect(instance.limit).toBe("none");
    expect(main.get_total()).toBeGreaterThan(1000n);
  });

  it("let each recurse as deep as if it were alone", async () => {
    const fn = main.deep_index();
    const call = (frame: number, depth: number): Call => ["__vdevbox_call", frame, fn, SHAPE.intI, depth, 0, 0, 0];
    const run = ([name, ...args]: Call): unknown => outcome(() => main[name](...args));
    let most = 1;
    while (typeof run(call(instance.frames, 2 * most)) === "number") most *= 2;
    const times = 500;
    main.__vdevbox_depth.value = 0;
    const here: unknown[] = [];
    const calls = new Array<Call>(times).fill(call(instance.makeFrames(1), most));
    const there = await bothAtOnce(limited, instance.exports.memory, calls, () => {
      for (let i = 0; i < times; i++) here.push(run(call(instance.frames, most)));
    });
    expect(new Set([...here, ...there])).toEqual(new Set([(most * (most + 1)) / 2]));
  });
});

describe("a thread that joins", () => {
  it("finds variables and data as they are now, and leaves them", async () => {
    const label = main.label_address();
    instance.write(label, Buffer.from("ended"));
    main.set_mean(0.25);
    const [mean] = await bothAtOnce(module, instance.exports.memory, [["get_mean"], ["set_mean", 0.75]]);
    expect(mean).toBe(0.25);
    expect(main.get_mean()).toBe(0.75);
    expect(instance.cstring(label)).toBe("ended");
  });

  it("has no start function to call", async () => {
    const [answer] = await bothAtOnce(module, instance.exports.memory, [["__vdevbox_start"]]);
    expect(answer).toMatch(/not a function/);
  });

  it("makes memory grow, and the host sees it whole", async () => {
    const before = instance.bytes.length;
    const bytes = 3 * 65536;
    const [address] = (await bothAtOnce(module, instance.exports.memory, [["__vdevbox_alloc", bytes]])) as [number];
    expect(address + bytes).toBeGreaterThan(before);
    instance.setU32(address + bytes - 4, 0x12345678);
    expect(instance.u32(address + bytes - 4)).toBe(0x12345678);
    expect(instance.bytes.length).toBe(instance.exports.memory.buffer.byteLength);
  });

  it("faults at the line where the plain module does, and the rest goes on", async () => {
    const plain = load(false);
    const lineIn = (stack: string, from: LoadedModule) => {
      const [frame] = resolveStack(stack, (id) => (id === from.id ? from.source : undefined));
      return [frame!.place?.file, frame!.place?.line];
    };
    const stackOf = (exports: Exports) => {
      try {
        exports.faulty();
        return "no fault";
      } catch (error) {
        return (error as Error).stack!;
      }
    };
    const [there] = (await bothAtOnce(module, instance.exports.memory, [["faulty"]])) as [string];
    const expected = [FILE, lineOf("// here")];
    expect(lineIn(stackOf(started(plain).exports as unknown as Exports), plain)).toEqual(expected);
    expect(lineIn(there, module)).toEqual(expected);
    expect(lineIn(stackOf(main), module)).toEqual(expected);
    expect(main.allocate(3, 10)).toBe(0);
  });
});

describe("the host's side", () => {
  it("frames of a thread are frames, and what lies behind the module's own is none", () => {
    const first = instance.makeFrames(3);
    expect(first % FRAME_BYTES).toBe(0);
    for (let i = 0; i < 3; i++) {
      expect(instance.isFrame(first + i * FRAME_BYTES)).toBe(true);
      expect(instance.isInFrame(first + i * FRAME_BYTES + 500)).toBe(true);
    }
    const words = instance.frames + SHARED_FRAME_COUNT * FRAME_BYTES;
    expect(words).toBe(module.shared!.words.address);
    expect([instance.isFrame(words), instance.isInFrame(words + 8)]).toEqual([false, false]);
  });

  it("deep callbacks have frames of their own, which are used again", () => {
    const own = Array.from({ length: SHARED_FRAME_COUNT }, (_, depth) => instance.takeFrame(depth));
    expect(own.at(-1)).toBe(instance.frames + (SHARED_FRAME_COUNT - 1) * FRAME_BYTES);
    const deep = [instance.takeFrame(SHARED_FRAME_COUNT), instance.takeFrame(SHARED_FRAME_COUNT + 1)];
    expect(new Set([...own, ...deep]).size).toBe(SHARED_FRAME_COUNT + 2);
    for (const frame of deep) expect(instance.isFrame(frame)).toBe(true);
    for (const frame of [...deep, ...own]) instance.giveFrame(frame);
    expect(deep).toContain(instance.takeFrame(SHARED_FRAME_COUNT));
  });

  it("goes with no other build", () => {
    for (const other of [{ resumable: true }, { watch: "accesses" }, { fuzz: "edges" }] as const) {
      expect(() => loadModuleBytes(new Uint8Array(), "work.wasm", undefined, { shared: true, ...other })).toThrow(
        RangeError,
      );
    }
  });

  it("the plain build is the same as ever beside it", () => {
    const plain = load(false);
    expect(plain.shared).toBe(undefined);
    expect(plain.id).not.toBe(module.id);
    expect(WebAssembly.Module.imports(plain.compiled).some(({ module: from }) => from === "vdevbox")).toBe(false);
  });
});
