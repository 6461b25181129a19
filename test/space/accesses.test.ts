/**
 * Random address spaces and random accesses in them, at every place where arithmetic could go wrong: page borders, 4 GiB,
 * 2^52, the last bytes of memory and of the ports. Oracle: a list of bytes (byte-model.ts). One access, a batch and a
 * script must all come to the same.
 */
import fc from "fast-check";
import { beforeAll, expect, it } from "vitest";
import { TrapRing } from "../../host/dispatcher/batch.ts";
import { AccessStatus, type AccessWidth, type Space } from "../../host/guests/bus.ts";
import { parseScript } from "../../host/guests/script/parse-script.ts";
import { runScript } from "../../host/guests/script/run-script.ts";
import { VmScriptMachine } from "../../host/guests/script/vm-machine.ts";
import { runBatch } from "../../host/vm/batch.ts";
import { changeRegion, claimRegion, releaseRegion } from "../../host/vm/regions.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, vmOf, write } from "../support/vm.ts";
import { watVdev } from "../support/wat-vdev.ts";
import { ByteModel } from "./byte-model.ts";

const TOP = 1n << 64n;
/** Each is the middle of 96 bytes that the test plays in. */
const PLACES = [0x31000n, 1n << 32n, 0x1_2345_6000n, 1n << 52n, TOP - 48n];
const PORTS = [0x3f8n, 0xffd0n];
/** RAM, more RAM right behind it, and ROM right behind that, at the middle of each place. */
const RAM = [
  { at: 0n, length: 16n, writable: true },
  { at: 16n, length: 8n, writable: true },
  { at: 24n, length: 8n, writable: false },
] as const;

