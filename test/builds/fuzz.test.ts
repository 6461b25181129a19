/**
 * Shipped vdevs built for fuzzing. Oracle: the plain build, event by event and byte by byte of its state, and a full
 * copy of memory.
 */
import { dirname } from "node:path";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { parseConfig } from "../../host/config/parse-config.ts";
import { PLAIN } from "../../host/explore/chooser.ts";
import { exploredVm } from "../../host/explore/explored-vm.ts";
import { parseWorkload } from "../../host/explore/workload.ts";
import type { AccessWidth, Space } from "../../host/guests/bus.ts";
import { builtFile } from "../../host/paths.ts";
import { Recorder } from "../../host/recording/recorder.ts";
import { replay } from "../../host/recording/replay.ts";
import { parseRecording } from "../../host/recording/text.ts";
import { KeptMemory } from "../../host/sandbox/kept-memory.ts";
import type { FuzzBuild } from "../../host/sandbox/passes/fuzz.ts";
import { IN_ORDER } from "../../host/threads/schedule.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { stateDigest, VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { watVdev } from "../support/wat-vdev.ts";

const modulePath = [dirname(builtFile("vdevs/trace.wasm"))];
const PAGE = 65536;

/** Every shipped vdev; `trace` counts on a thread of its own, so that a VM with it is another build again. */
const BOARD = `system board
ram 0,1M
vdev pl011 loc 0x1c090000 intr gic:37 hostdev -
vdev pl031 loc 0x1c170000 intr gic:36 start 2024-02-29T23:59:50
vdev mc146818 intr gic:40 start 2024-02-29T23:59:58
vdev wdt-sp805 loc 0x1c0f0000 frequency 1000000 intr gic:49
vdev wdt-ib700
`;
const WITH_THREAD = `system board
ram 0,1M
vdev trace loc 0xe0000000 emit-logger
vdev pl011 loc 0x1c090000 intr gic:37 hostdev -
`;

const REGIONS: readonly (readonly [space: Space, start: number, length: number])[] = [
  ["memory", 0x1c090000, 0x60],
  ["memory", 0x1c090fe0, 0x20],
  ["memory", 0x1c170000, 0x24],
  ["memory", 0x1c0f0000, 0x30],
  ["memory", 0x1c0f0c00, 0x10],
  ["memory", 0xe0000000, 0x10],
  ["io", 0x70, 2],
  ["io", 0x441, 4],
  ["memory", 0x1000, 0x1000],
];

type Step =
  | {
      readonly op: "read" | "write";
      readonly region: number;
      readonly offset: number;
      readonly width: AccessWidth;
      readonly value: bigint;
    }
  | { readonly op: "clock"; readonly ns: bigint }
  | { readonly op: "input"; readonly bytes: Uint8Array }
  | { readonly op: "status" };

const access = fc.record({
  op: fc.constantFrom("read" as const, "write" as const),
  region: fc.nat(REGIONS.length - 1),
  offset: fc.nat(0xfff),
  width: fc.constantFrom<AccessWidth[]>(1, 2, 4, 4, 4, 8),
  value: fc.oneof(fc.bigInt({ min: 0n, max: 255n }), fc.bigInt({ min: 0n, max: 2n ** 64n - 1n })),
});
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 12, arbitrary: access },
  {
    weight: 2,
    arbitrary: fc.record({ op: fc.constant("clock" as const), ns: fc.bigInt({ min: 0n, max: 2_000_000_000n }) }),
  },
  {
    weight: 1,
    arbitrary: fc.record({ op: fc.constant("input" as const), bytes: fc.uint8Array({ minLength: 1, maxLength: 20 }) }),
  },
  { weight: 1, arbitrary: fc.constant({ op: "status" as const }) },
);
const steps = fc.array(step, { minLength: 1, maxLength: 100 });

function perform(vm: Vm, one: Step): unknown {
  if (one.op === "clock") return vm.clockStep(one.ns);
  if (one.op === "status") return vm.control("status");
  if (one.op === "input") {
    if (vm.character.refusal("pl011", one.bytes.length) === undefined) vm.character.send("pl011", one.bytes);
    return undefined;
  }
  const [space, start, length] = REGIONS[one.region]!;
  const address = BigInt(start + (one.offset % length));
  const width = space === "io" && one.width === 8 ? 1 : one.width;
  if (one.op === "read") return read(vm, address, width, space);
  return write(vm, address, BigInt.asUintN(8 * width, one.value), width, space);
}

const planOf = (config: string) => planFromConfig(parseConfig(config, "board.qvmconf"), { modulePath });

