import type { GuestAccess } from "../../vm/begun-access.ts";
import type { LineAct } from "../../vm/events.ts";
import type { PowerState } from "../../vm/power.ts";
import type { AccessStatus, AccessWidth, Space } from "../bus.ts";
import type { ControlWord, LineCount } from "./step.ts";

/** What a script needs of a VM. */
export interface ScriptMachine {
  /** One access of a vCPU. `value` counts only with the status `done`. */
  read(space: Space, address: bigint, width: AccessWidth, vcpu: number): ScriptRead;
  write(space: Space, address: bigint, width: AccessWidth, value: bigint, vcpu: number): AccessStatus;
  /**
   * Accesses of several vCPUs at the same time, one that does not advance up to `retries` times more.
   * @returns what each came to, in the order given; the status `stop` for one that was not made
   */
  together(accesses: readonly GuestAccess[], retries: number): readonly ScriptRead[];
  /** Moves virtual time on by `ns`; without it to the next timer, or not at all when none is armed. */
  clockStep(ns?: bigint): void;
  /**
   * Where time is the host's: lets it pass up to `untilNs`, or to the next timer when left out (at once when none is
   * armed), and ends early with the VM. `clockStep` then does nothing. Left out where time moves only when stepped.
   * @returns false when the run is to end here, because somebody interrupted it
   */
  wait?(untilNs?: bigint): Promise<boolean>;
  /** Timers that have fired so far. */
  readonly alarmsFired: number;
  /** Virtual nanoseconds since the VM was made. */
  clockNow(): bigint;
  /** @returns undefined when there is no such controller or line */
  irqLevel(pic: string, line: number): boolean | undefined;
  /** @returns whether something was there to be taken; undefined when the line is no host controller's */
  irqAct(pic: string, line: number, act: LineAct): boolean | undefined;
  /** @returns undefined when there is no such controller or line */
  irqCount(pic: string, line: number, count: LineCount): number | undefined;
  /** Sends bytes to a vdev. @returns why that cannot be done, or undefined */
  input(vdev: string, bytes: Uint8Array): string | undefined;
  /** Takes output of a vdev, or no more. @returns why that cannot be done, or undefined */
  flow(vdev: string, takes: boolean): string | undefined;
  /** VDEV_CTRL_STATUS, the power button, a guest dump, or the end. @returns false for a dump that was not written */
  control(what: ControlWord): boolean;
  /** A CPU of the VM begins to run, to wait, or is switched off. */
  setPowerState(cpu: number, state: PowerState): void;
  /** Sends a vdev a pulse. @returns false when it cannot be queued, undefined when there is no such vdev */
  pulse(vdev: string, code: number): boolean | undefined;
  /** True once the VM has ended: the script executes nothing more on it. */
  readonly stopped: boolean;
}

export interface ScriptRead {
  readonly status: AccessStatus;
  readonly value: bigint;
}
