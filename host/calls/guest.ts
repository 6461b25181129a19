import {
  EINVAL,
  ENOTSUP,
  EOK,
  GTC_CUSTOM_MIN,
  GTC_MAX,
  QST_CPUREGS,
  QST_IMMEDIATE,
  QST_MEMORY,
  QST_X86_IO,
} from "../../abi/generated/constants.ts";
import { qvm_state_block } from "../../abi/generated/layouts.ts";
import { EndOfVm } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { errnoName } from "../vm/errno.ts";
import { BYTES_PER_WORK, chargeHostWork } from "../vm/host-work.ts";
import { EXIT, type Vm } from "../vm/vm.ts";
import { bodies, remark, violation } from "./body.ts";
import { remarkDoubleFetch } from "./double-fetch.ts";
import { isLiveFrame } from "./gate-host.ts";

/** Offsets in a frame; see abi/runtime/frame.ts. */
const FRAME = { oopnd: 16, operand: 32, live: 40 } as const;
const LIVE = { read: 1, write: 2, answered: 3 } as const;

/** guest_cpu_read()'s and guest_cpu_write()'s way to say that the guest gets an exception. */
const EXCEPTION = -1;

/** State blocks of one call: bounds the loop over a count the vdev gives. */
const BLOCK_LIMIT = 1024;
const ONES = new Uint8Array(8).fill(0xff);

interface Block {
  readonly location: bigint;
  readonly length: number;
  readonly type: number;
}

function readBlock(instance: ModuleInstance, address: number): Block {
  return {
    location: instance.u64(address + qvm_state_block.location),
    length: instance.u32(address + qvm_state_block.length),
    type: instance.view.getUint16(address + qvm_state_block.type, true),
  };
}

/**
 * Moves bytes between module memory and what blocks describe. The operand of the access in progress, guest memory and
 * immediates can be moved; other registers of the processor are not modelled.
 */
function transfer(
  vm: Vm,
  instance: ModuleInstance,
  toGuest: boolean,
  gcp: number,
  blocks: number,
  count: number,
  data: number,
  length: number,
): number {
  const fail = (result: number, why: string) => failed(vm, instance, toGuest, result, why);
  if (count >>> 0 > BLOCK_LIMIT) return fail(EINVAL, `nblks is ${count >>> 0}, and ${BLOCK_LIMIT} is the most`);
  let at = data >>> 0;
  const end = at + (length >>> 0);
  for (let i = 0; i < count >>> 0; i++) {
    const block = readBlock(instance, (blocks >>> 0) + i * qvm_state_block.SIZEOF);
    if (at + block.length > end) return fail(EINVAL, wrongLength(block.length, end - at));
    chargeHostWork(vm, instance, block.length / BYTES_PER_WORK);
    const bytes = instance.bytes.subarray(at, at + block.length);
    const result = moveBlock(vm, instance, toGuest, gcp >>> 0, block, bytes);
    if (!toGuest) instance.wrote(at, block.length);
    if (result === EXCEPTION && !isAccessed(instance, gcp >>> 0, block)) {
      return isOwn(vm, block) ? sentToItself(vm, instance, toGuest, result) : result;
    }
    if (result !== EOK) return fail(result, whyNot(vm, instance, toGuest, gcp >>> 0, block));
    at += block.length;
  }
  if (at < end) fail(EOK, wrongLength(at - (data >>> 0), length >>> 0));
  return EOK;
}

function wrongLength(blocks: number, given: number): string {
  const inferred = "that data_len is the length of what blk describes is inferred from the manual's examples";
  return `data_len leaves ${given} bytes for what blk describes as ${blocks} (${inferred})`;
}

/** The guest may have given the address: a device that can be made to call itself is a classic hole. @returns `result` */
function sentToItself(vm: Vm, instance: ModuleInstance, toGuest: boolean, result: number): number {
  const name = toGuest ? "guest_cpu_write" : "guest_cpu_read";
  const what = `failed with ${errnoName(result)}: blk is in the vdev's own region, which is no memory`;
  const advice = "Compare addresses that the guest gives with v_block: a vdev must not be sent to its own registers.";
  remark(vm, instance, "argument", name, what, advice);
  return result;
}

/** A transfer the author got wrong; a bad address of the guest's is none. @returns `result` */
function failed(vm: Vm, instance: ModuleInstance, toGuest: boolean, result: number, why: string): number {
  const name = toGuest ? "guest_cpu_write" : "guest_cpu_read";
  const outcome = result === EOK ? "moved less than it was given" : `failed with ${errnoName(result)}`;
  const advice = toGuest
    ? "vread answers with guest_cpu_write(gcp, GXF_NONE, oopnd, 1, value, vopnd.length)."
    : "vwrite gets its value with guest_cpu_read(gcp, GXF_NONE, oopnd, 1, value, vopnd.length).";
  remark(vm, instance, "argument", name, `${outcome}: ${why}`, advice);
  return result;
}

