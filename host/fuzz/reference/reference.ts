import type { AccessWidth, Space } from "../../guests/bus.ts";
import type { ScriptCommand } from "../../guests/script/step.ts";
import type { Vm } from "../../vm/vm.ts";

/** Makes what judges the vdevs of a VM. */
export type MakeReference = (vm: Vm) => Reference;

/** An access of a vdev's registers, of a width that the vdev takes. */
export interface ReferenceAccess {
  readonly space: Space;
  readonly address: bigint;
  /** From where the vdev's region begins. */
  readonly offset: number;
  readonly width: AccessWidth;
  readonly vcpu: number;
  /** Name of the vdev. */
  readonly vdev: string;
}

/** What a read must get; a bus error; undefined: the reference does not judge it. */
export type ReferenceRead = number | bigint | "bus-error" | undefined;
/** How a write must end; undefined: the reference does not judge it. */
export type ReferenceWrite = "ok" | "bus-error" | undefined;

/**
 * What says how a device must answer: a model, another implementation of it, or a process that is asked. It is told all that
 * happens to the device, in order and after the device itself, and keeps its own state. All it gets and gives is plain data.
 */
export interface Reference {
  /** The guest is about to start: whatever was told before has not happened. */
  reset(): void;
  read(access: ReferenceAccess): ReferenceRead;
  /** @param value without bits above the width */
  write(access: ReferenceAccess, value: bigint): ReferenceWrite;
  /** Virtual time has passed. */
  step?(ns: bigint): void;
  /** Whether an interrupt line, as in `gic:40`, must be high now; undefined: not judged. Asked after everything that happens. */
  level?(pin: string): boolean | undefined;
  /** Guest memory has these bytes: the guest wrote them, or the device found them there. Until then it is zero. */
  memory?(address: bigint, bytes: Uint8Array): void;
  /** The host sends bytes to a character device. */
  input?(vdev: string, bytes: Uint8Array): void;
  /** Anything else: what a guest does at its interrupt controller, pulses, power states, what the host asks for. */
  other?(command: ScriptCommand): void;
}
