import { UserError } from "../../errors.ts";
import type { GuestPin } from "../../interrupts/line.ts";
import { AccessStatus, type AccessWidth, type GuestBus, type Space } from "../bus.ts";
import type { X86Registers } from "../x86-registers.ts";
import { assembleRom, type RomImage } from "./assemble.ts";
import { type ClaimedRanges, claimedRanges } from "./claimed-ranges.ts";
import { crashText, exceptionText, hex, lostExceptionText, nestedFaultText } from "./guest-failure.ts";
import { BOOT_BLOCK, EXIT_PORT, FAULT_PORT, IMAGE_END, PROGRAM_START, TEXT_PORT } from "./memory-map.ts";
import { leave, type MachineBus, repeat, V86Machine } from "./v86-adapter.ts";

/** A range of guest-physical addresses or of ports: `[start, length]`. */
export type AddressRange = readonly [start: number, length: number];

/** How a ROM guest's run ended. */
export type RomGuestEnd =
  /** The program wrote `code` to its exit port. */
  | { readonly reason: "exit"; readonly code: number }
  /** `stop()` was called, or the bus answered `stop`. */
  | { readonly reason: "stopped" }
  /** The program halted and nothing will wake it. */
  | { readonly reason: "halted" }
  /** The program did what ends it: an exception without handler, running out of RAM or over a limit. */
  | { readonly reason: "failed"; readonly error: UserError };

/** What becomes of a guest that waits. */
export type HaltAnswer = "resume" | "stop";

export interface RomGuestOptions {
  /** x86 assembly; see memory-map.ts for what it finds and may use. */
  readonly source: string;
  /** Name of the source in messages. */
  readonly file: string;
  /** A multiple of 4096, from 1 MiB to 1 GiB. */
  readonly ramBytes: number;
  /** Guest-physical ranges that go to the bus. */
  readonly windows: readonly AddressRange[];
  /** Port ranges that go to the bus. */
  readonly ports: readonly AddressRange[];
  readonly bus: GuestBus;
  /** Also accesses that no range claims go to the bus, which may end the run for them. */
  readonly trapAll?: boolean;
  /**
   * The guest waits in HLT with interrupts on. Whoever owns virtual time moves it to the next event, which may set a
   * line, and answers `resume`: the guest goes on, in the handler of an interrupt if one is due, else behind its HLT
   * (so that a guest without interrupts can poll once an event). `stop` ends the run as `halted`. The answer may be
   * waited for; `stop()` and `destroy()` then count when it has come.
   */
  readonly onHalt: () => HaltAnswer | Promise<HaltAnswer>;
  /** Called between two slices of a few milliseconds, in which the guest may have made no access at all. */
  readonly onSlice?: () => void;
  /** Text the program writes to its text port, in whole lines where it ends them. */
  readonly onOutput: (text: string) => void;
  /** Ends the run as `failed` after about this many instructions (checked every 100,000). Default: no limit. */
  readonly instructionLimit?: number;
  /** Another limit, asked where that one is checked, and after every halt: why the guest is ended, as the end of "the guest …". */
  readonly limitReached?: () => string | undefined;
  /** Ends the run as `failed` after this much wall-clock time. Makes the end depend on the host. Default: no limit. */
  readonly timeLimitMs?: number;
}

export interface RomGuest {
  /** The guest's RAM, guest-physical from 0, for windows and DMA. */
  readonly ram: Uint8Array;
  /** The assembled program. */
  readonly image: RomImage;
  /** Accesses outside RAM that no range claims, and accesses the bus refused; the guest saw all ones. */
  readonly unansweredCount: number;
  /** Starts the guest; once only. Lets the event loop run between slices. */
  run(): Promise<RomGuestEnd>;
  /** Sets the level of interrupt line 0–15; at any moment, also from the bus and from `onHalt`. */
  setIrq(line: number, level: boolean): void;
  /** What the guest's own controller says of interrupt line 0–15; undefined when there is no machine any more. */
  irqState(line: number): GuestPin | undefined;
  /**
   * The processor's registers at this moment, which may be inside a bus access: eip is then the instruction that makes
   * it. Undefined when there is no machine any more.
   */
  registers(): X86Registers | undefined;
  /** Ends the run: with the access in progress when called from the bus, else at the next slice end. */
  stop(): void;
  /** Sends a range to the bus from now on. UserError when the guest cannot trap it. */
  claim(space: Space, start: number | bigint, length: number | bigint): void;
  /** Takes back a range claimed with the same start and length. */
  release(space: Space, start: number, length: number): void;
  /** Ends the run and drops the machine. Nothing else needs closing. */
  destroy(): void;
}

