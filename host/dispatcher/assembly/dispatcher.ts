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

// ------------------------------------------------------------------------------------------------------------ regions

/** What the page map says of an address below 4 GiB. */
// @ts-ignore: decorator
@inline
function page_word(lo: u32): u32 {
  return load<u32>((lo >>> L.PAGE_SHIFT) << 2, L.PAGE_MAP);
}

/** What the port map says. The address may be no port's: then it is behind the region that the map names. */
// @ts-ignore: decorator
@inline
function port_word(lo: u32): u32 {
  return load<u32>((lo & 0xffff) << 2, L.PORT_MAP);
}

/** A region's record, from REGIONS. */
// @ts-ignore: decorator
@inline
function record_of(word: u32): usize {
  return word & L.WORD_RECORD_MASK;
}

/** The first slot in the shared table of a word's module instance. */
// @ts-ignore: decorator
@inline
function slots_of(word: u32): u32 {
  return rotl<u32>(word, L.WORD_SLOTS_ROTATION) & L.WORD_SLOTS_MASK;
}

/** Whether the region of a map's word plainly allows an access below 4 GiB. `settle` looks at the others. */
// @ts-ignore: decorator
@inline
function allows(region: usize, lo: u32, width: u32): bool {
  const offset = lo - load<u32>(region, L.REGIONS + L.REGION_START_LO);
  return offset < load<u32>(region + (width << 2), L.REGIONS + L.REGION_LIMITS);
}

// @ts-ignore: decorator
@inline
function start_of(region: usize): u64 {
  return join(
    load<u32>(region, L.REGIONS + L.REGION_START_LO),
    load<u32>(region, L.REGIONS + L.REGION_START_HI),
  );
}

/** Looks closely at an access. @returns the word of the region that allows it, or one of the negative answers */
function settle(space: u32, lo: u32, hi: u32, width: u32): i32 {
  const address = join(lo, hi);
  const word = region_at(space, address);
  if (word == 0) return L.UNCLAIMED;
  const region = record_of(word);
  const offset = address - start_of(region);
  const length = load<u64>(region, L.REGIONS + L.REGION_LENGTH);
  if (offset >= length) return L.UNCLAIMED;
  if (length - offset < width) return L.PAST_END;
  if (width > 8 || ((load<u16>(region, L.REGIONS + L.REGION_SIZES) >>> width) & 1) == 0) return L.BAD_WIDTH;
  return word;
}

/** The word of the region that may hold an address, or 0. */
function region_at(space: u32, address: u64): u32 {
  if (space == L.SPACE_IO) return port_word(<u32>address);
  if (space != L.SPACE_MEMORY) return 0;
  if (address >= 0x100000000) return search(L.HIGH, address);
  const word = page_word(<u32>address);
  return (word & L.LIST) != 0 ? search(L.LISTS + (slots_of(word) << 1), address) : word;
}

/** The last region in a list that starts at or below an address. The list is sorted; regions never overlap. */
function search(list: usize, address: u64): u32 {
  let low: u32 = 0;
  let high = load<u32>(list);
  while (low < high) {
    const middle = (low + high) >>> 1;
    const region = record_of(load<u32>(list + (middle << 2), 4));
    if (start_of(region) <= address) low = middle + 1;
    else high = middle;
  }
  return low == 0 ? 0 : load<u32>(list + (low << 2));
}

// ----------------------------------------------------------------------------------------------------------- calls

/**
 * Writes down who is called, before the call: after a fault this is how the host knows. Two words with one store:
 * layout.ts keeps the callback and its thread beside each other.
 */
