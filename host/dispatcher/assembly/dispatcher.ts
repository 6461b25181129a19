/**
 * The dispatcher: from a guest access to the vdev that answers it, without leaving WebAssembly. It finds the region,
 * writes down what is in progress for the gates, and calls the vdev module's thunk through the table it shares with
 * every module. It trusts nothing in a module: results are returned, and its own memory is out of a module's reach.
 */
import * as L from "./layout";

/** The running host thread's context block, and the frame its next activation uses. */
let context: usize = L.CONTEXT;
let frame_offset: u32 = 0;

/** Chooses the context block and frame for the calls that follow (another host thread, or a nested activation). */
export function select(thread: u32, frame: u32): void {
  context = L.CONTEXT + thread * L.CONTEXT_BYTES;
  frame_offset = frame * L.FRAME_SIZE;
}

// @ts-ignore: decorator
@inline
function join(lo: u32, hi: u32): u64 {
  return (<u64>hi << 32) | <u64>lo;
}

/** The word of the region that may hold a memory address, or 0. */
// @ts-ignore: decorator
@inline
function find_memory(address: u64): u32 {
  if (address >= 0x100000000) return search(L.HIGH, address);
  const word = load<u32>(L.PAGE_MAP + ((<u32>address >>> L.PAGE_SHIFT) << 2));
  if (<i32>word >= 0) return word;
  return search(word ^ L.LIST, address);
}

/** The last region in a list that starts at or below an address. The list is sorted; regions never overlap. */
function search(list: usize, address: u64): u32 {
  let low: u32 = 0;
  let high = load<u32>(list);
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (load<u64>(record_of(load<u32>(list + 4 + (middle << 2))), L.REGION_START) <= address) low = middle + 1;
    else high = middle;
  }
  return low == 0 ? 0 : load<u32>(list + (low << 2));
}

// @ts-ignore: decorator
@inline
function find(space: u32, address: u64): u32 {
  return space == 0 ? find_memory(address) : load<u32>(L.PORT_MAP + ((<u32>address & 0xffff) << 2));
}

/** The record of a region's word. */
// @ts-ignore: decorator
@inline
function record_of(word: u32): usize {
  return L.REGIONS + ((word & L.WORD_RECORD_MASK) << L.REGION_SHIFT);
}

/** The slot in the shared table of one of the thunks of a region's module instance. */
// @ts-ignore: decorator
@inline
function thunk_of(word: u32, thunk: u32): u32 {
  return ((word >>> L.WORD_THUNKS_SHIFT) << L.THUNK_GROUP_SHIFT) + thunk;
}

/** Everything that may refuse an access before a vdev sees it. @returns 0 or one of the negative answers */
// @ts-ignore: decorator
@inline
function refusal(word: u32, region: usize, address: u64, width: u32): i32 {
  if (word == 0) return L.UNCLAIMED;
  const offset = address - load<u64>(region, L.REGION_START);
  const length = load<u64>(region, L.REGION_LENGTH);
  if (offset >= length) return L.UNCLAIMED;
  if (length - offset < width) return L.PAST_END;
  if (((load<u32>(region, L.REGION_SIZES) >>> width) & 1) == 0) return L.BAD_WIDTH;
  return 0;
}

/**
 * Writes down who is called, before the call: after a fault this is how the host knows. Two words with each store: the
 * callback and its thread, the vdev and its vCPU (layout.ts keeps them beside each other).
 */
// @ts-ignore: decorator
@inline
function enter(at: usize, region: usize, callback: u32, vcpu: u32): void {
  if (isDefined(VDEVBOX_NO_GATE)) return;
  store<u64>(at, join(callback, L.THREAD_VCPU), L.CONTEXT_CALLBACK);
  store<u64>(at, join(load<u32>(region, L.REGION_VDEV), vcpu), L.CONTEXT_VDEV);
}

// @ts-ignore: decorator
@inline
function leave(at: usize): void {
  if (isDefined(VDEVBOX_NO_GATE)) return;
  store<u32>(at, 0, L.CONTEXT_CALLBACK);
}

// @ts-ignore: decorator
@inline
function count_trap(at: usize): void {
  store<u32>(at, load<u32>(at, L.CONTEXT_TRAP) + 1, L.CONTEXT_TRAP);
}

