import { EIO, ENOTSUP, EOK, GIN_ACK, GIN_UNMASK, GIS_ISR, GIS_OFF, GIS_ON } from "../../abi/generated/constants.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { connectConfigured } from "./assign.ts";
import { Controllers, formatPin, type Pic, type VdevPic } from "./controllers.ts";
import type { Line, Source } from "./line.ts";
import { InterruptLines, type SavedLines } from "./lines.ts";
import { Msis } from "./msi.ts";
import { type LineRef, PicCalls } from "./pic-calls.ts";

interface SavedInterrupts {
  readonly controllers: ReturnType<Controllers["save"]>;
  readonly lines: SavedLines;
  readonly msis: ReturnType<Msis["save"]>;
}

/** All about interrupts of one VM: its controllers, their lines, messages, and the way from a vdev to a controller. */
export class Interrupts {
  readonly controllers = new Controllers();
  readonly lines: InterruptLines;
  readonly calls: PicCalls;
  readonly msis: Msis;
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
    this.lines = new InterruptLines(vm);
    this.calls = new PicCalls(vm);
    this.msis = new Msis(vm, this.controllers.apic, this.lines, this.calls);
    this.lines.listen({
      level: ({ pic, line }, level) => vm.emit({ kind: "line", pic: pic.name, line, level }),
      note: (line, note) => {
        vm.emit({ kind: "line-note", pic: line.pic.name, line: line.line, note });
        if (note === "storm") this.#remarkStorm(line);
      },
      pin: ({ pic, line }, pin) => vm.emit({ kind: "pin", pic: pic.name, line, pin }),
    });
  }

  /** The line a guest_intr means: the number in its param, without what a controller keeps beside it. */
  lineOf(pic: Pic, param: number): number {
    return pic.kind === "vdev" ? (param & pic.functions.pnumMask) >>> 0 : param >>> 0;
  }

  /**
   * guest_intr_signal() of a line the caller is connected with.
   * @returns EOK or an errno; what the controller answers, when it is a vdev
   */
  signal(caller: ModuleInstance, line: Line, ref: LineRef, gis: number): number {
    const level = gis & (GIS_ON | GIS_OFF);
    const { pic } = line;
    if (level !== 0) this.lines.signal(line, ref.srcId, level === GIS_ON);
    if (pic.kind === "vdev") {
      if (level === 0 && (gis & GIS_ISR) === 0) return EOK; // GIS_NOP
      return this.calls.signal(caller, pic, ref, gis) ?? EIO;
    }
    // GIS_ISR alone asks whether an ISR could do this; nothing here runs in one.
    return level === 0 && (gis & GIS_ISR) !== 0 ? -ENOTSUP : EOK;
  }

  /** guest_intr_notify(): the guest let a line of a controller in, or acknowledged it. */
  notified(pic: VdevPic, line: number, gin: number): void {
    const at = this.lines.at(pic, line);
    this.#vm.emit({
      kind: "guest-intr",
      pic: pic.name,
      line,
      ack: (gin & GIN_ACK) !== 0,
      unmask: (gin & GIN_UNMASK) !== 0,
    });
    if ((gin & GIN_UNMASK) !== 0) this.lines.enable(at, true);
    if ((gin & GIN_ACK) !== 0) this.lines.take(at);
  }

  /**
   * What `intr PIC:LINE` means.
   * @param text the line as it is written
   * @returns the line and the param for the guest_intr, or why there is none, as a sentence
   */
  resolve(pic: Pic, text: string): { readonly line: Line; readonly param: number; readonly length: number } | string {
    const found = pic.kind === "vdev" && pic.functions.parse !== 0 ? this.calls.parse(pic, text) : parseNumber(text);
    if (found === undefined) return `${pic.name} knows no line ${text}`;
    const number = this.lineOf(pic, found.param);
    if (number >= pic.lines) return `${pic.name} has lines 0 to ${pic.lines - 1}, and not ${number}`;
    return { line: this.lines.at(pic, number), ...found };
  }

  /** Connects a vdev with the line its configuration names. @returns why not, as a sentence */
  connectConfigured(line: Line, vdev: Vdev, param: number): Source | string {
    return connectConfigured(this.lines, line, { instance: vdev.instance.id, owner: vdev.name, param });
  }

  /** Asks every controller that is a vdev to report what the guest does with the lines that are in use. */
  requestNotifications(): void {
    for (const line of [...this.lines.all()]) {
      const { pic, state } = line;
      if (pic.kind !== "vdev" || state.sources.length === 0) continue;
      const param = state.sources.find((source) => source.param !== undefined)?.param ?? line.line;
      this.calls.notify(pic, { param, srcId: 0 }, GIN_UNMASK | GIN_ACK);
    }
  }

  /** The text of a line, as an `intr` option names it. */
  textOf(line: Line, ref: LineRef): string {
    const text = line.pic.kind === "vdev" ? this.calls.string(line.pic, ref) : undefined;
    return text === undefined ? formatPin(line) : `${line.pic.name}:${text}`;
  }

  /** All that changes, for putting a VM back. */
  save(): SavedInterrupts {
    return { controllers: this.controllers.save(), lines: this.lines.save(), msis: this.msis.save() };
  }

  restore(saved: SavedInterrupts): void {
    this.controllers.restore(saved.controllers);
    this.lines.restore(saved.lines);
    this.msis.restore(saved.msis);
  }

  /** All of the state as text: equal states give equal texts. */
  digest(): string {
    return `lines ${this.lines.digest()}\nmessages ${this.msis.digest()}\n`;
  }

  #remarkStorm(line: Line): void {
    const vm = this.#vm;
    const vdev = vm.vdevs[vm.context.vdev];
    if (vdev === undefined) return;
    vm.findings.record(vdev.instance, {
      severity: "warning",
      rule: "limit",
      message: `an interrupt storm: ${formatPin(line)} rises again and again, and the guest has no time to answer`,
      advice: "Raise the line once and leave it up until the guest has dealt with the cause.",
    });
  }
}

/** A number at the start of a text, decimal or 0x hex. */
function parseNumber(text: string): { readonly param: number; readonly length: number } | undefined {
  const match = /^(?:0[xX][0-9a-fA-F]+|[0-9]+)/.exec(text);
  if (match === null) return undefined;
  const param = Number(match[0]);
  return param <= 0xffffffff ? { param, length: match[0].length } : undefined;
}
