import { VDEV_CTRL_STATUS } from "../../abi/generated/constants.ts";
import { callControl } from "./control.ts";
import type { Vm } from "./vm.ts";

/** Bytes of text that are kept; what a STATUS says beyond is in the log of the run only. */
const TEXT_LIMIT = 1 << 20;

/** What the last VDEV_CTRL_STATUS of a VM made vdevs say, and when. */
export interface SavedStatus {
  readonly text: string;
  readonly virtualNs: bigint;
  readonly traps: number;
}

/**
 * What vdevs say with qvm_report() while they are asked for their STATUS. It goes into a guest dump that is asked for
 * at the same moment, as SIGUSR2 does; a later dump has a state of its own, which it would not be true of.
 */
export class StatusText {
  readonly #vm: Vm;
  #last: SavedStatus | undefined;
  /** Lines of the STATUS in progress. */
  #lines: string[] | undefined;
  #bytes = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** VDEV_CTRL_STATUS to every vdev that runs. @throws EndOfVm when one of them ended the VM */
  ask(): void {
    const vm = this.#vm;
    const lines: string[] = [];
    this.#lines = lines;
    this.#bytes = 0;
    try {
      for (const vdev of vm.vdevs) callControl(vm, vdev, "STATUS", VDEV_CTRL_STATUS);
      for (const line of vm.guestClock.lines()) this.report("qvm", line);
    } finally {
      this.#lines = undefined;
      this.#last = { text: lines.join(""), virtualNs: vm.nowNs, traps: vm.traps };
    }
  }

  /** Tells what a vdev says with qvm_report(), or the host with it. */
  report(source: string, text: string): void {
    this.#vm.emit({ kind: "report", source, text });
    if (this.#lines === undefined || this.#bytes > TEXT_LIMIT) return;
    const line = `${source}: ${text}\n`;
    this.#bytes += Buffer.byteLength(line);
    this.#lines.push(this.#bytes > TEXT_LIMIT ? "…\n" : line);
  }

  /** The text, when the vdevs were asked at this moment of the run; undefined when they were not. */
  get now(): string | undefined {
    const last = this.#last;
    return last?.virtualNs === this.#vm.nowNs && last.traps === this.#vm.traps ? last.text : undefined;
  }

  save(): SavedStatus | undefined {
    return this.#last;
  }

  restore(saved: SavedStatus | undefined): void {
    this.#last = saved;
  }
}