// @ts-ignore: decorator
@inline
function do_read(space: u32, address: u64, width: u32, vcpu: u32): i32 {
  const at = context; // nested activations choose another and put this one back
  count_trap(at);
  const word = find(space, address);
  const region = record_of(word);
  const refused = refusal(word, region, address, width);
  if (refused != 0) return refused;
  const fn = load<u32>(region, L.REGION_VREAD);
  if (fn == 0) return load<i32>(region, L.REGION_REFUSAL);
  enter(at, region, L.CALLBACK_VREAD, vcpu);
  const frame = load<u32>(region, L.REGION_FRAMES) + frame_offset;
  const result = call_indirect<u64>(
    thunk_of(word, L.THUNK_READ),
    frame,
    fn,
    load<usize>(region, L.REGION_VDP),
    load<u32>(region, L.REGION_COOKIE),
    address,
    width | load<u32>(region, L.REGION_TYPE),
  );
  if (width == 8) {
    store<u64>(at, call_indirect<u64>(thunk_of(word, L.THUNK_OPERAND), frame), L.CONTEXT_VALUE_LO);
  } else {
    store<u64>(at, result & 0xffffffff, L.CONTEXT_VALUE_LO);
  }
  leave(at);
  return <i32>(result >>> 32);
}

// @ts-ignore: decorator
@inline
function do_write(space: u32, address: u64, width: u32, value: u64, vcpu: u32): i32 {
  const at = context;
  count_trap(at);
  const word = find(space, address);
  const region = record_of(word);
  const refused = refusal(word, region, address, width);
  if (refused != 0) return refused;
  const fn = load<u32>(region, L.REGION_VWRITE);
  if (fn == 0) return load<i32>(region, L.REGION_REFUSAL);
  enter(at, region, L.CALLBACK_VWRITE, vcpu);
  const status = call_indirect<u32>(
    thunk_of(word, L.THUNK_WRITE),
    load<u32>(region, L.REGION_FRAMES) + frame_offset,
    fn,
    load<usize>(region, L.REGION_VDP),
    load<u32>(region, L.REGION_COOKIE),
    address,
    width | load<u32>(region, L.REGION_TYPE),
    value,
  );
  leave(at);
  return <i32>status;
}

/** One guest read of memory. @returns a vdev_ref_status or a negative answer; the value is in the context block */
export function read_memory(lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  return do_read(0, join(lo, hi), width, vcpu);
}

/** One guest write of memory. */
export function write_memory(lo: u32, hi: u32, width: u32, value_lo: u32, value_hi: u32, vcpu: u32): i32 {
  return do_write(0, join(lo, hi), width, join(value_lo, value_hi), vcpu);
}

/** One guest read of an x86 port. Above 0xffff there is none: such an access is UNCLAIMED and does not wrap around. */
export function read_port(lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  return do_read(1, join(lo, hi), width, vcpu);
}

/** One guest write of an x86 port. */
export function write_port(lo: u32, hi: u32, width: u32, value_lo: u32, value_hi: u32, vcpu: u32): i32 {
  return do_write(1, join(lo, hi), width, join(value_lo, value_hi), vcpu);
}

/**
 * Brings what the next record's lookup needs into the cache while this one is dealt with. The processor cannot do so by
 * itself: it does not know which module comes next. The load counts for nothing, and is stored so that it stays.
 */
// @ts-ignore: decorator
@inline
function look_ahead(record: usize): void {
  const page = load<u32>(record, L.RING_LO) >>> L.PAGE_SHIFT;
  const region = record_of(load<u32>(L.PAGE_MAP + (page << 2))); // some record, also where the page has none
  store<u32>(context, load<u32>(region, L.REGION_VREAD), L.CONTEXT_AHEAD);
}

/**
 * The ring's records from `first` on, each with its status and value written back, up to `end` or to the first whose
 * status is not 0: that one the host settles, and after a fault the one in progress, and calls again with the next.
 * @returns the record it stopped at, `end` when all are done
 */
export function run_batch(first: u32, end: u32): u32 {
  for (let i = first; i < end; i++) {
    const record: usize = L.RING + i * L.RING_RECORD_BYTES;
    store<u32>(context, i, L.CONTEXT_PROGRESS);
    look_ahead(record + L.RING_RECORD_BYTES);
    const address = load<u64>(record, L.RING_LO);
    const width = load<u8>(record, L.RING_WIDTH);
    const space = load<u8>(record, L.RING_SPACE);
    const vcpu = load<u8>(record, L.RING_VCPU);
    let status: i32;
    if (load<u8>(record, L.RING_OP) == 0) {
      status = do_read(space, address, width, vcpu);
      store<u64>(record, load<u64>(context, L.CONTEXT_VALUE_LO), L.RING_VALUE_LO);
    } else {
      status = do_write(space, address, width, load<u64>(record, L.RING_VALUE_LO), vcpu);
    }
    store<i32>(record, status, L.RING_STATUS);
    if (status != 0) return i;
  }
  return end;
}
