import { vdev_s } from "../../abi/generated/layouts.ts";
import type { FoundAccess } from "../gate/finding.ts";
import type { Remark } from "../vm/findings.ts";
import type { Vm } from "../vm/vm.ts";
import { GLOBALS_AT } from "./byte-history.ts";
import type { WatchedMemory } from "./watched-memory.ts";

/** Two accesses of the same bytes that nothing orders. The second is the one in progress when it was found. */
export interface Race {
  readonly memory: WatchedMemory;
  /** The first byte both touch. */
  readonly address: number;
  readonly first: FoundAccess;
  readonly second: FoundAccess;
}

/** Bytes of a vdev_t, rounded as the VM lays them out. */
const VDEV_BYTES = (vdev_s.SIZEOF + 15) & ~15;

/** The author's words for an address: a static by its name, a byte of a vdev's own state, or a number. */
export function describeAddress(vm: Vm, { instance, module }: WatchedMemory, address: number): string {
  if (address >= GLOBALS_AT) {
    const name = module.sites.globals.get((address - GLOBALS_AT) >>> 3) ?? "?";
    return `the static ${name.slice(name.lastIndexOf("/") + 1)}`;
  }
  for (const vdev of vm.vdevs) {
    const offset = address - vdev.vdp;
    if (vdev.instance !== instance || offset < 0 || offset >= VDEV_BYTES + vdev.factory.extraSpace) continue;
    if (offset < VDEV_BYTES) return `byte ${offset} of the vdev_t of ${vdev.name}`;
    return `byte ${offset - VDEV_BYTES} of v_device of ${vdev.name}`;
  }
  return `the byte at 0x${address.toString(16)}`;
}

/** What is recorded of a race. */
export function describeRace(vm: Vm, race: Race): Remark {
  const { first, second, memory, address } = race;
  const locks = [...first.locks, ...second.locks];
  return {
    severity: "violation",
    rule: "race",
    message: `data race on ${describeAddress(vm, memory, address)}: ${describeAccess(first)}; ${describeAccess(second)}; nothing orders the two`,
    reason: {
      text: "from VDEV_CTRL_GUEST_CONFIGURED on several threads are in a vdev at once, and it must lock its data",
      status: "documented",
    },
    accesses: [first, second],
    advice:
      locks.length === 0
        ? "Hold the same lock at both, v_mtx for example, or use atomic.load() and atomic.store()."
        : `Hold the same lock at both: ${[...new Set(locks)].join(", ")} was held at one of them.`,
  };
}

function describeAccess({ thread, writes, place, locks }: FoundAccess): string {
  const where = place === undefined ? "at an unknown place" : `at ${place.file}:${place.line}:${place.column}`;
  const held = locks.length === 0 ? "with no lock" : `holding ${locks.join(" and ")}`;
  return `${thread} ${writes ? "wrote" : "read"} it ${where} ${held}`;
}
