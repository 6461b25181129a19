import { UserError } from "../../errors.ts";
import type { Space } from "../bus.ts";
import { EXIT_PORT, FAULT_PORT, HOLE_END, HOLE_START, TEXT_PORT } from "./memory-map.ts";

interface Range {
  readonly start: number;
  /** First address after the range. */
  readonly end: number;
}

/** A range the machine needs for itself, and why. */
interface Reserved extends Range {
  readonly use: string;
}

/** Guest-physical addresses that answer inside the processor, before any trap. */
const insideProcessor: readonly Reserved[] = [
  { start: 0xfec00000, end: 0xfec00020, use: "the I/O APIC of the emulated processor" },
  { start: 0xfee00000, end: 0xfee01000, use: "the local APIC of the emulated processor" },
];

const interruptControllerPorts: readonly Reserved[] = [
  [0x20, 0x22],
  [0xa0, 0xa2],
  [0x4d0, 0x4d2],
].map(([start, end]) => ({ start, end, use: "the PC's interrupt controllers" }));

/** What a ROM guest with `ramBytes` of RAM traps; in a replay, which has no guest, what its guest would have refused. */
export function claimedRanges(ramBytes: number): Record<Space, ClaimedRanges> {
  return { memory: ClaimedRanges.ofMemory(ramBytes), io: ClaimedRanges.ofPorts() };
}

/** The addresses or ports of one guest that belong to vdevs. An access is routed by its first byte. */
export class ClaimedRanges {
  readonly #what: string;
  readonly #limit: number;
  readonly #reserved: readonly Reserved[];
  #ranges: readonly Range[] = [];
  /** Where the last access went: guests come back to the same register block. */
  #lastStart = 0;
  #lastLength = 0;

  private constructor(what: string, limit: number, reserved: readonly Reserved[]) {
    this.#what = what;
    this.#limit = limit;
    this.#reserved = reserved;
  }

  /** Memory outside the RAM of a machine with `ramBytes` of it. */
  static ofMemory(ramBytes: number): ClaimedRanges {
    const use = `RAM, which this guest cannot trap (it has 0 to 0x9ffff and 0xc0000 to 0x${(ramBytes - 1).toString(16)})`;
    const ram = [
      { start: 0, end: HOLE_START, use },
      { start: HOLE_END, end: ramBytes, use },
    ];
    return new ClaimedRanges("memory region", 0x100000000, [...ram, ...insideProcessor]);
  }

  /** Ports but those of the interrupt controllers and of the guest's own output. */
  static ofPorts(): ClaimedRanges {
    const host = [TEXT_PORT, EXIT_PORT, FAULT_PORT].map((port) => ({
      start: port,
      end: port + 1,
      use: "the guest's own text, exit and fault ports",
    }));
    return new ClaimedRanges("port region", 0x10000, [...host, ...interruptControllerPorts]);
  }

  /** UserError when the range is none, or the guest's machine needs part of it. */
  add(from: number | bigint, size: number | bigint): void {
    const name = `${this.#what} 0x${from.toString(16)} of 0x${size.toString(16)} bytes`;
    const start = Number(from);
    const length = Number(size);
    const end = start + length;
    if (!(Number.isInteger(start) && Number.isInteger(length) && start >= 0 && length > 0 && end <= this.#limit)) {
      throw new UserError(`${name} does not fit below 0x${this.#limit.toString(16)}; give it another place`);
    }
    const clash = this.#reserved.find((other) => start < other.end && other.start < end);
    if (clash !== undefined) throw new UserError(`${name} overlaps ${clash.use}; move it`);
    this.#ranges = [...this.#ranges, { start, end }];
  }

  /** Forgets a range added with the same start and length. */
  remove(start: number, length: number): void {
    const index = this.#ranges.findIndex((range) => range.start === start && range.end === start + length);
    if (index >= 0) this.#ranges = this.#ranges.toSpliced(index, 1);
    this.#lastLength = 0;
  }

  /** Whether an access at `address` (its low 32 bits, signed or not) goes to the bus. */
  has(address: number): boolean {
    return (address - this.#lastStart) >>> 0 < this.#lastLength || this.#find(address);
  }

  #find(address: number): boolean {
    const range = this.#ranges.find(({ start, end }) => (address - start) >>> 0 < end - start);
    if (range === undefined) return false;
    this.#lastStart = range.start | 0;
    this.#lastLength = range.end - range.start;
    return true;
  }
}
