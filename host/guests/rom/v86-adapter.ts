import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import type { GuestPin } from "../../interrupts/line.ts";
import type { X86Registers } from "../x86-registers.ts";
import { AccessJoiner, type AccessTarget, type InstructionView } from "./access-joiner.ts";
import { isNarrow, operandWidth } from "./access-width.ts";
import { patchV86, STACK_POINTER_EXPORT } from "./v86-patch.ts";
import { readRegisters } from "./v86-registers.ts";

/**
 * The one place that knows v86's insides (npm `v86` 0.5.462, BSD-2-Clause; its device API is unofficial).
 *
 * Of the package only `build/v86.wasm` is used: the processor, its 8259 interrupt controllers and RAM. The JavaScript
 * around it (`libv86.mjs`) is left out on purpose. It brings a PC whose PIT, RTC, APIC and ACPI timers fire by the
 * wall clock, a VGA whose frame buffer takes the guest's addresses from 0xE0000000 up before any trap, 64 KiB of port
 * objects, and timers of its own; and behind it 16-bit and 64-bit accesses can no longer be told from smaller ones.
 * At the WebAssembly imports below every trapped access comes straight to us, and nothing reads a clock but us.
 *
 * What is worth knowing about v86, from its source and checked by tests:
 * - RAM is one block from guest-physical 0; everything from its end up, and 0xA0000–0xBFFFF, comes to the `mmap_*`
 *   imports. A region inside RAM cannot be trapped. The APICs at 0xFEC00000 and 0xFEE00000 answer inside.
 * - Code runs from RAM only; a fetch elsewhere is not checked (it reads the emulator's own memory).
 * - Ports 0x20, 0x21, 0xA0, 0xA1, 0x4D0 and 0x4D1 (8259) answer inside to 8-bit accesses. There is no A20 gate.
 * - Reads are cut into pieces; AccessJoiner says which and joins them. 8- to 64-bit writes inside a page are whole.
 * - `*_raise_irq` delivers at once when interrupts are on, even in the middle of an instruction: safe for in and out,
 *   wrong for the rest. Hence lines change with the interrupt flag hidden (`setIrq`) and are taken between blocks.
 * - Between instructions of one page it looks for interrupts only every 100,001 instructions; the constant is
 *   patched (v86-patch.ts), so that an interrupt arrives at the next backward jump or block end.
 * - Throwing from an import leaves v86 in the middle of an instruction; its state is all in its memory, so it can go
 *   on from there once the stack pointer and the instruction pointer are put back. A rep-prefixed string instruction
 *   writes its counters when it leaves, so executed again it starts with the element it had started with.
 * - There are no double and triple faults: a missing gate is a Rust panic, a RuntimeError here, and a page fault whose
 *   delivery faults is taken again inside itself until the engine's stack ends, a RangeError here.
 * - The just-in-time compiler is off: compiled code does not keep the address of the instruction in progress, which
 *   joining needs, and it appears at a moment that depends on the host. Without it execution is a function of the
 *   program, the values the bus returns and the moments the bus or `setIrq` intervene, all inside the guest's own
 *   instruction stream: the same run makes the same traps.
 */

/** What the processor asks of the machine around it. Values are 32 bits, signed, as in AccessTarget. */
export interface MachineBus extends AccessTarget {
  readPort(port: number, width: 1 | 2 | 4): number;
  writePort(port: number, width: 1 | 2 | 4, value: number): void;
}

/**
 * How a slice of execution ended: `ran` its share; `waits` in HLT for an interrupt; `dead` in HLT with interrupts off;
 * `left` because the bus threw what `leave` or `repeat` make; `crashed` on something v86 cannot do.
 */
export type SliceEnd = "ran" | "waits" | "dead" | "left" | "repeated" | "crashed";

/** What v86 gave up with: a panic or a trap of its code, or the end of the engine's stack. */
export type V86Crash = WebAssembly.RuntimeError | RangeError;

/** Byte offsets of processor state in v86's memory. */
const State = {
  /** ESP of the eight general registers from 64 on. */
  stackPointer: 80,
  flags: 120,
  instructionPointer: 556,
  previousIp: 560,
  cr0: 580,
  cr2: 588,
  cr3: 592,
  inHlt: 616,
  /** Linear page the processor fetched from last, and what turns an address in it into a physical one (by xor). */
  fetchPage: 620,
  fetchTranslation: 624,
  prefixes: 648,
  instructionCounter: 664,
  is32: 804,
  memorySize: 812,
} as const;

/** Byte offsets in the state of an 8259; a bit for each line. */
const Pic = { enabled: 0, inService: 2, requested: 3, levelTriggered: 10 } as const;
/** The line of the first 8259 at which the second one is. */
const CASCADE = 2;

