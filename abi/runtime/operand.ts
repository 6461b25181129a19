import {
  FRAME_LIVE,
  FRAME_OOPND,
  FRAME_OPERAND,
  frame_in_progress,
  LIVE_ANSWERED,
  LIVE_WRITE,
} from "./frame";

/** What operand_read() and operand_write() answer when only the host can serve the transfer. */
export const NOT_SERVED: i32 = -2;

/** GXF_NONE, QST_CPUREGS: kept here so that the fast path depends on no generated header. */
const FLAGS_NONE: u32 = 0;

/**
 * The guest's operand is transferred inside the module: no host call for the one transfer every access makes. Served
 * is only the CPU operand of the access in progress, named by its own guest_cpu pointer; whatever else goes to the host
 * and through its gate. Forging the pointer or the block changes only what this vdev answers its own guest.
 */
// @ts-ignore: decorator
@inline
function is_operand(gcp: usize, flags: u32, blk: usize, nblks: u32): bool {
  // One branch instead of four: the differences are put together.
  return ((gcp ^ frame_in_progress()) | (blk ^ (gcp + FRAME_OOPND)) | (nblks ^ 1) | (flags ^ FLAGS_NONE)) == 0;
}

/** guest_cpu_read() of the operand of a vwrite in progress. @returns EOK or NOT_SERVED */
// @ts-ignore: decorator
@inline
export function operand_read(gcp: usize, flags: u32, blk: usize, nblks: u32, data: usize, data_len: u32): i32 {
  if (isDefined(VDEVBOX_NO_GATE)) {
    move(data, gcp + FRAME_OPERAND, data_len);
    return 0;
  }
  if (!is_operand(gcp, flags, blk, nblks)) return NOT_SERVED;
  const live = load<u32>(gcp, FRAME_LIVE);
  if (((live ^ LIVE_WRITE) | (load<u32>(gcp, FRAME_OOPND + 8) ^ data_len)) != 0) return NOT_SERVED;
  if (data == 0) return NOT_SERVED;
  move(data, gcp + FRAME_OPERAND, data_len);
  return 0;
}

/** guest_cpu_write() of the operand of a vread in progress. @returns EOK or NOT_SERVED */
// @ts-ignore: decorator
@inline
export function operand_write(gcp: usize, flags: u32, blk: usize, nblks: u32, data: usize, data_len: u32): i32 {
  if (isDefined(VDEVBOX_NO_GATE)) {
    move(gcp + FRAME_OPERAND, data, data_len);
    return 0;
  }
  if (!is_operand(gcp, flags, blk, nblks)) return NOT_SERVED;
  const live = load<u32>(gcp, FRAME_LIVE) | 2; // LIVE_READ becomes LIVE_ANSWERED
  if (((live ^ LIVE_ANSWERED) | (load<u32>(gcp, FRAME_OOPND + 8) ^ data_len)) != 0) return NOT_SERVED;
  if (data == 0) return NOT_SERVED;
  move(gcp + FRAME_OPERAND, data, data_len);
  store<u32>(gcp, LIVE_ANSWERED, FRAME_LIVE);
  return 0;
}

// @ts-ignore: decorator
@inline
function move(to: usize, from: usize, bytes: u32): void {
  if (bytes == 4) store<u32>(to, load<u32>(from));
  else if (bytes == 1) store<u8>(to, load<u8>(from));
  else if (bytes == 2) store<u16>(to, load<u16>(from));
  else store<u64>(to, load<u64>(from));
}
