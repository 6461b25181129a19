import { ENXIO, EOK } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { MSI_SOURCE } from "./assign.ts";
import { formatPin, type VdevPic } from "./controllers.ts";
import { vdevAddress } from "./handles.ts";
import type { HostPic } from "./host-pics.ts";
import type { Line } from "./line.ts";
import type { InterruptLines } from "./lines.ts";
import type { PicCalls } from "./pic-calls.ts";

/** What guest_msi_register() said. */
export interface MsiTarget {
  readonly pic: VdevPic;
  readonly address: bigint;
  readonly mask: bigint;
  /** Index of the deliver function in the module's table. */
  readonly deliver: number;
  readonly cookie: number;
}

/** `msi ADDRESS,BASE,COUNT` of a gic: a GICv2m frame for the lines from BASE on. */
export interface MsiFrame {
  readonly pic: HostPic;
  readonly address: bigint;
  readonly base: number;
  readonly count: number;
}

/** MSIs to one address and data. */
export interface MsiCount {
  readonly address: bigint;
  readonly data: number;
  /** Who takes it: a controller or a line; empty for nobody. */
  readonly target: string;
  times: number;
}

/** Where an x86 processor takes messages: 0xFEE00000 to 0xFEEFFFFF (Intel SDM volume 3, 11.11.1). */
const X86_BASE = 0xfeen;
const X86_SHIFT = 20n;
/** Data bits 7:0 (11.11.2). Vectors below 16 are illegal (11.5.2). */
const VECTOR_MASK = 0xff;
const FIRST_VECTOR = 16;
/** MSI_SETSPI_NS of a GICv2m frame: what is written is the number of the SPI (Arm SBSA, appendix on GICv2m). */
const SETSPI_OFFSET = 0x40n;
/** Controllers' registrations in one VM. */
const TARGETS_LIMIT = 1024;
/** Kinds of messages that are counted one by one. */
const COUNTS_LIMIT = 4096;

/** Message-signalled interrupts: who takes them, and what came of those that were sent. */
export class Msis {
  readonly #vm: Vm;
  readonly #apic: HostPic;
  readonly #lines: InterruptLines;
  readonly #calls: PicCalls;
  readonly #targets: MsiTarget[] = [];
  readonly #frames: MsiFrame[] = [];
  #counts = new Map<string, MsiCount>();

  constructor(vm: Vm, apic: HostPic, lines: InterruptLines, calls: PicCalls) {
    this.#vm = vm;
    this.#apic = apic;
    this.#lines = lines;
    this.#calls = calls;
  }

  /** What was sent so far, by address and data. */
  get counts(): readonly MsiCount[] {
    return [...this.#counts.values()];
  }

  /** @returns why not, as the end of a sentence */
  register(target: MsiTarget): string | undefined {
    if (this.#targets.length >= TARGETS_LIMIT) return `more than ${TARGETS_LIMIT} registrations`;
    const twin = this.#targets.find((other) => overlaps(other, target));
    if (twin !== undefined) return `addresses that ${twin.pic.name} has registered already`;
    this.#targets.push(target);
    return undefined;
  }

  addFrame(frame: MsiFrame): void {
    this.#frames.push(frame);
  }

  /** guest_msi_signal(). @returns EOK, or ENXIO when nobody takes messages there */
  signal(caller: ModuleInstance, src: Vdev, address: bigint, data: number): number {
    const target = this.#targets.find((one) => (address & one.mask) === (one.address & one.mask));
    const line = target === undefined ? this.#hostLine(address, data) : undefined;
    const to = target?.pic.name ?? (line === undefined ? "" : formatPin(line));
    this.#count(address, data, to);
    this.#vm.emit({ kind: "msi", source: src.name, address, data, target: to });
    if (target !== undefined) {
      this.#calls.checkLimits(caller);
      const source = vdevAddress(target.pic.vdev.instance, src);
      this.#calls.deliver(target.pic, target.deliver, source, address, data, target.cookie);
      return EOK;
    }
    if (line === undefined) return ENXIO;
    // A message is an edge: there is nothing that could stay up.
    this.#lines.signal(line, MSI_SOURCE, true);
    this.#lines.signal(line, MSI_SOURCE, false);
    return EOK;
  }

  /** What takes messages where no controller has registered. */
  #hostLine(address: bigint, data: number): Line | undefined {
    if (address >> X86_SHIFT === X86_BASE) {
      const vector = data & VECTOR_MASK;
      return vector < FIRST_VECTOR ? undefined : this.#lines.at(this.#apic, vector);
    }
    const frame = this.#frames.find((one) => one.address + SETSPI_OFFSET === address);
    if (frame === undefined || data < frame.base || data >= frame.base + frame.count) return undefined;
    const line = this.#lines.at(frame.pic, data);
    if (line.state.trigger !== "edge") {
      line.state.trigger = "edge";
      this.#lines.changed(line);
    }
    return line;
  }

  #count(address: bigint, data: number, target: string): void {
    const key = `${address} ${data}`;
    const known = this.#counts.get(key);
    if (known !== undefined) known.times++;
    else if (this.#counts.size < COUNTS_LIMIT) this.#counts.set(key, { address, data, target, times: 1 });
  }

  digest(): string {
    return this.counts.map(({ address, data, times }) => `${address} ${data} ${times}`).join("\n");
  }

  save(): { readonly targets: number; readonly counts: readonly MsiCount[] } {
    return { targets: this.#targets.length, counts: this.counts.map((count) => ({ ...count })) };
  }

  restore({ targets, counts }: ReturnType<Msis["save"]>): void {
    if (this.#targets.length > targets) this.#targets.length = targets;
    if (this.#counts.size === 0 && counts.length === 0) return;
    this.#counts = new Map(counts.map((count) => [`${count.address} ${count.data}`, { ...count }]));
  }
}

/** Whether some address is taken by both: they agree wherever both masks look. */
function overlaps(one: MsiTarget, other: MsiTarget): boolean {
  const both = one.mask & other.mask;
  return (one.address & both) === (other.address & both);
}