/** The recording of a run on a build, with its final state. */
function recorded(config: string, some: readonly Step[], fuzz: FuzzBuild | undefined): string {
  const text: string[] = [];
  const early: VmEvent[] = [];
  let recorder: Recorder | undefined;
  const vm = createVm(planOf(config), {
    ...(fuzz !== undefined && { fuzz }),
    listener: (event) => (recorder === undefined ? early.push(event) : recorder.event(event)),
  });
  const source = { guest: "script", pieces: [{ text: config, file: "board.qvmconf" }] };
  recorder = new Recorder(vm, source, (part) => text.push(part));
  for (const event of early) recorder.event(event);
  for (const one of some) perform(vm, one);
  recorder.end(vm.terminate());
  return text.join("");
}

const BUILDS: readonly (readonly [FuzzBuild, string, string])[] = [
  ["edges", "shipped vdevs", BOARD],
  ["comparisons", "shipped vdevs", BOARD],
  ["edges", "vdevs with a thread", WITH_THREAD],
  ["comparisons", "vdevs with a thread", WITH_THREAD],
];

describe("a build for fuzzing", () => {
  it.each(BUILDS)("%s: has the recording of the plain build, to the byte, of %s", (fuzz, _, config) => {
    fc.assert(
      fc.property(steps, (some) => {
        const plain = recorded(config, some, undefined);
        const built = recorded(config, some, fuzz);
        expect(built).toBe(plain);
      }),
      { numRuns: 3 },
    );
  });

  it.each(BUILDS)("%s: replays what the plain build recorded of %s, and the other way round", (fuzz, _, config) => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 60, maxLength: 100 }), (some) => {
        const plain = parseRecording(recorded(config, some, undefined), "plain.rec");
        expect(replay(plain, { modulePath, fuzz }).divergence).toBeUndefined();
        const built = parseRecording(recorded(config, some, fuzz), "built.rec");
        expect(replay(built, { modulePath }).divergence).toBeUndefined();
      }),
      { numRuns: 1 },
    );
  });

  it.each(BUILDS)("%s: is put back as by a full copy, again and again, with %s", (fuzz, _, config) => {
    const vm = createVm(planOf(config), { fuzz });
    const snapshot = new VmSnapshot(vm);
    const kept = vm.instances.map(({ bytes }) => Buffer.from(bytes));
    const digest = stateDigest(vm);
    fc.assert(
      fc.property(steps, (some) => {
        for (const one of some) perform(vm, one);
        snapshot.restore();
        vm.instances.forEach(({ bytes }, i) => {
          expect(kept[i]!.equals(bytes)).toBe(true);
        });
        expect(stateDigest(vm)).toBe(digest);
      }),
      { numRuns: 15 },
    );
  });
});

