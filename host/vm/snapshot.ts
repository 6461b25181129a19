import { createHash } from "node:crypto";
import { UserError } from "../errors.ts";
import type { Region } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { KeptMemory } from "../sandbox/kept-memory.ts";
import type { SavedThreads } from "../threads/threads.ts";
import { restoreTime, type SavedTime, saveTime, timeDigest } from "../time/save-time.ts";
import { DEFAULT_REGION_FLAGS, releaseRegion, restoreRegion, runRegion } from "./regions.ts";
import type { Vm } from "./vm.ts";

interface InstanceState {
  readonly instance: ModuleInstance;
  readonly memory: KeptMemory;
  readonly pics: ReturnType<ModuleInstance["savePics"]>;
}

interface RegionState {
  readonly region: Region;
  readonly space: "memory" | "io";
}

/**
 * A VM as it was when this was made, to be put back to it as often as wanted: module memory and globals, timers,
 * pulses, interrupt lines, regions, page rights, mappings, locks, the power state of CPUs and the clock. Guest RAM is the guest's own
 * and stays. A module instance
 * that has faulted since runs again, and so does a VM that has ended. Restoring costs a copy of the modules' memory and little else.
 */
export class VmSnapshot {
  readonly #vm: Vm;
  readonly #instances: readonly InstanceState[];
  readonly #regions: readonly RegionState[];
  readonly #regionVersion: number;
  readonly #time: SavedTime;
  readonly #interrupts: ReturnType<Vm["interrupts"]["save"]>;
  readonly #windows: ReturnType<Vm["windows"]["save"]>;
  readonly #threads: SavedThreads | undefined;
  readonly #held: ReturnType<Vm["held"]["save"]>;
  readonly #mutexes: ReturnType<Vm["mutexes"]["save"]>;
  readonly #waitObjects: ReturnType<Vm["waitObjects"]["save"]>;
  readonly #threadStates: ReturnType<Vm["threadStates"]["save"]>;
  readonly #power: ReturnType<Vm["power"]["save"]>;
  readonly #dumps: number;
  readonly #statusText: ReturnType<Vm["statusText"]["save"]>;
  readonly #character: ReturnType<Vm["character"]["save"]>;
  readonly #rights: ReturnType<Vm["ram"]["rights"]["save"]>;
  readonly #trap: number;

