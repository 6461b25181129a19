import type { Severity } from "../config/vm-config.ts";
import type { AccessWidth, Space } from "../guests/bus.ts";
import type { ControlWord } from "../guests/script/step.ts";
import type { GuestPin, LineNote } from "../interrupts/line.ts";
import type { LineAct } from "../vm/events.ts";
import type { PowerState } from "../vm/power.ts";
import type { EventSequence } from "./event-sequence.ts";

/** Version of the format; it stands in the first line of every recording. 2: `repeat` lines, and an end at the limit. */
export const RECORDING_VERSION = 2;
/** The first version that is still read. */
export const OLDEST_VERSION = 1;

/** What a run was started with. */
export interface RecordingHeader {
  /** The configuration, piece by piece as it was read. */
  readonly conf: readonly RecordedText[];
  readonly modules: readonly RecordedModule[];
  /** Of the scheduler and of random draws; unsigned 64-bit. */
  readonly seed: bigint;
  readonly guest: RecordedGuest;
}

export interface RecordedText {
  /** What errors called it. */
  readonly name: string;
  readonly text: string;
}

export interface RecordedModule {
  readonly name: string;
  /** Of the module's bytes: 64 lower-case hex digits. */
  readonly sha256: string;
}

export interface RecordedGuest {
  /** `script`, `rom` … */
  readonly kind: string;
  /** What it ran. */
  readonly spec?: string;
}

/** How an access ended; `AccessStatus` in words. */
export type AccessOutcome = "ok" | "error" | "stop" | "retry";

/** One line of a recording. Inputs are replayed; outputs are compared. Addresses and values are unsigned 64-bit. */
export type RecordingEvent =
  /** Input and, from `=>` on, output. `value` is there when, and only when, the outcome is `ok`. */
  | {
      readonly kind: "read";
      readonly space: Space;
      readonly width: AccessWidth;
      readonly address: bigint;
      readonly vcpu: number;
      readonly outcome: "ok";
      readonly value: bigint;
    }
  | {
      readonly kind: "read";
      readonly space: Space;
      readonly width: AccessWidth;
      readonly address: bigint;
      readonly vcpu: number;
      readonly outcome: Exclude<AccessOutcome, "ok">;
    }
  | {
      readonly kind: "write";
      readonly space: Space;
      readonly width: AccessWidth;
      readonly address: bigint;
      readonly value: bigint;
      readonly vcpu: number;
      readonly outcome: AccessOutcome;
    }
  /** Input: virtual time moves on. */
  | { readonly kind: "clockStep"; readonly ns: bigint }
  /** Input. */
  | { readonly kind: "control"; readonly what: ControlWord }
  /** Input: a pulse for a vdev; its code as an unsigned byte. */
  | { readonly kind: "pulse"; readonly vdev: string; readonly code: number }
  /** Input: the host's bytes for a vdev. */
  | { readonly kind: "input"; readonly vdev: string; readonly bytes: Uint8Array }
  /** Input: the host takes no more output of a vdev, or takes it again. */
  | { readonly kind: "flow"; readonly vdev: string; readonly takes: boolean }
  /** Input: what a random draw gave. */
  | { readonly kind: "random"; readonly bytes: Uint8Array }
  /** Input: what a vdev saw in guest memory, where the guest that wrote it is not run again. */
  | { readonly kind: "dmaRead"; readonly address: bigint; readonly bytes: Uint8Array }
  /** Input: a CPU of the guest begins to run, to wait or is switched off. */
  | { readonly kind: "power"; readonly cpu: number; readonly state: PowerState }
  /** Input: whether a guest dump could be written, EOK or an errno. */
  | { readonly kind: "dump"; readonly errno: number }
  /** Input: accesses that several vCPUs make at the same time, as a script; each has its own event when it has ended. */
  | { readonly kind: "together"; readonly script: string }
  /** Input: a search of schedules decided who goes on: `thread3`, `vcpu0`, see host/explore/actor.ts. */
  | { readonly kind: "schedule"; readonly actor: string }
  /** Output: a vdev wrote to guest memory. */
  | { readonly kind: "dmaWrite"; readonly address: bigint; readonly bytes: Uint8Array }
  /** Output: an interrupt line changed. */
  | { readonly kind: "irq"; readonly pic: string; readonly line: number; readonly level: boolean }
  /** Output: what became of an interrupt. */
  | { readonly kind: "irqNote"; readonly pic: string; readonly line: number; readonly note: LineNote }
  /** Input: a script's guest did something with a line. */
  | { readonly kind: "irqAct"; readonly pic: string; readonly line: number; readonly act: LineAct }
  /** Input: what the guest's own controller said of a line, where that guest is not run again. */
  | { readonly kind: "irqPin"; readonly pic: string; readonly line: number; readonly pin: GuestPin }
  /** Output: a controller that is a vdev told what the guest did. */
  | {
      readonly kind: "irqGuest";
      readonly pic: string;
      readonly line: number;
      readonly ack: boolean;
      readonly unmask: boolean;
    }
  /** Output: a message-signalled interrupt; `target` is empty when nobody took it. */
  | {
      readonly kind: "msi";
      readonly vdev: string;
      readonly address: bigint;
      readonly data: number;
      readonly target: string;
    }
  /** Output: bytes of a vdev for the host. */
  | { readonly kind: "output"; readonly vdev: string; readonly bytes: Uint8Array }
  /** Output: vdev_logf and its kin. */
  | { readonly kind: "log"; readonly severity: Severity; readonly vdev: string; readonly text: string }
  /** Output: qvm_report. */
  | { readonly kind: "report"; readonly vdev: string; readonly text: string }
  /** Output. */
  | { readonly kind: "violation"; readonly rule: string; readonly call: string; readonly vdev: string }
  /** Output: a module instance faulted. */
  | { readonly kind: "fault"; readonly vdev: string; readonly text: string };

/** How a run ended. */
export interface RecordingEnd {
  /** Exit code, 0 to 255. */
  readonly exit: number;
  /** Hash of the final state: lower-case hex digits, two for each byte. */
  readonly state: string;
}

export interface Recording {
  readonly header: RecordingHeader;
  readonly events: EventSequence;
  /** Undefined: the recording was ended at its limit, and the run went on. */
  readonly end: RecordingEnd | undefined;
}