const FLAG_INTERRUPT = 0x200;
const CR0_PAGING = 0x80000000;
const PAGE_BYTES = 0x1000;
/** More of v86's own stack than one instruction takes with an interrupt and its page walks. */
const DEEPEST_BYTES = 64 * 1024;
/** Instructions v86 runs before it looks up; see `do_many_cycles_native` in its source. */
export const SLICE_INSTRUCTIONS = 100_003;
/** A function table large enough for v86's own functions; compiled code would follow from 1024. */
const TABLE_ENTRIES = 1024 + 900;
/** More than v86 allocates while running, so that its memory never grows and views of it stay valid. */
const SPARE_BYTES = 4 * 1024 * 1024;
/** Milliseconds v86's clock moves at each reading: more than the 1 ms after which a slice ends. */
const CLOCK_STEP_MS = 2;

/** Thrown through v86 to get out of it. */
class Leave {
  readonly repeat: boolean;
  constructor(repeat: boolean) {
    this.repeat = repeat;
  }
}

/** Thrown from a bus access, ends execution: the instruction in progress has no further effect. */
export const leave: unknown = new Leave(false);
/** Thrown from a bus access, undoes the instruction in progress; the next slice executes it again. */
export const repeat: unknown = new Leave(true);

interface V86Exports {
  readonly memory: WebAssembly.Memory;
  readonly [STACK_POINTER_EXPORT]: WebAssembly.Global<"i32">;
  rust_init(): void;
  reset_cpu(): void;
  set_jit_config(index: number, value: number): void;
  allocate_memory(bytes: number): number;
  zero_memory(address: number, bytes: number): void;
  v86_malloc(bytes: number): number;
  v86_free(address: number): void;
  main_loop(): number;
  handle_irqs(): void;
  get_eflags(): number;
  translate_address_system_read_js(linear: number): number;
  get_pic_addr_master(): number;
  get_pic_addr_slave(): number;
  device_raise_irq(line: number): void;
  device_lower_irq(line: number): void;
}

let compiled: Promise<WebAssembly.Module> | undefined;

/** v86.wasm compiled once a process. */
function v86Module(): Promise<WebAssembly.Module> {
  compiled ??= readFile(createRequire(import.meta.url).resolve("v86/build/v86.wasm")).then((bytes) =>
    WebAssembly.compile(patchV86(bytes)),
  );
  return compiled;
}

/** One processor with its RAM and interrupt controllers. Holds nothing but memory: dropping it is destroying it. */
export class V86Machine implements InstructionView {
  readonly #exports: V86Exports;
  readonly #bytes: Uint8Array;
  readonly #words: Int32Array;
  /** RAM, guest-physical from 0; valid as long as the machine. */
  readonly ram: Uint8Array;
  #instructions = 0;
  /** What `setIrq` added to v86's own instruction counter to end slices early. */
  #skipped = 0;
  /** What v86 said before it gave up, and what it gave up with. */
  #lastWords = "";
  #crash: V86Crash | undefined;
  /** v86's own stack pointer when nothing runs. */
  #stackBase = 0;

  private constructor(exports: V86Exports, ramStart: number, ramBytes: number) {
    this.#exports = exports;
    this.#bytes = new Uint8Array(exports.memory.buffer);
    this.#words = new Int32Array(exports.memory.buffer);
    this.ram = new Uint8Array(exports.memory.buffer, ramStart, ramBytes);
  }

  /** A machine after reset, RAM zeroed. `ramBytes` is a multiple of 4096. */
  static async create(ramBytes: number, bus: MachineBus): Promise<V86Machine> {
    const module = await v86Module();
    let machine: V86Machine | undefined;
    const joiner = new AccessJoiner(bus);
    const imports = importsFor(joiner, bus, (start, length) => {
      if (machine !== undefined) machine.#hear(start, length);
    });
    const instance = await WebAssembly.instantiate(module, { env: imports });
    const exports = instance.exports as unknown as V86Exports;
    exports.rust_init();
    exports.set_jit_config(0, 1); // the compiler off
    const ramStart = exports.allocate_memory(ramBytes);
    exports.v86_free(exports.v86_malloc(SPARE_BYTES));
    new Uint32Array(exports.memory.buffer)[State.memorySize >> 2] = ramBytes;
    exports.zero_memory(0, ramBytes);
    exports.reset_cpu();
    machine = new V86Machine(exports, ramStart, ramBytes);
    joiner.watch(machine);
    return machine;
  }

  /** Instructions executed so far (a rep-prefixed string instruction counts once for each page it touches). */
  get instructions(): number {
    return this.#instructions;
  }

  /** Linear address of the instruction in progress, or, between slices, of the last one. */
  get instructionAddress(): number {
    return this.#words[State.previousIp >> 2] >>> 0;
  }