  constructor(vm: Vm) {
    if (vm.parallel !== undefined) {
      throw new UserError("a VM whose threads run in parallel (`set threads parallel`) cannot be put back");
    }
    this.#vm = vm;
    this.#instances = vm.instances.map((instance) => {
      // What is kept is counted in globals too, where passes came before others.
      const memory = new KeptMemory(instance);
      instance.exports.__vdevbox_save?.();
      return { instance, memory, pics: instance.savePics() };
    });
    this.#regions = (["memory", "io"] as const).flatMap((space) =>
      vm.spaces[space].regions.filter((region) => region.what.kind === "vdev").map((region) => ({ region, space })),
    );
    this.#regionVersion = vm.changes.version;
    this.#time = saveTime(vm);
    this.#interrupts = vm.interrupts.save();
    this.#windows = vm.windows.save();
    this.#threads = vm.threads?.save();
    this.#held = vm.held.save();
    this.#mutexes = vm.mutexes.save();
    this.#waitObjects = vm.waitObjects.save();
    this.#threadStates = vm.threadStates.save();
    this.#power = vm.power.save();
    this.#dumps = vm.dump.count;
    this.#statusText = vm.statusText.save();
    this.#character = vm.character.save();
    this.#rights = vm.ram.rights.save();
    this.#trap = vm.context.trap;
  }

  restore(): void {
    const vm = this.#vm;
    let stopped = false;
    for (const { instance, memory, pics } of this.#instances) {
      memory.restore();
      instance.exports.__vdevbox_restore?.();
      instance.restorePics(pics);
      instance.hostWork = 0;
      stopped ||= instance.stopped !== undefined;
      instance.stopped = undefined;
      instance.stoppedBy = undefined;
    }
    if (stopped || vm.changes.version !== this.#regionVersion) this.#restoreRegions(stopped);
    vm.reopen();
    restoreTime(vm, this.#time);
    vm.interrupts.restore(this.#interrupts);
    vm.windows.restore(this.#windows);
    vm.character.restore(this.#character);
    if (this.#threads !== undefined) vm.threads!.restore(this.#threads);
    vm.races?.forget();
    vm.held.restore(this.#held);
    vm.mutexes.restore(this.#mutexes);
    vm.waitObjects.restore(this.#waitObjects);
    vm.threadStates.restore(this.#threadStates);
    vm.power.restore(this.#power);
    vm.dump.restore(this.#dumps);
    vm.statusText.restore(this.#statusText);
    vm.ram.rights.restore(this.#rights);
    vm.context.trap = this.#trap;
  }

  /** `restore` where nothing but module memory has changed since: the guest made accesses, and no vdev called the host. */
  restoreMemory(): void {
    for (const { instance, memory } of this.#instances) {
      memory.restore();
      instance.exports.__vdevbox_restore?.();
    }
    this.#vm.context.trap = this.#trap;
  }

  /** Takes away and puts back what is not as it was; a region that is the same object is. */
  #restoreRegions(stopped: boolean): void {
    const vm = this.#vm;
    const saved = new Set(this.#regions.map(({ region }) => region));
    const kept = new Set<Region>();
    for (const space of ["memory", "io"] as const) {
      for (const region of [...vm.spaces[space].regions]) {
        if (saved.has(region)) kept.add(region);
        else releaseRegion(vm, space, region);
      }
    }
    for (const { region, space } of this.#regions) {
      if (!kept.has(region)) restoreRegion(vm, space, region);
      else if (stopped) runRegion(vm, space, region);
    }
    vm.changes.restored(this.#regionVersion);
  }
}

/** SHA-256 over all that a VM's vdevs and the host keep for them; equal states give equal digests. */
export function stateDigest(vm: Vm): string {
  const hash = createHash("sha256");
  for (const instance of vm.instances) {
    hash.update(
      `instance ${instance.id} ${instance.module.hash} ${instance.stopped === undefined ? "runs" : "stopped"}\n`,
    );
    hash.update(comparedBytes(instance));
    for (const value of instance.ownGlobals()) hash.update(`${value} `);
  }
  hash.update(`clock ${vm.nowNs} traps ${vm.traps}\n`);
  hash.update(vm.interrupts.digest());
  for (const text of timeDigest(vm)) hash.update(text);
  for (const thread of vm.threads?.all ?? []) hash.update(`thread ${thread.id} ${thread.state} ${thread.wait?.for}\n`);
  if (vm.power.observed) hash.update(`power ${vm.power.describe()}\n`);
  vm.character.digest(hash);
  for (const space of ["memory", "io"] as const) {
    for (const region of vm.spaces[space].regions)
      hash.update(`${space} ${region.start} ${region.length} ${region.owner}${kindOf(region)}\n`);
  }
  for (const [start, pages] of vm.ram.rights.changes()) hash.update(`rights ${start}`).update(pages);
  return hash.digest("hex");
}

/**
 * A module's memory without the locals of threads that were left: builds for races and for fuzzing have locals of their
 * own, and a recording replays on every build.
 */
function comparedBytes(instance: ModuleInstance): Uint8Array {
  const blocks = instance.coroutines?.blocks() ?? [];
  if (blocks.length === 0) return instance.bytes;
  const bytes = instance.bytes.slice();
  for (const [start, end] of blocks) bytes.fill(0, start, end);
  return bytes;
}

/** How a vdev's region differs from the one qvm makes by itself; nothing when it does not. */
function kindOf({ what }: Region): string {
  if (what.kind !== "vdev" || (what.cookie === 0 && what.flags === DEFAULT_REGION_FLAGS)) return "";
  return ` ${what.cookie} ${what.flags}`;
}
