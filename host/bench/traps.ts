import { copyFileSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import * as L from "../dispatcher/assembly/layout.ts";
import { TrapRing } from "../dispatcher/batch.ts";
import { AccessStatus } from "../guests/bus.ts";
import { builtFile } from "../paths.ts";
import { runBatch } from "../vm/batch.ts";
import { plainPlan } from "../vm/plain-plan.ts";
import { createVm } from "../vm/startup.ts";
import type { Vm } from "../vm/vm.ts";
import { median } from "./figure.ts";
import { counterPlan } from "./plans.ts";

/** Reads of one pass over the addresses; bench/native/bus.rs has the same number. */
export const READS = 65_536;
/** A round is the median of this many passes, each short enough that a busy machine seldom breaks into it. */
const PASSES = 16;
const SEED = 12_345;
/** Of a busy machine: virtual time of an access, and how many accesses there are to one that moves a line. */
const BUSY_ACCESS_NS = 1000;
const BUSY_WRITE_EVERY = 64;
/** Below are a gic's own lines. */
const FIRST_LINE = 32;

export interface TrapMachineOptions {
  readonly regions: number;
  /** Module instances, each of code of its own, that the regions are dealt out to. */
  readonly modules: number;
  /** False: dispatcher and modules are the builds with the gate compiled out; limits stay. */
  readonly gate: boolean;
  /** Every access takes a microsecond of virtual time, so that timers fire, and every 64th one moves an interrupt line. */
  readonly busy?: boolean;
  /** Of a busy machine: no timer is armed. */
  readonly still?: boolean;
}

/** Who makes the reads: the VM one by one as for any guest, the dispatcher without the VM, or a ring handed over at once. */
export type TrapPath = "vm" | "busy" | "dispatcher" | "batch" | "ring";
export type TrapOrder = "random" | "sequential";

/** A VM full of counters, and the addresses to read from them. */
export class TrapMachine {
  readonly vm: Vm;
  readonly #orders: Record<TrapOrder, Uint32Array>;
  readonly #ring: TrapRing;
  /** Sum of all that was read, so that no read can be left out. */
  sum = 0;

  constructor({ regions, modules, gate, busy = false, still = false }: TrapMachineOptions) {
    const bases = Array.from({ length: regions }, (_, i) => regionBase(i));
    this.vm = createVm(...counterMachine(bases, modules, gate, busy));
    if (still) {
      this.vm.clock.cancelAll();
      this.vm.alarmsChanged();
    }
    this.#orders = { random: randomOrder(bases), sequential: sequentialOrder(bases) };
    this.#ring = new TrapRing(this.vm.dispatcher);
  }

  /** One round. @returns nanoseconds a read */
  round(path: TrapPath, order: TrapOrder): number {
    const addresses = this.#orders[order];
    const run = { vm: readByVm, busy: readByBusyVm, dispatcher: readByDispatcher, batch: readByBatch, ring: fillRing }[
      path
    ];
    if (path === "batch") fillRing(this.vm, addresses, this.#ring);
    const passes: number[] = [];
    for (let pass = 0; pass < PASSES; pass++) {
      const start = process.hrtime.bigint();
      this.sum = (this.sum + run(this.vm, addresses, this.#ring)) | 0;
      passes.push(Number(process.hrtime.bigint() - start) / READS);
    }
    return median(passes);
  }
}

/** Pages spread unevenly, the same as in bench/native/bus.rs. */
function regionBase(i: number): number {
  return (0x10000 + i * 37 + ((i * i) % 7)) * 0x1000;
}

/** Modules are copied under names of their own: each is then compiled by itself, as different vdevs would be. */
function counterMachine(
  bases: readonly number[],
  modules: number,
  gate: boolean,
  busy: boolean,
): Parameters<typeof createVm> {
  const folder = mkdtempSync(join(tmpdir(), "vdevbox-bench-"));
  process.once("exit", () => rmSync(folder, { recursive: true, force: true }));
  const files = Array.from({ length: modules }, (_, i) => join(folder, `counter${i}.wasm`));
  for (const file of files) copyFileSync(builtFile(gate ? "bench/counter.wasm" : "bench/ungated/counter.wasm"), file);
  const vdevs = bases.map((base, i) =>
    counterPlan(
      files[i % modules]!,
      `counter-${i}`,
      BigInt(base),
      busy ? { pic: "gic", line: FIRST_LINE + i } : undefined,
    ),
  );
  return [
    plainPlan(vdevs, { accessNs: busy ? BUSY_ACCESS_NS : 0 }),
    gate ? {} : { dispatcherFile: builtFile("dispatcher-ungated.wasm") },
  ];
}

/** The order of bench/native/bus.rs: a linear congruential generator chooses region and word. */
function randomOrder(bases: readonly number[]): Uint32Array {
  let state = SEED;
  return Uint32Array.from({ length: READS }, () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return bases[(state >>> 8) % bases.length]! + ((state >>> 20) & 0xffc);
  });
}

function sequentialOrder(bases: readonly number[]): Uint32Array {
  return Uint32Array.from({ length: READS }, (_, i) => bases[i % bases.length]! + ((i * 4) & 0xffc));
}

function readByVm(vm: Vm, addresses: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < addresses.length; i++) {
    if (vm.read("memory", addresses[i]!, 0, 4, 0) !== AccessStatus.done) throw new Error("a read was refused");
    sum = (sum + vm.valueLo) | 0;
  }
  return sum;
}

/** Each write has the count's lowest bit the other way round than the one before: a line goes up or down. */
function readByBusyVm(vm: Vm, addresses: Uint32Array): number {
  let sum = 0;
  for (let i = 0; i < addresses.length; i++) {
    const status =
      i % BUSY_WRITE_EVERY === 0
        ? vm.write("memory", addresses[i]!, 0, 4, i / BUSY_WRITE_EVERY, 0, 0)
        : vm.read("memory", addresses[i]!, 0, 4, 0);
    if (status !== AccessStatus.done) throw new Error("an access was refused");
    sum = (sum + vm.valueLo) | 0;
  }
  return sum;
}

function readByDispatcher(vm: Vm, addresses: Uint32Array): number {
  const { exports, words } = vm.dispatcher;
  const value = (L.CONTEXT + L.CONTEXT_VALUE_LO) >> 2;
  let sum = 0;
  for (let i = 0; i < addresses.length; i++) {
    if (exports.read_memory(addresses[i]!, 0, 4, 0) !== 0) throw new Error("a read was refused");
    sum = (sum + words[value]!) | 0;
  }
  return sum;
}

function fillRing(_vm: Vm, addresses: Uint32Array, ring: TrapRing): number {
  for (let i = 0; i < addresses.length; i++) ring.setRead(i, "memory", addresses[i]!, 0, 4, 0);
  return 0;
}

function readByBatch(vm: Vm, addresses: Uint32Array, ring: TrapRing): number {
  if (runBatch(vm, ring, addresses.length) !== addresses.length) throw new Error("the VM ended");
  if (ring.notDone > 0) throw new Error("a read was refused");
  let sum = 0;
  for (let i = 0; i < addresses.length; i++) sum = (sum + ring.valueLo(i)) | 0;
  return sum;
}