/** The word at an address that the guest writes, and how much memory it got: hand-written, so that nothing is checked. */
const POKE = watVdev({
  memory: "2 5",
  fields: "(global $at (mut i32) (i32.const 0))",
  vread: `(i32.store offset=32 (local.get $gcp) (i32.load (global.get $at)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  vwrite: `(drop (memory.grow (i32.load offset=36 (local.get $gcp))))
    (global.set $at (i32.load offset=32 (local.get $gcp)))
    (i32.store (global.get $at) (i32.const 0x5a5a5a5a)) (i32.const 0)`,
});

describe("a module that reaches for what is reserved", () => {
  const DEVICE = 0x1c000000n;
  const file = () => moduleFile(POKE);
  const outcomes = (fuzz: FuzzBuild | undefined, races: boolean, address: number, pages: number) => {
    const vm = createVm(vmPlan([vdevPlan(file())]), { races, ...(fuzz !== undefined && { fuzz }) });
    const status = write(vm, DEVICE, BigInt(address) | (BigInt(pages) << 32n), 8);
    const findings = vm.findings.all.map(({ severity, message }) => [severity, message.replace(/\S*\.wasm/, "FILE")]);
    return [status, read(vm, DEVICE), vm.instances[0]!.bytes.length, findings];
  };

  it.each([
    ["the last word of its memory", 2 * PAGE - 4, 0],
    ["the word behind its memory", 2 * PAGE, 0],
    ["half a word behind its memory", 2 * PAGE - 2, 0],
    ["memory it has grown to", 4 * PAGE - 4, 2],
    ["memory behind that", 4 * PAGE, 2],
    ["its limit", 5 * PAGE - 4, 3],
    ["what is behind its limit", 5 * PAGE, 3],
    ["the copy of its memory", 8 * PAGE + 4096, 3],
    ["the counters of edges", 10 * PAGE + 5120, 0],
    ["the end of 32 bits", 0xfffffffe, 0],
  ])("gets at %s as it would without, watched for races too", (_, address, pages) => {
    const plain = outcomes(undefined, false, address, pages);
    for (const fuzz of ["edges", "comparisons"] as const) {
      expect(outcomes(fuzz, false, address, pages)).toEqual(plain);
      expect(outcomes(fuzz, true, address, pages)).toEqual(plain);
    }
  });

  it.each([
    ["alone", {}],
    ["with threads", { schedule: IN_ORDER }],
    ["with threads and races", { races: true }],
  ])("has its memory back when the VM is put back, size included: %s", (_, options) => {
    const vm = createVm(vmPlan([vdevPlan(file())]), { fuzz: "edges", ...options });
    const [instance] = vm.instances;
    // Grown before it is kept: by a page.
    write(vm, DEVICE, (1n << 32n) | 8192n, 8);
    const first = new VmSnapshot(vm);
    const kept = Buffer.from(instance!.bytes);
    write(vm, DEVICE, (2n << 32n) | BigInt(5 * PAGE - 4), 8);
    expect(instance!.bytes.length).toBe(5 * PAGE);
    expect(instance!.u32(5 * PAGE - 4)).toBe(0x5a5a5a5a);
    for (let again = 0; again < 3; again++) {
      first.restore();
      expect(Buffer.from(instance!.bytes).equals(kept)).toBe(true);
      write(vm, DEVICE, (2n << 32n) | 4096n, 8);
      expect(instance!.u32(5 * PAGE - 4)).toBe(0);
    }
  });

  it.each([
    ["alone", {}],
    ["with threads", { schedule: IN_ORDER }],
  ])("may have few steps: putting it back and looking at its edges takes none of them: %s", (_, options) => {
    const limits = { steps: 400 };
    const vm = createVm(vmPlan([vdevPlan(file())], { limits }), { fuzz: "comparisons", ...options });
    const snapshot = new VmSnapshot(vm);
    write(vm, DEVICE, 4096n, 8);
    const { exports } = vm.instances[0]!;
    expect(exports.__vdevbox_novel!(1)).not.toBe(0);
    exports.__vdevbox_clear_edges!();
    exports.__vdevbox_clear_comparisons!();
    snapshot.restore();
    expect([vm.instances[0]!.u32(4096), vm.findings.all]).toEqual([0, []]);
  });

  it("is refused when it exports what a build for fuzzing adds", () => {
    const fields = `(func (export "__vdevbox_novel") (param i32) (result i32) (i32.const 0))`;
    const taken = moduleFile(watVdev({ fields }));
    createVm(vmPlan([vdevPlan(taken)])).terminate();
    expect(() => createVm(vmPlan([vdevPlan(taken)]), { fuzz: "edges" })).toThrow(
      /exports "__vdevbox_novel", a name the sandbox/,
    );
  });

  it("is put back to any of two snapshots of the same memory", () => {
    const vm = createVm(vmPlan([vdevPlan(file())]), { fuzz: "edges" });
    const [instance] = vm.instances;
    const one = new KeptMemory(instance!);
    write(vm, DEVICE, 4096n, 8);
    const two = new KeptMemory(instance!);
    write(vm, DEVICE, 4100n, 8);
    const words = () => [instance!.u32(4096), instance!.u32(4100)];
    const steps: [KeptMemory, number[]][] = [
      [two, [0x5a5a5a5a, 0]],
      [one, [0, 0]],
      [one, [0, 0]],
      [two, [0x5a5a5a5a, 0]],
    ];
    for (const [kept, expected] of steps) {
      write(vm, DEVICE, 4100n, 8);
      instance!.setU32(4096, 3);
      kept.restore();
      expect(words()).toEqual(expected);
    }
  });
});

describe("a build for fuzzing whose calls can be left, and whose accesses are shown", () => {
  it.each([BOARD, WITH_THREAD])("of shipped vdevs fits into the stack the sandbox allows, and runs", (text) => {
    const plan = planFromConfig(parseConfig(text, "board.qvmconf"), { modulePath, guest: "fuzz" });
    const { vm, runner } = exploredVm(plan, { fuzz: "edges" }, false);
    runner.run(parseWorkload("readl 0x1c090018\nstatus\n", "<test>", plan.cpus), PLAIN);
    expect(vm.findings.all).toEqual([]);
    expect(runner.made).toHaveLength(1);
  });
});