const MIN_RAM_BYTES = 1024 * 1024;
const MAX_RAM_BYTES = 1024 * 1024 * 1024;
/** How often the event loop gets its turn: every few slices, a few milliseconds each, and every so many halts. */
const SLICES_PER_TURN = 4;
const HALTS_PER_TURN = 256;
/** Text without line breaks is handed on in pieces of this many bytes. */
const MAX_LINE_BYTES = 4096;
const MAX_ACCESSES_PER_SLICE = 2 ** 26;
/** The guest has one processor. */
const VCPU = 0;

/**
 * A machine with one x86 processor that runs an assembled program against a bus.
 * Throws UserError for a program that does not assemble, and for RAM or ranges the guest cannot have.
 */
export async function createRomGuest(options: RomGuestOptions): Promise<RomGuest> {
  const { ramBytes, file } = options;
  if (!(ramBytes >= MIN_RAM_BYTES && ramBytes <= MAX_RAM_BYTES && ramBytes % 4096 === 0)) {
    throw new UserError(`a ROM guest cannot have ${ramBytes} bytes of RAM; give it 1 MiB to 1 GiB in steps of 4096`);
  }
  const image = assembleRom(options.source, file);
  const guest = new RunningRom(options, image);
  for (const [start, length] of options.windows) guest.claim("memory", start, length);
  for (const [start, length] of options.ports) guest.claim("io", start, length);
  await guest.powerOn();
  return guest;
}

class RunningRom implements RomGuest, MachineBus {
  readonly image: RomImage;
  readonly #options: RomGuestOptions;
  readonly #bus: GuestBus;
  readonly #windows: ClaimedRanges;
  readonly #ports: ClaimedRanges;
  readonly #decoder = new TextDecoder();
  readonly #line: number[] = [];
  readonly #fault: number[] = [];
  #machine: V86Machine | undefined;
  #end: RomGuestEnd | undefined;
  #started = false;
  /** The bus is answering an access. */
  #inBus = false;
  #accessesInSlice = 0;
  /** The guest's own instruction that made the last memory access outside RAM; also one whose exception was put there. */
  #accessor = 0;
  /** The guest waits in HLT. */
  #waiting = false;
  unansweredCount = 0;
  valueLo = 0;
  valueHi = 0;

