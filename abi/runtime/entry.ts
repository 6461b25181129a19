/**
 * Linked into every vdev module as its second entry: the exports the host and its dispatcher call. Each fills the
 * frame it is given, calls one function of the module's own table and returns; none keeps state.
 */
import {
  FRAME_LIVE,
  FRAME_OOPND,
  FRAME_OPERAND,
  FRAME_VOPND,
  FRAMES,
  frame_enter,
  LIVE_ANSWERED,
  LIVE_NONE,
  LIVE_READ,
  LIVE_WRITE,
  stack_release,
} from "./frame";

/** Version of the contract between a module and the host. */
export const __vdevbox_abi: i32 = 1;
/** Address of the frames in module memory. */
export const __vdevbox_frame: usize = FRAMES;

const QST_CPUREGS: u32 = 2;
/** Set in the status of a vread that wrote no operand: the guest's register keeps its old value. */
const STATUS_UNANSWERED: u32 = 0x40000000;

/** The scratch bytes' next free one: the host puts back each thread's own when it switches. */
export { scratch as __vdevbox_scratch } from "./frame";

/** Zeroed memory, aligned to 16, for what the host keeps in a module: vdev_t, option arguments, windows. */
export function __vdevbox_alloc(bytes: usize): usize {
  const address = heap.alloc(bytes);
  memory.fill(address, 0, bytes);
  return address;
}

// @ts-ignore: decorator
@inline
function fill_blocks(frame: usize, location: u64, meta: u32): void {
  const length = meta & 0xffff;
  store<u64>(frame, location, FRAME_VOPND);
  store<u32>(frame, length, FRAME_VOPND + 8);
  store<u32>(frame, meta >>> 16, FRAME_VOPND + 12);
  store<u64>(frame, 0, FRAME_OOPND);
  store<u32>(frame, length, FRAME_OOPND + 8);
  store<u32>(frame, QST_CPUREGS, FRAME_OOPND + 12);
}

/**
 * One guest read.
 * @param fn   index of the factory's vread in the module's table
 * @param meta width in bytes | QST_* type of the location << 16
 * @returns status << 32 | low 32 bits of the operand; the whole operand by __vdevbox_operand()
 */
export function __vdevbox_vread(frame: usize, fn: u32, vdp: usize, cookie: u32, location: u64, meta: u32): u64 {
  fill_blocks(frame, location, meta);
  store<u64>(frame, 0, FRAME_OPERAND);
  store<u32>(frame, LIVE_READ, FRAME_LIVE);
  const outer = frame_enter(frame);
  let status = call_indirect<u32>(fn, vdp, cookie, frame + FRAME_VOPND, frame + FRAME_OOPND, frame);
  stack_release(outer);
  if (!isDefined(VDEVBOX_NO_GATE) && load<u32>(frame, FRAME_LIVE) != LIVE_ANSWERED) status |= STATUS_UNANSWERED;
  store<u32>(frame, LIVE_NONE, FRAME_LIVE);
  return (<u64>status << 32) | <u64>load<u32>(frame, FRAME_OPERAND);
}

/** All 64 bits of the operand of the last read on `frame`. */
export function __vdevbox_operand(frame: usize): u64 {
  return load<u64>(frame, FRAME_OPERAND);
}

/** One guest write of `value`. @returns the vdev_ref_status */
export function __vdevbox_vwrite(
  frame: usize,
  fn: u32,
  vdp: usize,
  cookie: u32,
  location: u64,
  meta: u32,
  value: u64,
): u32 {
  fill_blocks(frame, location, meta);
  store<u64>(frame, value, FRAME_OPERAND);
  store<u32>(frame, LIVE_WRITE, FRAME_LIVE);
  const outer = frame_enter(frame);
  const status = call_indirect<u32>(fn, vdp, cookie, frame + FRAME_VOPND, frame + FRAME_OOPND, frame);
  stack_release(outer);
  store<u32>(frame, LIVE_NONE, FRAME_LIVE);
  return status;
}

/** Callbacks other than vread and vwrite, by their C signature. The host uses the same numbers. */
const SHAPE_I_III: u32 = 0; // int (a, b, c): control
const SHAPE_V_IIII: u32 = 1; // void (a, b, c, d): timer
const SHAPE_I_II: u32 = 2; // int (a, b): pulse, pic signal, pic parse
const SHAPE_V_II: u32 = 3; // void (a, b): pic notify
const SHAPE_I_I: u32 = 4; // void* (a): thread
const SHAPE_I_IIII: u32 = 5; // int (a, b, c, d): instruction, pic table_spec
const SHAPE_MSI: u32 = 6; // void (a, b, u64 at c, u32 at c + 8, d): msi deliver
const SHAPE_V_I: u32 = 7; // void (a): cleanup handler
const SHAPE_V: u32 = 8; // void (): function of pthread_once()

/** Any other callback. @returns its result, 0 for void */
export function __vdevbox_call(frame: usize, fn: u32, shape: u32, a: u32, b: u32, c: u32, d: u32): u32 {
  const outer = frame_enter(frame);
  let result: u32 = 0;
  if (shape == SHAPE_I_III) result = call_indirect<u32>(fn, a, b, c);
  else if (shape == SHAPE_V_IIII) call_indirect<void>(fn, a, b, c, d);
  else if (shape == SHAPE_I_II) result = call_indirect<u32>(fn, a, b);
  else if (shape == SHAPE_V_II) call_indirect<void>(fn, a, b);
  else if (shape == SHAPE_I_I) result = call_indirect<u32>(fn, a);
  else if (shape == SHAPE_I_IIII) result = call_indirect<u32>(fn, a, b, c, d);
  else if (shape == SHAPE_MSI) call_indirect<void>(fn, a, b, load<u64>(c), load<u32>(c, 8), d);
  else if (shape == SHAPE_V_I) call_indirect<void>(fn, a);
  else if (shape == SHAPE_V) call_indirect<void>(fn);
  else unreachable();
  stack_release(outer);
  return result;
}
