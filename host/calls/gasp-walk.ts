import { EINVAL, ENXIO, EOK, GRF_PASS_RD, GWS_HOST } from "../../abi/generated/constants.ts";
import { gasp_walk_state } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { chargeHostWork } from "../vm/host-work.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, u64 } from "./body.ts";

const SPACE_END = 1n << 64n;
const NO_CAP = SPACE_END - 1n;

/**
 * A walk as it is in the module's memory. All of it is there, so that the host keeps nothing that a vdev could leave
 * behind; every field is taken as a number that may be anything. `span`, private by the manual, holds the bytes that are
 * still to come.
 */
interface Walk {
  /** Where the next piece begins; may be the end of the space. */
  readonly at: bigint;
  readonly left: bigint;
  readonly most: bigint;
  readonly flags: number;
}

function readWalk(instance: ModuleInstance, ws: number): Walk {
  return {
    at: instance.u64(ws + gasp_walk_state.guest_loc) + instance.u64(ws + gasp_walk_state.length),
    left: BigInt(instance.u32(ws + gasp_walk_state.span)),
    most: instance.u64(ws + gasp_walk_state.max_length),
    flags: instance.u32(ws + gasp_walk_state.flags),
  };
}

/** Bytes from an address on that are in one range of RAM or ROM, with rights by which the guest may read them. */
function contiguous(vm: Vm, at: bigint): bigint {
  if (at >= SPACE_END) return 0n;
  const run = vm.ram.runOf(at);
  return run === undefined || (run.rights & GRF_PASS_RD) === 0 ? 0n : run.start + run.length - at;
}

function least(...values: readonly bigint[]): bigint {
  return values.reduce((a, b) => (a < b ? a : b));
}

/** Pieces that are still to come, up to the first byte that is no memory. */
function count(vm: Vm, instance: ModuleInstance, { at, left, most }: Walk): bigint {
  if (most === 0n) return 0n;
  let pieces = 0n;
  let next = at;
  let rest = left;
  while (rest > 0n) {
    chargeHostWork(vm, instance, 1);
    const run = least(contiguous(vm, next), rest);
    if (run === 0n) break;
    pieces += (run + most - 1n) / most;
    next += run;
    rest -= run;
  }
  return pieces;
}

export const gaspWalkBodies = bodies({
  gasp_walk_init(_vm, instance, state, gsp, lo, hi, lengthLo, lengthHi, flags) {
    const ws = state! >>> 0;
    const start = u64(lo!, hi!);
    const length = u64(lengthLo!, lengthHi!);
    if (length > 0xffffffffn || start + length > SPACE_END || (flags! & ~GWS_HOST) !== 0) return EINVAL;
    instance.setU32(ws + gasp_walk_state.span, Number(length));
    instance.setU32(ws + gasp_walk_state.gsp, gsp!);
    instance.setU64(ws + gasp_walk_state.guest_loc, start);
    instance.setU64(ws + gasp_walk_state.host_loc, 0n);
    instance.setU64(ws + gasp_walk_state.length, 0n);
    instance.setU64(ws + gasp_walk_state.max_length, NO_CAP);
    instance.setU32(ws + gasp_walk_state.flags, flags!);
    return EOK;
  },

  gasp_walk_next(vm, instance, state) {
    const ws = state! >>> 0;
    const { at, left, most, flags } = readWalk(instance, ws);
    if (most === 0n) return -EINVAL;
    const taken = least(contiguous(vm, at), left, most);
    instance.setU64(ws + gasp_walk_state.guest_loc, BigInt.asUintN(64, at));
    instance.setU64(ws + gasp_walk_state.host_loc, (flags & GWS_HOST) === 0 ? 0n : BigInt.asUintN(64, at));
    instance.setU64(ws + gasp_walk_state.length, taken);
    instance.setU32(ws + gasp_walk_state.span, Number(left - taken));
    if (taken > 0n) return 1;
    return left === 0n ? 0 : -ENXIO;
  },

  gasp_walk_count(vm, instance, state) {
    const pieces = count(vm, instance, readWalk(instance, state! >>> 0));
    return Number(BigInt.asIntN(32, pieces));
  },
});