// @ts-ignore: decorator
@inline
function enter(at: usize, region: usize, callback: u32, vcpu: u32): void {
  if (isDefined(VDEVBOX_NO_GATE)) return;
  store<u64>(at, join(callback, L.THREAD_VCPU), L.CONTEXT_CALLBACK);
  store<u32>(at, load<u32>(region, L.REGIONS + L.REGION_VDEV), L.CONTEXT_VDEV);
  store<u32>(at, vcpu, L.CONTEXT_VCPU);
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

/** Calls the module of a region that allows the read. @returns status << 32 | low half of the value */
// @ts-ignore: decorator
@inline
function call_read(word: u32, fn: u32, frames: u32, address: u64, width: u32): u64 {
  const region = record_of(word);
  return call_indirect<u64>(
    slots_of(word) + L.THUNK_READ,
    load<u32>(region, L.REGIONS + L.REGION_FRAMES) + frames,
    fn,
    load<usize>(region, L.REGIONS + L.REGION_VDP),
    load<u32>(region, L.REGIONS + L.REGION_COOKIE),
    address,
    width | load<u32>(region, L.REGIONS + L.REGION_TYPE),
  );
}

/** Calls the module of a region that allows the write. @returns its status */
// @ts-ignore: decorator
@inline
function call_write(word: u32, fn: u32, frames: u32, address: u64, width: u32, value: u64): i32 {
  const region = record_of(word);
  return call_indirect<i32>(
    slots_of(word) + L.THUNK_WRITE,
    load<u32>(region, L.REGIONS + L.REGION_FRAMES) + frames,
    fn,
    load<usize>(region, L.REGIONS + L.REGION_VDP),
    load<u32>(region, L.REGIONS + L.REGION_COOKIE),
    address,
    width | load<u32>(region, L.REGIONS + L.REGION_TYPE),
    value,
  );
}

// ------------------------------------------------------------------------------------------------- accesses one by one

/**
 * One read. What most reads need stands in one piece, and leaves it in any other case: the engine then lays it out as one
 * piece. @param word what the map of the space says of the address
 */
// @ts-ignore: decorator
@inline
function read(word: u32, space: u32, lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  const at = context; // nested activations choose another and put this one back
  const region = record_of(word);
  do {
    if (hi != 0) break;
    if (!allows(region, lo, width)) break;
    const fn = load<u32>(region, L.REGIONS + L.REGION_VREAD);
    if (fn == 0) break;
    if (width == 8) break;
    count_trap(at);
    enter(at, region, L.CALLBACK_VREAD, vcpu);
    const result = call_read(word, fn, frame_offset, lo, width);
    store<u64>(at, result & 0xffffffff, L.CONTEXT_VALUE_LO);
    leave(at);
    return <i32>(result >>> 32);
  } while (false);
  return read_closely(space, lo, hi, width, vcpu);
}

/** One write. */
// @ts-ignore: decorator
@inline
function write(word: u32, space: u32, lo: u32, hi: u32, width: u32, value: u64, vcpu: u32): i32 {
  const at = context;
  const region = record_of(word);
  do {
    if (hi != 0) break;
    if (!allows(region, lo, width)) break;
    const fn = load<u32>(region, L.REGIONS + L.REGION_VWRITE);
    if (fn == 0) break;
    count_trap(at);
    enter(at, region, L.CALLBACK_VWRITE, vcpu);
    const status = call_write(word, fn, frame_offset, lo, width, value);
    leave(at);
    return status;
  } while (false);
  return write_closely(space, lo, hi, width, value, vcpu);
}

/** Any read. */
function read_closely(space: u32, lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  const at = context;
  count_trap(at);
  const word = settle(space, lo, hi, width);
  if ((word & L.LIST) != 0) return word;
  const region = record_of(word);
  const fn = load<u32>(region, L.REGIONS + L.REGION_VREAD);
  if (fn == 0) return load<i16>(region, L.REGIONS + L.REGION_REFUSAL);
  enter(at, region, L.CALLBACK_VREAD, vcpu);
  const result = call_read(word, fn, frame_offset, join(lo, hi), width);
  let value = result & 0xffffffff;
  if (width == 8) {
    const frame = load<u32>(region, L.REGIONS + L.REGION_FRAMES) + frame_offset;
    value = call_indirect<u64>(slots_of(word) + L.THUNK_OPERAND, frame);
  }
  store<u64>(at, value, L.CONTEXT_VALUE_LO);
  leave(at);
  return <i32>(result >>> 32);
}

/** Any write. */
function write_closely(space: u32, lo: u32, hi: u32, width: u32, value: u64, vcpu: u32): i32 {
  const at = context;
  count_trap(at);
  const word = settle(space, lo, hi, width);
  if ((word & L.LIST) != 0) return word;
  const region = record_of(word);
  const fn = load<u32>(region, L.REGIONS + L.REGION_VWRITE);
  if (fn == 0) return load<i16>(region, L.REGIONS + L.REGION_REFUSAL);
  enter(at, region, L.CALLBACK_VWRITE, vcpu);
  const status = call_write(word, fn, frame_offset, join(lo, hi), width, value);
  leave(at);
  return status;
}

/**
 * One guest read of memory, of 1, 2, 4 or 8 bytes.
 * @returns a vdev_ref_status or a negative answer; the value is in the context block
 */
export function read_memory(lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  return read(page_word(lo), L.SPACE_MEMORY, lo, hi, width, vcpu);
}

/** One guest write of memory. */
export function write_memory(lo: u32, hi: u32, width: u32, value_lo: u32, value_hi: u32, vcpu: u32): i32 {
  return write(page_word(lo), L.SPACE_MEMORY, lo, hi, width, join(value_lo, value_hi), vcpu);
}

/** One guest read of an x86 port. Above 0xffff there is none: such an access is UNCLAIMED and does not wrap around. */
export function read_port(lo: u32, hi: u32, width: u32, vcpu: u32): i32 {
  return read(port_word(lo), L.SPACE_IO, lo, hi, width, vcpu);
}

/** One guest write of an x86 port. */
export function write_port(lo: u32, hi: u32, width: u32, value_lo: u32, value_hi: u32, vcpu: u32): i32 {
  return write(port_word(lo), L.SPACE_IO, lo, hi, width, join(value_lo, value_hi), vcpu);
}

// ------------------------------------------------------------------------------------------------------------ batches

/**
 * The ring's records from `first` on, each with its status and value written back, up to `end` or to the first whose
 * status is not 0: that one the host settles, and after a fault the one in progress, and calls again with the next. The
 * count of traps tells which is in progress.
 *
 * What the map says of an address is read one record ahead, so that the processor knows the module to call when it
 * comes to the call; nothing else could tell it. So the host has the batch end where it changes the maps. Between two
 * accesses the context still says that the first is in progress: nobody looks.
 * @returns the record it stopped at, `end` when all are done
 */
export function run_batch(first: u32, end: u32): u32 {
  const at = context;
  const frames = frame_offset;
  const last: usize = L.RING + end * L.RING_RECORD_BYTES;
  let record: usize = L.RING + first * L.RING_RECORD_BYTES;
  let status: i32 = 0;
  do {
    let ahead = page_word(load<u32>(record, L.RING_LO));
    while (record < last) {
      const word = ahead;
      ahead = page_word(load<u32>(record, L.RING_LO + L.RING_RECORD_BYTES));
      const meta = load<u32>(record, L.RING_META);
      const lo = load<u32>(record, L.RING_LO);
      const region = record_of(word);
      if ((meta & L.RING_META_SPACE) != 0) break;
      if (load<u32>(record, L.RING_HI) != 0) break;
      if (!allows(region, lo, meta & L.RING_META_WIDTH)) break;
      if ((meta & L.RING_META_WRITE) == 0) {
        const fn = load<u32>(region, L.REGIONS + L.REGION_VREAD);
        if (fn == 0) break;
        if ((meta & L.RING_META_WIDTH) == 8) break;
        count_trap(at);
        enter(at, region, L.CALLBACK_VREAD, meta >>> L.RING_META_VCPU_SHIFT);
        const result = call_read(word, fn, frames, lo, meta & L.RING_META_WIDTH);
        store<u64>(record, result & 0xffffffff, L.RING_VALUE_LO);
        status = <i32>(result >>> 32);
      } else {
        const fn = load<u32>(region, L.REGIONS + L.REGION_VWRITE);
        if (fn == 0) break;
        count_trap(at);
        enter(at, region, L.CALLBACK_VWRITE, meta >>> L.RING_META_VCPU_SHIFT);
        const value = load<u64>(record, L.RING_VALUE_LO);
        status = call_write(word, fn, frames, lo, meta & L.RING_META_WIDTH, value);
      }
      store<i32>(record, status, L.RING_STATUS);
      if (status != 0) {
        leave(at);
        return number_of(record);
      }
      record += L.RING_RECORD_BYTES;
    }
    leave(at);
    if (record == last) break;
    status = access(record);
    if (status == 0) record += L.RING_RECORD_BYTES;
  } while (status == 0);
  return number_of(record);
}

/** Any record of the ring, looked at closely. @returns the status, which is also written back */
function access(record: usize): i32 {
  const lo = load<u32>(record, L.RING_LO);
  const hi = load<u32>(record, L.RING_HI);
  const width = load<u8>(record, L.RING_WIDTH);
  const space = load<u8>(record, L.RING_SPACE);
  const vcpu = load<u8>(record, L.RING_VCPU);
  let status: i32;
  if (load<u8>(record, L.RING_OP) == 0) {
    status = read_closely(space, lo, hi, width, vcpu);
    store<u64>(record, load<u64>(context, L.CONTEXT_VALUE_LO), L.RING_VALUE_LO);
  } else {
    status = write_closely(space, lo, hi, width, load<u64>(record, L.RING_VALUE_LO), vcpu);
  }
  store<i32>(record, status, L.RING_STATUS);
  return status;
}

/** The place in the ring of a record. */
// @ts-ignore: decorator
@inline
function number_of(record: usize): u32 {
  return (record - L.RING) / L.RING_RECORD_BYTES;
}