  constructor(options: RomGuestOptions, image: RomImage) {
    this.#options = options;
    this.#bus = options.bus;
    this.image = image;
    ({ memory: this.#windows, io: this.#ports } = claimedRanges(options.ramBytes));
  }

  async powerOn(): Promise<void> {
    this.#machine = await V86Machine.create(this.#options.ramBytes, this);
    this.#machine.ram.set(this.image.bytes, PROGRAM_START);
  }

  get ram(): Uint8Array {
    return this.#powered().ram;
  }

  async run(): Promise<RomGuestEnd> {
    if (this.#started) throw new Error("a ROM guest runs once; create another one");
    this.#started = true;
    const deadline = performance.now() + (this.#options.timeLimitMs ?? Number.POSITIVE_INFINITY);
    let slices = 0;
    let halts = 0;
    while (this.#end === undefined) {
      this.#runSlice();
      if (this.#end !== undefined) break;
      if (this.#waiting) {
        const answer = this.#options.onHalt();
        this.#wake(typeof answer === "string" ? answer : await answer);
      } else this.#options.onSlice?.();
      this.#checkLimits(deadline);
      if (this.#waiting) {
        if (++halts % HALTS_PER_TURN === 0) await nextTurn();
      } else if (++slices % SLICES_PER_TURN === 0) await nextTurn();
    }
    this.#flush();
    return this.#end;
  }

  setIrq(line: number, level: boolean): void {
    if (!(Number.isInteger(line) && line >= 0 && line < 16)) {
      throw new UserError(`interrupt line ${line} does not exist; a PC has lines 0 to 15`);
    }
    this.#machine?.setIrq(line, level);
  }

  irqState(line: number): GuestPin | undefined {
    return this.#machine?.irqState(line);
  }

  registers(): X86Registers | undefined {
    return this.#machine?.registers(this.#inBus);
  }

  stop(): void {
    this.#end ??= { reason: "stopped" };
  }

  claim(space: Space, start: number | bigint, length: number | bigint): void {
    (space === "memory" ? this.#windows : this.#ports).add(start, length);
  }

  release(space: Space, start: number, length: number): void {
    (space === "memory" ? this.#windows : this.#ports).remove(start, length);
  }

  destroy(): void {
    this.#end ??= { reason: "stopped" };
    this.#machine = undefined;
  }

  /** MachineBus: one joined memory access of the guest. Signed 32-bit numbers become the bus's unsigned ones here. */
  read(address: number, width: AccessWidth): void {
    this.#countAccess();
    if (this.#windows.has(address) || this.#options.trapAll) this.#readBus("memory", address >>> 0, width);
    else this.#answerAllOnes();
  }

  write(address: number, width: AccessWidth, lo: number, hi: number): void {
    this.#countAccess();
    if (this.#windows.has(address) || this.#options.trapAll) this.#writeBus("memory", address >>> 0, width, lo, hi);
    else this.unansweredCount += 1;
  }

  readPort(port: number, width: 1 | 2 | 4): number {
    if (this.#ports.has(port)) this.#readBus("io", port, width);
    else if (port === TEXT_PORT) this.valueLo = TEXT_PORT;
    else if (this.#options.trapAll) this.#readBus("io", port, width);
    else this.#answerAllOnes();
    return width === 4 ? this.valueLo : this.valueLo & (width === 2 ? 0xffff : 0xff);
  }

  writePort(port: number, width: 1 | 2 | 4, value: number): void {
    if (this.#ports.has(port)) this.#writeBus("io", port, width, value, 0);
    else if (port === TEXT_PORT) this.#print(value & 0xff);
    else if (port === EXIT_PORT) this.#endWith({ reason: "exit", code: value >>> 0 });
    else if (port === FAULT_PORT && width === 4) this.#reportException(value >>> 0);
    else if (this.#options.trapAll) this.#writeBus("io", port, width, value, 0);
    else this.unansweredCount += 1;
  }

  #runSlice(): void {
    const machine = this.#powered();
    this.#accessesInSlice = 0;
    const end = machine.runSlice();
    this.#waiting = end === "waits";
    if (this.#end !== undefined) return;
    if (machine.nextAddress >= this.#options.ramBytes && !machine.isPaging && !this.#inBus)
      this.#end = this.#failure("left RAM", machine.nextAddress);
    else if (end === "crashed") this.#crash(machine);
    else if (end === "dead") this.#end = { reason: "halted" };
    else if (end === "waits") this.#flush();
  }

  /** v86 gave up, and with it the guest. */
  #crash(machine: V86Machine): void {
    if (this.#inBus) throw machine.crash; // a fault of the bus that only came through
    const isOwn = this.image.lineAt(machine.instructionAddress) !== undefined;
    this.#end ??= this.#failure(`${crashText(machine)}${isOwn ? "" : ", in bytes that are not its program"}`);
  }

  /** Goes on behind a HLT, or not. */
  #wake(answer: HaltAnswer): void {
    if (this.#end !== undefined) return;
    const machine = this.#powered();
    if (answer === "stop") this.#end = { reason: "halted" };
    else if (machine.wake() === "crashed") this.#crash(machine);
  }

  #checkLimits(deadline: number): void {
    const { instructionLimit = Number.POSITIVE_INFINITY, timeLimitMs } = this.#options;
    if (this.#end !== undefined) return;
    const reached = this.#options.limitReached?.();
    if (reached !== undefined) {
      this.#end = this.#failure(reached);
      return;
    }
    if (this.#powered().instructions > instructionLimit) {
      this.#end = this.#failure(`was still running after ${instructionLimit} instructions`);
    } else if (performance.now() > deadline) {
      this.#end = this.#failure(`was still running after ${timeLimitMs} ms`);
    }
  }

  #readBus(space: Space, address: number, width: AccessWidth): void {
    this.#inBus = true;
    const status = this.#bus.read(space, address, 0, width, VCPU);
    this.#inBus = false;
    if (status === AccessStatus.done) {
      this.valueLo = this.#bus.valueLo | 0;
      this.valueHi = this.#bus.valueHi | 0;
    } else this.#answerAllOnes();
    if (status !== AccessStatus.done || this.#end !== undefined) this.#obey(status);
  }

  #writeBus(space: Space, address: number, width: AccessWidth, lo: number, hi: number): void {
    this.#inBus = true;
    const status = this.#bus.write(space, address, 0, width, lo >>> 0, hi >>> 0, VCPU);
    this.#inBus = false;
    if (status === AccessStatus.busError) this.unansweredCount += 1;
    if (status !== AccessStatus.done || this.#end !== undefined) this.#obey(status);
  }

  #obey(status: AccessStatus): void {
    if (status === AccessStatus.stop) this.#end ??= { reason: "stopped" };
    this.#leaveIfEnded();
    if (status === AccessStatus.noAdvance) throw repeat;
  }

  /** A repeated string instruction can make 2^32 accesses with no end of slice, and with it no limit, in sight. */
  #countAccess(): void {
    const machine = this.#powered();
    const { instructionAddress } = machine;
    if (instructionAddress < BOOT_BLOCK || instructionAddress >= IMAGE_END) this.#accessor = instructionAddress;
    if (machine.isTooDeep) this.#endWith(this.#failure(nestedFaultText(machine)));
    this.#accessesInSlice += 1;
    if (this.#accessesInSlice > MAX_ACCESSES_PER_SLICE) {
      this.#endWith(this.#failure(`made ${MAX_ACCESSES_PER_SLICE} accesses in one instruction`));
    }
  }

  /** Nothing after an end may be seen of the guest: not even the rest of its instruction. */
  #leaveIfEnded(): void {
    if (this.#end !== undefined) throw leave;
  }

  #endWith(end: RomGuestEnd): void {
    this.#end ??= end;
    this.#leaveIfEnded();
  }

  #answerAllOnes(): void {
    this.valueLo = -1;
    this.valueHi = -1;
    this.unansweredCount += 1;
  }

  #print(byte: number): void {
    this.#line.push(byte);
    if (byte === 0x0a || this.#line.length >= MAX_LINE_BYTES) this.#flush();
  }

  #flush(): void {
    if (this.#line.length === 0) return;
    const text = this.#decoder.decode(Uint8Array.from(this.#line), { stream: true });
    this.#line.length = 0;
    this.#options.onOutput(text);
  }

  /** The prologue writes vector, error code, CR2 and the address of the instruction, in this order. */
  #reportException(value: number): void {
    if (this.#fault.push(value) < 4) return;
    const [vector, errorCode, pageFaultAddress, address] = this.#fault;
    const machine = this.#powered();
    // Error code and address have been taken from the stack, the last of them below ESP.
    const { stackPointer, isPaging } = machine;
    if (!isPaging && (machine.traps(stackPointer - 4) || machine.traps(stackPointer - 8)))
      this.#endWith(this.#failure(lostExceptionText(vector, stackPointer), this.#accessor));
    this.#endWith(this.#failure(exceptionText(vector, errorCode, pageFaultAddress), address));
  }

  #failure(what: string, address = this.#powered().instructionAddress): RomGuestEnd {
    const line = this.image.lineAt(address);
    const place = line === undefined ? { file: this.#options.file } : { file: this.#options.file, line };
    return { reason: "failed", error: new UserError(`the guest ${what} (at address ${hex(address)})`, place) };
  }

  #powered(): V86Machine {
    if (this.#machine === undefined) throw new Error("this ROM guest was destroyed");
    return this.#machine;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
