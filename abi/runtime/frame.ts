/**
 * Frames: the bytes of module memory that belong to one activation (one host thread, or one nested call on it).
 *
 *   0  vopnd     struct qvm_state_block: the location the guest accessed
 *  16  oopnd     struct qvm_state_block: the other operand, normally a CPU register
 *  32  operand   8 bytes: the value that travels between the guest and the vdev
 *  40  live      what the CPU operand may be used for, LIVE_*
 *  64  scratch   the bytes stack_alloc() hands out, up to the end of the frame
 *
 * AssemblyScript has no address of a local. C code that passes `&value` passes `stack_alloc(sizeof(value))` here: the
 * bytes are the activation's own, so two vCPUs in one vdev never share them, and nothing is allocated.
 */
export const FRAME_BYTES: usize = 512;
export const FRAME_COUNT: usize = 16;

export const FRAME_VOPND: usize = 0;
export const FRAME_OOPND: usize = 16;
export const FRAME_OPERAND: usize = 32;
export const FRAME_LIVE: usize = 40;
export const FRAME_SCRATCH: usize = 64;

/** No access in progress: a guest_cpu pointer kept from an earlier callback. */
export const LIVE_NONE: u32 = 0;
/** vread in progress, operand not written yet. */
export const LIVE_READ: u32 = 1;
/** vwrite in progress. */
export const LIVE_WRITE: u32 = 2;
/** vread in progress, operand written. */
export const LIVE_ANSWERED: u32 = 3;

/** Aligned to its own size, so that the end of a frame follows from any address in it. */
export const FRAMES: usize = memory.data(8192, 512);

/** Next free scratch byte of the running activation. Frame 0 serves the module's start function. */
export let scratch: usize = FRAMES + FRAME_SCRATCH;

/**
 * Bytes for one call: `&local` of C. They last until the callback returns.
 * @param bytes size, rounded up to 8
 * @returns address in module memory, aligned to 8; contents undefined
 * Faults when a callback asks for more than 448 bytes in all (see stack_mark for loops).
 */
// @ts-ignore: decorator
@inline
export function stack_alloc(bytes: usize): usize {
  const address = scratch;
  const next = address + ((bytes + 7) & ~7);
  if (next > ((address - 1) | (FRAME_BYTES - 1)) + 1) unreachable();
  scratch = next;
  return address;
}

/** Where stack_alloc() stands; give it to stack_release() to use the bytes again. */
// @ts-ignore: decorator
@inline
export function stack_mark(): usize {
  return scratch;
}

/** Gives back all that was handed out since `mark`. */
// @ts-ignore: decorator
@inline
export function stack_release(mark: usize): void {
  scratch = mark;
}

/** Makes `frame` the running activation's. @returns what to give to stack_release() when it ends */
// @ts-ignore: decorator
@inline
export function frame_enter(frame: usize): usize {
  const outer = scratch;
  scratch = frame + FRAME_SCRATCH;
  return outer;
}

/** The frame of the running activation: the one its scratch bytes lie in, which may be used up to the last. */
// @ts-ignore: decorator
@inline
export function frame_in_progress(): usize {
  return (scratch - 1) & ~(FRAME_BYTES - 1);
}

/** In the slots of a printf-like call behind its last argument: the host tells a format that asks for more. */
export const NO_ARGUMENT: u64 = 0x7ff4_6e6f_6172_6773;