  /** Linear address of the instruction after it. */
  get nextAddress(): number {
    return this.#words[State.instructionPointer >> 2] >>> 0;
  }

  /**
   * The processor's registers. Inside a bus access eip is the instruction that makes it and nothing of that instruction
   * is done yet; the counters of a rep-prefixed one are those it began with. Between slices eip is the next one.
   */
  registers(inAccess: boolean): X86Registers {
    const linear = inAccess ? this.instructionAddress : this.nextAddress;
    return readRegisters(this.#exports.memory.buffer, linear, this.#exports.get_eflags());
  }

  /** What made a slice end as `crashed`. */
  get crash(): V86Crash | undefined {
    return this.#crash;
  }

  /** The same in words: v86's own, when it said something, in one line and without the place in its source. */
  get lastWords(): string {
    const words = this.#lastWords || (this.#crash?.message ?? "");
    return words
      .replace(/^panicked at \S+:\s+/, "")
      .replace(/^TODO: /, "")
      .replace(/\s+/g, " ")
      .trim();
  }

  get isPaging(): boolean {
    return (this.#words[State.cr0 >> 2] & CR0_PAGING) !== 0;
  }

  /** The guest's ESP. */
  get stackPointer(): number {
    return this.#words[State.stackPointer >> 2] >>> 0;
  }

  /** Linear address of the last page fault. */
  get pageFaultAddress(): number {
    return this.#words[State.cr2 >> 2] >>> 0;
  }

  /** Physical address of the page directory, with the bits below it. */
  get pageDirectory(): number {
    return this.#words[State.cr3 >> 2] >>> 0;
  }

  /**
   * Whether page faults are taken inside page faults. Asked at each access to the bus, so that such a row ends before
   * the bus finds the engine's stack full.
   */
  get isTooDeep(): boolean {
    return this.isPaging && this.#stackBase - this.#exports[STACK_POINTER_EXPORT].value > DEEPEST_BYTES;
  }

  /** Whether v86 traps accesses to a guest-physical address. */
  traps(address: number): boolean {
    return isTrapped(address, this.ram.length);
  }

  /** Runs about SLICE_INSTRUCTIONS instructions, fewer when the guest halts, leaves or is interrupted. */
  runSlice(): SliceEnd {
    const counter = this.#words[State.instructionCounter >> 2];
    this.#skipped = 0;
    const end = this.#enter(() => this.#exports.main_loop());
    this.#instructions += ((this.#words[State.instructionCounter >> 2] - counter) >>> 0) - this.#skipped;
    if (end === "repeated") return this.#rewind();
    if (end !== "ran") return end;
    if (this.#bytes[State.inHlt] === 0) return "ran";
    return (this.#words[State.flags >> 2] & FLAG_INTERRUPT) === 0 ? "dead" : "waits";
  }

  /** Runs something of v86's that may throw, and says what became of it. Throws what is neither v86's nor ours. */
  #enter(step: () => void): "ran" | "left" | "repeated" | "crashed" {
    const stackPointer = this.#exports[STACK_POINTER_EXPORT];
    const stack = stackPointer.value;
    this.#stackBase = stack;
    try {
      step();
      return "ran";
    } catch (error) {
      stackPointer.value = stack;
      if (error instanceof Leave) return error.repeat ? "repeated" : "left";
      if (!(error instanceof WebAssembly.RuntimeError || error instanceof RangeError)) throw error;
      this.#crash = error;
      return "crashed";
    }
  }

  /**
   * Sets the level of an interrupt line, 0–15, at any moment, also inside a bus access. The interrupt is taken at the
   * next block end of the guest, if it lets it.
   */
  setIrq(line: number, level: boolean): void {
    const flags = this.#words[State.flags >> 2];
    this.#words[State.flags >> 2] = flags & ~FLAG_INTERRUPT;
    if (level) this.#exports.device_raise_irq(line);
    else this.#exports.device_lower_irq(line);
    this.#words[State.flags >> 2] = flags;
    if (!level || this.#skipped !== 0) return;
    this.#words[State.instructionCounter >> 2] += SLICE_INSTRUCTIONS;
    this.#skipped = SLICE_INSTRUCTIONS;
  }

  /** What the 8259 of an interrupt line, 0–15, says of it. A line of the second one needs the cascade of the first. */
  irqState(line: number): GuestPin {
    const [master, slave] = [this.#exports.get_pic_addr_master(), this.#exports.get_pic_addr_slave()];
    const pic = line < 8 ? master : slave;
    const has = (at: number, bit: number) => ((this.#bytes[at] >>> bit) & 1) === 1;
    const bit = line & 7;
    return {
      enabled: has(pic + Pic.enabled, bit) && (line < 8 || has(master + Pic.enabled, CASCADE)),
      trigger: has(pic + Pic.levelTriggered, bit) ? "level" : "edge",
      pending: has(pic + Pic.requested, bit),
      inService: has(pic + Pic.inService, bit),
    };
  }

  /**
   * Ends a HLT: with the interrupt that is due, if one is, else as if by one that needed no handling. `crashed` when
   * the processor cannot take it, `left` when the bus threw while it was put on the guest's stack.
   */
  wake(): "ran" | "left" | "crashed" {
    const end = this.#enter(() => this.#exports.handle_irqs());
    this.#bytes[State.inHlt] = 0;
    return end === "repeated" ? "left" : end;
  }

  /** InstructionView: for the joiner. */
  get address(): number {
    return this.#words[State.previousIp >> 2];
  }

  get operandWidth(): number {
    return operandWidth(this.ram, this.#codeAddress(), this.#words[State.is32 >> 2] !== 0);
  }

  get isNarrow(): boolean {
    return isNarrow(this.ram, this.#codeAddress());
  }

  isOneRange(address: number, bytes: number): boolean {
    const last = (address >>> 0) + bytes - 1;
    if (last > 0xffffffff || !isTrapped(last, this.ram.length)) return false;
    return !this.isPaging || (address & (PAGE_BYTES - 1)) <= PAGE_BYTES - bytes;
  }

  /** Physical address of the instruction in progress. */
  #codeAddress(): number {
    const linear = this.#words[State.previousIp >> 2];
    const isLastPage = (linear & -PAGE_BYTES) === this.#words[State.fetchPage >> 2];
    if (isLastPage) return linear ^ this.#words[State.fetchTranslation >> 2];
    return this.#exports.translate_address_system_read_js(linear);
  }

  #hear(start: number, length: number): void {
    this.#lastWords = new TextDecoder().decode(this.#bytes.subarray(start, start + length));
  }

  /** After a throw in mid-instruction: back to its first byte, and let interrupts in as between instructions. */
  #rewind(): SliceEnd {
    this.#words[State.instructionPointer >> 2] = this.#words[State.previousIp >> 2];
    this.#words[State.prefixes >> 2] = 0;
    this.#instructions += 1;
    const end = this.#enter(() => this.#exports.handle_irqs());
    return end === "ran" ? "repeated" : end;
  }
}

/** Whether v86 traps accesses to this address. */
function isTrapped(address: number, ramBytes: number): boolean {
  return (address >= 0xa0000 && address < 0xc0000) || address >= ramBytes;
}

function importsFor(
  joiner: AccessJoiner,
  bus: MachineBus,
  hear: (start: number, length: number) => void,
): WebAssembly.ModuleImports {
  let clockMs = 0;
  let random = 0x2545f491;
  const nothing = () => {};
  return {
    __indirect_function_table: new WebAssembly.Table({ element: "anyfunc", initial: TABLE_ENTRIES }),
    mmap_read8: (address: number) => joiner.read(address, 1) & 0xff,
    mmap_read32: (address: number) => joiner.read(address, 4),
    mmap_write8: (address: number, value: number) => joiner.write(address, 1, value & 0xff, 0),
    mmap_write16: (address: number, value: number) => joiner.write(address, 2, value & 0xffff, 0),
    mmap_write32: (address: number, value: number) => joiner.write(address, 4, value, 0),
    mmap_write64: (address: number, lo: number, hi: number) => joiner.write(address, 8, lo, hi),
    mmap_write128: (address: number, lo0: number, hi0: number, lo1: number, hi1: number) => {
      joiner.write(address, 8, lo0, hi0);
      joiner.write((address + 8) | 0, 8, lo1, hi1);
    },
    io_port_read8: (port: number) => bus.readPort(port, 1),
    io_port_read16: (port: number) => bus.readPort(port, 2),
    io_port_read32: (port: number) => bus.readPort(port, 4),
    io_port_write8: (port: number, value: number) => bus.writePort(port, 1, value & 0xff),
    io_port_write16: (port: number, value: number) => bus.writePort(port, 2, value & 0xffff),
    io_port_write32: (port: number, value: number) => bus.writePort(port, 4, value),
    // Also what rdtsc reads: it rises by 2,000,000 at each reading and says nothing about time.
    microtick: () => {
      clockMs += CLOCK_STEP_MS;
      return clockMs;
    },
    // No timers: whoever drives the machine raises lines by virtual time.
    run_hardware_timers: () => 0,
    // rdrand: xorshift32, the same row of numbers every run.
    get_rand_int: () => {
      random ^= random << 13;
      random ^= random >>> 17;
      random ^= random << 5;
      return random;
    },
    console_log_from_wasm: hear,
    cpu_event_halt: nothing,
    stop_idling: nothing,
    jit_clear_func: nothing,
    codegen_finalize: nothing,
  };
}
