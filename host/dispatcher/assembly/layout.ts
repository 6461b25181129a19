/**
 * Where things are in the dispatcher's memory. Read by the dispatcher (AssemblyScript) and by the host (TypeScript):
 * plain constants that mean the same in both. Sizes in bytes.
 */

/** Context words: what is in progress, one block a host thread. The gate reads them; a vdev module cannot. */
export const CONTEXT = 1048576;
export const CONTEXT_BYTES = 64;
export const CONTEXT_THREADS = 16;

/** Offsets in a context block. Callback and thread, vdev and vCPU are each written with one 64-bit store. */
export const CONTEXT_CALLBACK = 0; // index in CALLBACKS, 0 none
export const CONTEXT_THREAD_KIND = 4; // index in THREADS
export const CONTEXT_VDEV = 8; // index of the vdev in the VM
export const CONTEXT_VCPU = 12;
export const CONTEXT_TRAP = 16; // number of the trap, counts up from 1
export const CONTEXT_PHASE = 24; // index in PHASES
export const CONTEXT_VALUE_LO = 32; // result of the last read
export const CONTEXT_VALUE_HI = 36;

/**
 * A region's word: which record, and which thunks. Maps hold it instead of an address, so that the thunk to call is known
 * before the record has been read; it is what the processor waits for most. Record and thunks are each taken out of it
 * by a mask, the thunks after a rotation. 0 is no region: record 0 is never used, and all zero.
 */
export const WORD_RECORD_MASK = 0xfffc0; // offset of the record from REGIONS: bits 6 to 19
/** Rotated left by this, a word has the first table slot of its module instance where the mask says. */
export const WORD_SLOTS_ROTATION = 14;
export const WORD_SLOTS_MASK = 0x7fffc; // bits 20 to 31 of the word, and 0 to 4
/** Set in a page word that names a list, and in no region's word; also in every negative answer. */
export const LIST = 1 << 5;
/** Slots of the shared table that belong to one module instance; the first group is unused. */
export const THUNK_GROUP_SHIFT = 2;
export const THUNK_READ = 0;
export const THUNK_WRITE = 1;
export const THUNK_OPERAND = 2;
/** Groups that fit into a word. */
export const THUNK_GROUPS = 131072;

/**
 * One word a 4 KiB page of the first 4 GiB: 0, the word of a region, or LIST and the place of a list. Of the last the
 * record is 0, which claims nothing: who looks for a region that fills its page alone need not know of lists.
 */
export const PAGE_MAP = 1114112;
export const PAGE_SHIFT = 12;
/** One word an x86 port: 0 or the word of a region. */
export const PORT_MAP = 5308416;
/** Region records, at the beginning: so the instructions that read them are short. */
export const REGIONS = 0;
export const REGION_BYTES = 64;
export const REGION_LIMIT = 16384;
/**
 * Lists: a count, then words of regions by ascending start. One for each page that regions share. Where the word of a
 * region has its first slot, the page's word has half the offset of its list from here.
 */
export const LISTS = 5570560;
export const LISTS_BYTES = 1048576;
/** Regions that reach above 4 GiB, by ascending start: a count, then words. */
export const HIGH = 6619136;
export const HIGH_LIMIT = 16383;
/** Ring of traps for run_batch. */
export const RING = 6684672;
export const RING_RECORD_BYTES = 24;
export const RING_RECORDS = 65536;
/** One page more than the ring needs: run_batch looks one record ahead. build/modules.ts has the same number. */
export const MEMORY_PAGES = 127;

/** Offsets in a region record, which is one line of the processor's cache. */
export const REGION_START_LO = 0;
export const REGION_START_HI = 12;
export const REGION_LENGTH = 20; // u64
/**
 * At how many offsets from the start an access may begin: four words, those of 1, 2, 4 and 8 bytes at 4, 8, 16 and 32
 * from here. 0 where acc_sizes does not allow the width. One comparison tells most accesses that are allowed; the
 * others are looked at closely.
 */
export const REGION_LIMITS = 0;
export const REGION_VREAD = 28; // index in the module's own table, 0 none
export const REGION_VWRITE = 36;
export const REGION_VDP = 40; // vdev_t in module memory
export const REGION_COOKIE = 44;
export const REGION_FRAMES = 48; // the module's frames
export const REGION_VDEV = 52; // index of the vdev in the VM
export const REGION_TYPE = 56; // QST_* << 16
export const REGION_REFUSAL = 60; // i16: what an access gets for which there is no function: NO_HANDLER, STOPPED or DIRECT
export const REGION_SIZES = 62; // u16, acc_sizes: bit n set, n bytes allowed

/** Offsets in a ring record. */
export const RING_LO = 0;
export const RING_HI = 4;
export const RING_META = 8; // u32, the four below in one
export const RING_WIDTH = 8; // u8
export const RING_OP = 9; // u8: 0 read, 1 write
export const RING_SPACE = 10; // u8: SPACE_*
export const RING_VCPU = 11; // u8
export const RING_META_WIDTH = 0xff;
export const RING_META_WRITE = 0x100;
export const RING_META_SPACE = 0xff0000; // 0 in it is SPACE_MEMORY
export const RING_META_VCPU_SHIFT = 24;
export const RING_STATUS = 12; // i32
export const RING_VALUE_LO = 16;
export const RING_VALUE_HI = 20;

export const SPACE_MEMORY = 0;
export const SPACE_IO = 1;
/** A space that no access is in. */
export const SPACE_NONE = 255;

/** What read and write answer beside a vdev_ref_status. */
export const UNCLAIMED = -1; // no region at this address
export const PAST_END = -2; // begins in a region and ends outside it
export const BAD_WIDTH = -3; // not in acc_sizes
export const NO_HANDLER = -4; // the factory has no vread or vwrite
export const STOPPED = -5; // the module instance has faulted
export const DIRECT = -6; // the host must call the vdev itself: it may wait
/** Set in the status of a read whose vread wrote no operand. */
export const UNANSWERED = 0x40000000;

/** Callback numbers of the two callbacks entered here; index in CALLBACKS. */
export const CALLBACK_VREAD = 14;
export const CALLBACK_VWRITE = 15;
/** Index of "vcpu" in THREADS. */
export const THREAD_VCPU = 1;
export const FRAME_SIZE = 512;