/** Whether a block describes the location of the access in progress: an address that no guest gave. */
function isAccessed(instance: ModuleInstance, gcp: number, { type, location, length }: Block): boolean {
  if (gcp === 0 || !isLiveFrame(instance, gcp)) return false;
  const vopnd = readBlock(instance, gcp);
  return type === vopnd.type && location === vopnd.location && length === vopnd.length;
}

/** Whether a block is in the region of the vdev that is called: it should not let the guest send it there. */
function isOwn(vm: Vm, { type, location }: Block): boolean {
  if (type !== QST_MEMORY) return false;
  const what = vm.spaces.memory.find(location)?.what;
  return what?.kind === "vdev" && what.vdev === vm.context.vdev;
}

/** Why moveBlock() refused a block, as the end of a sentence. */
function whyNot(vm: Vm, instance: ModuleInstance, toGuest: boolean, gcp: number, block: Block): string {
  if (block.type === QST_CPUREGS) {
    if (gcp === 0) return "gcp is NULL, and blk is a register of a processor";
    if (!isLiveFrame(instance, gcp)) return "gcp is not the guest_cpu of an access in progress";
    if (block.length > 8) return `blk has ${block.length} bytes, and a register has 8`;
    if (block.location !== 0n) return "blk is no operand of the access in progress";
    const callback = vm.context.situation().callback;
    return toGuest
      ? `the operand of a ${callback} is the guest's to give`
      : `the operand of a ${callback} is not known yet`;
  }
  if (block.type === QST_MEMORY) return "blk is vopnd, the vdev's own register; the guest's operand is oopnd";
  if (block.type === QST_X86_IO) return "blk is an x86 port, as vopnd is; the guest's operand is oopnd";
  return `blk has type ${block.type}, which cannot be moved`;
}

/** @param data the module's side: bytes to give to the guest, or the place for bytes of the guest's */
function moveBlock(
  vm: Vm,
  instance: ModuleInstance,
  toGuest: boolean,
  gcp: number,
  block: Block,
  data: Uint8Array,
): number {
  if (
    block.type === QST_CPUREGS &&
    gcp !== 0 &&
    block.location === 0n &&
    block.length <= 8 &&
    isLiveFrame(instance, gcp)
  ) {
    const live = instance.u32(gcp + FRAME.live);
    if (toGuest !== (live !== LIVE.write)) return ENOTSUP;
    const operand = gcp + FRAME.operand;
    if (toGuest) {
      instance.write(operand, data.subarray(0, block.length));
      instance.setU32(gcp + FRAME.live, LIVE.answered);
    } else data.set(instance.bytes.subarray(operand, operand + block.length));
    return EOK;
  }
  if (block.type === QST_MEMORY) {
    if (toGuest) return vm.windows.store(instance, block.location, data.slice(0, block.length)) ? EOK : EXCEPTION;
    const guest = vm.windows.load(instance, block.location, block.length, "guest_cpu_read");
    if (guest === undefined) return EXCEPTION;
    remarkDoubleFetch(vm, instance, "guest_cpu_read", guest.changed);
    data.set(guest.bytes);
    return EOK;
  }
  if (block.type === QST_IMMEDIATE && !toGuest && block.length <= 8) {
    for (let i = 0; i < block.length; i++) data[i] = Number((block.location >> BigInt(8 * i)) & 0xffn);
    return EOK;
  }
  return block.type === QST_X86_IO ? ENOTSUP : EINVAL;
}

export const guestBodies = bodies({
  guest_cpu_read: (vm, instance, gcp, _flags, blocks, count, data, length) =>
    transfer(vm, instance, false, gcp!, blocks!, count!, data!, length!),

  guest_cpu_write: (vm, instance, gcp, _flags, blocks, count, data, length) =>
    transfer(vm, instance, true, gcp!, blocks!, count!, data!, length!),

  guest_write_all_ones(vm, instance, gcp, _flags, address) {
    const block = readBlock(instance, address! >>> 0);
    if (block.length > ONES.length) return EINVAL;
    return moveBlock(vm, instance, true, gcp! >>> 0, block, ONES);
  },

  guest_terminate(vm, instance, cause) {
    const code = cause! >>> 0;
    if (code > GTC_MAX) {
      const wrong = `was given cause ${cause}, which no cause is`;
      const text = `causes are 0 to ${GTC_MAX}: 1 to 31 of the system, ${GTC_CUSTOM_MIN} to ${GTC_MAX} of vdevs`;
      const advice = `Use GTC_NORMAL_EXIT, or a number from GTC_CUSTOM_MIN (${GTC_CUSTOM_MIN}) on of your own.`;
      violation(vm, instance, "argument", "guest_terminate", wrong, text, advice);
      throw new EndOfVm(EXIT.unexpected, `guest_terminate() with cause ${cause}, which no cause is`);
    }
    throw new EndOfVm(code, `guest_terminate() with cause ${code}`);
  },
});