const ECHO = watVdev({
  vread: `(i64.store offset=32 (local.get $gcp)
      (i64.or (i64.shl (i64.extend_i32_u (local.get $cookie)) (i64.const 32)) (i64.extend_i32_u (i32.load (local.get $vopnd)))))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
});

const ram = PLACES.flatMap((place) => RAM.map(({ at, length, writable }) => ({ start: place + at, length, writable })));

interface Step {
  readonly place: number;
  readonly offset: number;
  readonly kind: "read" | "write" | "add" | "remove" | "change";
  readonly width: AccessWidth;
  readonly length: number;
  readonly flags: number;
  readonly value: bigint;
}

const step: fc.Arbitrary<Step> = fc.record({
  place: fc.nat(PLACES.length + PORTS.length - 1),
  offset: fc.integer({ min: -48, max: 48 }),
  kind: fc.constantFrom("read", "read", "read", "write", "write", "add", "add", "remove", "change"),
  width: fc.constantFrom(1, 2, 4, 8),
  length: fc.integer({ min: 1, max: 20 }),
  flags: fc.constantFrom(1, 2, 3, 3, 0x80),
  value: fc.bigInt({ min: 0n, max: TOP - 1n }),
});

interface Access {
  readonly space: Space;
  readonly address: bigint;
  readonly width: AccessWidth;
  /** Undefined for a read. */
  readonly value: bigint | undefined;
}

/** One kind of guest: makes accesses, and says of each what it was: a value, or undefined for a bus error. */
type Guest = (vm: Vm, accesses: readonly Access[]) => (bigint | undefined)[];

const oneByOne: Guest = (vm, accesses) =>
  accesses.map(({ space, address, width, value }) => {
    if (value !== undefined) return write(vm, address, value, width, space) === AccessStatus.done ? value : undefined;
    const [status, got] = read(vm, address, width, space);
    return status === AccessStatus.done ? got : undefined;
  });

const low = (value: bigint) => Number(value & 0xffffffffn);
const high = (value: bigint) => Number(value >> 32n);

const inBatch: Guest = (vm, accesses) => {
  const ring = new TrapRing(vm.dispatcher);
  accesses.forEach(({ space, address, width, value }, i) => {
    if (value === undefined) ring.setRead(i, space, low(address), high(address), width, 0);
    else ring.setWrite(i, space, low(address), high(address), width, low(value), high(value), 0);
  });
  expect(runBatch(vm, ring, accesses.length)).toBe(accesses.length);
  return accesses.map(({ width, value }, i) => {
    if (ring.status(i) !== AccessStatus.done) return undefined;
    return value ?? BigInt.asUintN(8 * width, (BigInt(ring.valueHi(i)) << 32n) | BigInt(ring.valueLo(i)));
  });
};

const LETTER = { 1: "b", 2: "w", 4: "l", 8: "q" } as const;
const X86_LETTER = { 1: "b", 2: "w", 4: "l" } as const;

/** x86 has no port access of 8 bytes and none above 0xffff, nor has a script. */
const scriptable = ({ space, address, width }: Access) => space === "memory" || (width !== 8 && address <= 0xffffn);

const inScript: Guest = (vm, accesses) => {
  const text = accesses.map((access) => {
    const { space, address, width, value } = access;
    if (!scriptable(access)) return "";
    const letter = space === "io" && width !== 8 ? X86_LETTER[width] : LETTER[width];
    const word = value === undefined ? (space === "io" ? "in" : "read") : space === "io" ? "out" : "write";
    return `${word}${letter} ${address} ${value ?? ""}`;
  });
  const answers = new Map<number, string>();
  runScript(parseScript(text.join("\n"), "model.script"), new VmScriptMachine(vm), {
    print: () => undefined,
    answer: (asked, answer) => answers.set(asked.place.line!, answer),
  });
  return accesses.map((access, i) => {
    if (!scriptable(access)) return oneByOne(vm, [access])[0];
    const answer = answers.get(i + 1) ?? "no answer";
    if (!answer.startsWith("ok")) return undefined;
    return access.value ?? BigInt(answer.slice(3));
  });
};

/** Runs steps: what regions become is done at once, accesses between are handed to the guest together. */
function run(vm: Vm, steps: readonly Step[], guest: Guest): { got: unknown[]; expected: unknown[] } {
  const models = { memory: new ByteModel(TOP), io: new ByteModel(1n << 16n) };
  for (const { start, length, writable } of ram) models.memory.memory(start, length, true, writable);
  const got: unknown[] = [];
  const expected: unknown[] = [];
  let waiting: Access[] = [];
  const flush = () => {
    got.push(...guest(vm, waiting));
    for (const { space, address, width, value } of waiting) {
      const outcome =
        value === undefined ? models[space].read(address, width) : models[space].write(address, width, value);
      expected.push(outcome.done ? outcome.value : undefined);
    }
    waiting = [];
  };
  steps.forEach(({ place, offset, kind, width, length, flags, value }, i) => {
    const space: Space = place < PLACES.length ? "memory" : "io";
    const middle = space === "memory" ? PLACES[place]! : PORTS[place - PLACES.length]!;
    const address = middle + BigInt(offset);
    if (address >= TOP) return;
    if (kind === "read") waiting.push({ space, address, width, value: undefined });
    if (kind === "write") waiting.push({ space, address, width, value: BigInt.asUintN(8 * width, value) });
    if (kind === "read" || kind === "write") return;
    flush();
    const region = { cookie: i + 1, reads: (flags & 1) !== 0, writes: (flags & 2) !== 0 };
    const vdev = vm.vdevs[0]!;
    if (kind === "add") {
      const free = models[space].isFree(address, BigInt(length));
      const refused = claimRegion(vm, vdev, space, address, BigInt(length), i + 1, flags);
      expect(refused === undefined).toBe(free);
      if (free) models[space].claim(address, BigInt(length), region);
      return;
    }
    const found = vm.spaces[space].find(address);
    if (found?.what.kind !== "vdev") return;
    if (kind === "change") changeRegion(vm, space, found, vdev, i + 1, flags);
    else releaseRegion(vm, space, found);
    if (kind === "change") models[space].claim(found.start, found.length, region);
    else models[space].release(found.start, found.length);
  });
  flush();
  return { got, expected };
}

/** The regions and the memory of a run are gone for the next. */
function clear(vm: Vm): void {
  for (const space of ["memory", "io"] as const) {
    for (const region of [...vm.spaces[space].regions]) {
      if (region.start !== HOME) releaseRegion(vm, space, region);
    }
  }
  for (const { bytes } of vm.ram.ranges) bytes.fill(0);
}

const HOME = 0x9000000000n;
let vm: Vm;
beforeAll(() => {
  ({ vm } = vmOf(ECHO, { ram }, { vdev: { loc: { space: "memory", address: HOME } } }));
  vm.listener = undefined; // with one, a batch is made one by one
});

it.each([
  ["made one by one", oneByOne],
  ["made in a batch", inBatch],
  ["made by a script", inScript],
])("accesses %s come to what the list of bytes says", (_how, guest) => {
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
      clear(vm);
      const { got, expected } = run(vm, steps, guest);
      expect(got).toEqual(expected);
      expect(vm.findings.all).toEqual([]);
    }),
    { numRuns: 300 },
  );
});
