import { createHash } from "node:crypto";
import type { Region } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { restoreTime, type SavedTime, saveTime, timeDigest } from "../time/save-time.ts";
import { claimRegion, releaseRegion } from "./regions.ts";
import type { Vm } from "./vm.ts";

interface InstanceState {
  readonly instance: ModuleInstance;
  readonly bytes: Uint8Array;
  readonly pics: ReturnType<ModuleInstance["savePics"]>;
}

interface RegionState {
  readonly region: Region;
  readonly vdev: number;
  readonly space: "memory" | "io";
}

/**
 * A VM as it was when this was made, to be put back to it as often as wanted: module memory and globals, timers,
 * pulses, interrupt lines, regions, mappings, locks, the power state of CPUs and the clock. Guest RAM is the guest's own
 * and stays. A module instance
 * that has faulted since runs again, and so does a VM that has ended. Restoring costs a copy of the modules' memory and little else.
 */
export class VmSnapshot {
  readonly #vm: Vm;
  readonly #instances: readonly InstanceState[];
  readonly #regions: readonly RegionState[];
  readonly #regionChanges: number;
  readonly #time: SavedTime;
  readonly #interrupts: ReturnType<Vm["interrupts"]["save"]>;
  readonly #windows: ReturnType<Vm["windows"]["save"]>;
  readonly #mutexes: ReturnType<Vm["mutexes"]["save"]>;
  readonly #power: ReturnType<Vm["power"]["save"]>;
  readonly #dumps: number;
  readonly #trap: number;

  constructor(vm: Vm) {
    this.#vm = vm;
    this.#instances = vm.instances.map((instance) => {
      instance.exports.__vdevbox_save?.();
      return { instance, bytes: instance.bytes.slice(), pics: instance.savePics() };
    });
    this.#regions = (["memory", "io"] as const).flatMap((space) =>
      vm.spaces[space].regions
        .filter((region) => region.what.kind === "vdev")
        .map((region) => ({ region, space, vdev: region.what.kind === "vdev" ? region.what.vdev : -1 })),
    );
    this.#regionChanges = vm.regionChanges;
    this.#time = saveTime(vm);
    this.#interrupts = vm.interrupts.save();
    this.#windows = vm.windows.save();
    this.#mutexes = vm.mutexes.save();
    this.#power = vm.power.save();
    this.#dumps = vm.dump.count;
    this.#trap = vm.context.trap;
  }

  restore(): void {
    const vm = this.#vm;
    let stopped = false;
    for (const { instance, bytes, pics } of this.#instances) {
      const memory = instance.bytes;
      memory.set(bytes);
      // Memory never shrinks: what it grew by since is cleared, as it was when it was first added.
      if (memory.length > bytes.length) memory.fill(0, bytes.length);
      instance.exports.__vdevbox_restore?.();
      instance.restorePics(pics);
      instance.hostWork = 0;
      stopped ||= instance.stopped !== undefined;
      instance.stopped = undefined;
      instance.stoppedBy = undefined;
    }
    if (stopped || vm.regionChanges !== this.#regionChanges) this.#restoreRegions();
    vm.reopen();
    restoreTime(vm, this.#time);
    vm.interrupts.restore(this.#interrupts);
    vm.windows.restore(this.#windows);
    vm.held.releaseAll();
    vm.mutexes.restore(this.#mutexes);
    vm.power.restore(this.#power);
    vm.dump.restore(this.#dumps);
    vm.context.trap = this.#trap;
  }

  /** Puts every region back where it was; the dispatcher's records are made anew. */
  #restoreRegions(): void {
    const vm = this.#vm;
    for (const vdev of vm.vdevs) {
      for (const region of [...vdev.regions]) releaseRegion(vm, this.#spaceOf(vm, region), region);
    }
    for (const { region, vdev, space } of this.#regions) {
      if (region.what.kind !== "vdev") continue;
      claimRegion(vm, vm.vdevs[vdev]!, space, region.start, region.length, region.what.cookie, region.what.flags);
    }
    vm.regionChanges = this.#regionChanges;
  }

  #spaceOf(vm: Vm, region: Region): "memory" | "io" {
    return vm.spaces.io.regions.includes(region) ? "io" : "memory";
  }
}

/** SHA-256 over all that a VM's vdevs and the host keep for them; equal states give equal digests. */
export function stateDigest(vm: Vm): string {
  const hash = createHash("sha256");
  for (const instance of vm.instances) {
    hash.update(
      `instance ${instance.id} ${instance.module.hash} ${instance.stopped === undefined ? "runs" : "stopped"}\n`,
    );
    hash.update(instance.bytes);
    for (const value of instance.globals()) hash.update(`${value} `);
  }
  hash.update(`clock ${vm.nowNs} traps ${vm.traps}\n`);
  hash.update(vm.interrupts.digest());
  for (const text of timeDigest(vm)) hash.update(text);
  if (vm.power.observed) hash.update(`power ${vm.power.describe()}\n`);
  for (const space of ["memory", "io"] as const) {
    for (const region of vm.spaces[space].regions)
      hash.update(`${space} ${region.start} ${region.length} ${region.owner}\n`);
  }
  return hash.digest("hex");
}
