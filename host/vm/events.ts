import type { Finding } from "../gate/finding.ts";
import type { GuestPin, LineNote } from "../interrupts/line.ts";
import type { GuestAccess } from "./begun-access.ts";

/** Severities of qvm's logger. */
export const SEVERITIES = ["fatal", "internal", "error", "warn", "info", "debug", "verbose"] as const;
export type Severity = (typeof SEVERITIES)[number];

/**
 * What goes into a VM and what comes out of it, in the order it happens. Inputs are enough to run it again; outputs are
 * what a second run is compared with.
 */
export type VmEvent =
  | {
      readonly kind: "access";
      readonly op: "read" | "write";
      readonly space: "memory" | "io";
      readonly address: bigint;
      readonly width: number;
      /** The value written, or what was read. */
      readonly value: bigint;
      readonly vcpu: number;
      readonly outcome: "ok" | "bus-error" | "stop" | "no-advance";
    }
  | { readonly kind: "clock-step"; readonly ns: bigint }
  /** A pulse from outside, to the vdev of that name; its code as an unsigned byte. */
  | { readonly kind: "pulse"; readonly vdev: string; readonly code: number }
  | { readonly kind: "control"; readonly control: "status" | "button" | "dump" | "terminate" }
  /** A CPU of the guest begins to run, to wait or is switched off. */
  | { readonly kind: "power"; readonly cpu: number; readonly state: "on" | "wait" | "off" }
  /** The host's bytes for a vdev, and a vdev's for the host. */
  | { readonly kind: "input" | "output"; readonly vdev: string; readonly bytes: Uint8Array }
  /** The host takes no more output of a vdev, or takes it again. */
  | { readonly kind: "flow"; readonly vdev: string; readonly takes: boolean }
  | { readonly kind: "line"; readonly pic: string; readonly line: number; readonly level: boolean }
  /** What became of an interrupt, beside the level of its line. */
  | { readonly kind: "line-note"; readonly pic: string; readonly line: number; readonly note: LineNote }
  /** The guest of a script lets a line in, masks it, or takes what waits on it. An input. */
  | { readonly kind: "line-act"; readonly pic: string; readonly line: number; readonly act: LineAct }
  /** What the guest's own controller said of a line when it was about to change. An input. */
  | { readonly kind: "pin"; readonly pic: string; readonly line: number; readonly pin: GuestPin }
  /** A controller that is a vdev says what the guest did with a line. */
  | {
      readonly kind: "guest-intr";
      readonly pic: string;
      readonly line: number;
      readonly ack: boolean;
      readonly unmask: boolean;
    }
  /** A message-signalled interrupt; `target` is empty when nobody takes it. */
  | {
      readonly kind: "msi";
      readonly source: string;
      readonly address: bigint;
      readonly data: number;
      readonly target: string;
    }
  | {
      readonly kind: "log";
      readonly severity: Severity;
      readonly source: string;
      readonly text: string;
      /** The vdev said it with vdev_logf(): its own `log` option counts, and not the VM's `logger`. */
      readonly vdevLogf?: true;
    }
  | { readonly kind: "report"; readonly source: string; readonly text: string }
  | { readonly kind: "finding"; readonly finding: Finding }
  /** A vdev read or wrote guest memory. What it read is an input: the guest that wrote it is not run again. */
  | { readonly kind: "ram-read" | "ram-write"; readonly address: bigint; readonly bytes: Uint8Array }
  /** A guest dump was written, or not: EOK or an errno. An input: the disk is not the VM's. */
  | { readonly kind: "dump"; readonly errno: number }
  /** Accesses of several vCPUs begin, to be made at the same time; each is told when it has ended. An input. */
  | { readonly kind: "together"; readonly accesses: readonly GuestAccess[] }
  /** A search of schedules decided who goes on, see host/explore/actor.ts. An input. */
  | { readonly kind: "schedule"; readonly actor: string }
  | { readonly kind: "end"; readonly exitCode: number; readonly reason: string };

/** What a guest does with a line. `enable` alone leaves the trigger as it is. */
export const LINE_ACTS = ["enable", "enable-edge", "enable-level", "disable", "take"] as const;
export type LineAct = (typeof LINE_ACTS)[number];

export type VmListener = (event: VmEvent) => void;
