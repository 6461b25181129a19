import { GIAT_SPECIAL, GIAT_UNUSED } from "../../abi/generated/constants.ts";

/** What an interrupt line is sensitive to. `unknown`: only the controller knows, and it is a vdev. */
export type Trigger = "edge" | "level" | "unknown";

/** A controller of the host's own: it stands for a vdev of that type that qvm has and vdevbox does not have yet. */
export interface HostPic {
  readonly kind: "host";
  readonly type: HostPicType;
  /** What `intr NAME:LINE` calls it. */
  readonly name: string;
  readonly lines: number;
}

interface Hardware {
  readonly lines: number;
  trigger(line: number): Trigger;
  /** Lines for automatic assignment, the first to be taken first. */
  readonly automatic: readonly number[];
}

const range = (first: number, last: number) => Array.from({ length: last - first + 1 }, (_, i) => first + i);

/**
 * The hardware of each type. Numbers of lines and the GIC's triggers are those of the specifications (Arm IHI 0069: SGIs
 * are edge-triggered, SPIs begin at 32; Intel 8259A: edge mode after reset). Which lines of an ioapic are level-triggered
 * is the guest's to program; here 0 to 15 are edge as on an ISA bus and the others level as on PCI, as PCs have it.
 */
const HARDWARE = {
  gic: { lines: 1020, trigger: (line) => (line < 16 ? "edge" : "level"), automatic: range(32, 1019) },
  ioapic: {
    lines: 24,
    trigger: (line) => (line < 16 ? "edge" : "level"),
    automatic: [...range(16, 23), ...range(3, 7), ...range(9, 15)],
  },
  /** The processor's local APIC: its lines are vectors, and MSIs alone reach them (Intel SDM volume 3, 11.11). */
  apic: { lines: 256, trigger: () => "edge", automatic: [] },
  "8259": { lines: 16, trigger: () => "edge", automatic: [5, 9, 10, 11, 3, 4, 6, 7, 12, 13, 14, 15] },
} as const satisfies Record<string, Hardware>;

export type HostPicType = keyof typeof HARDWARE;
/** In the order in which they are told, and asked for a free line. */
export const HOST_PIC_TYPES: readonly HostPicType[] = ["gic", "ioapic", "8259", "apic"];

/** Types a configuration may have a controller of. The local APIC belongs to the processor. */
export function isHostPicType(type: string): type is Exclude<HostPicType, "apic"> {
  return Object.hasOwn(HARDWARE, type) && type !== "apic";
}

export function hostPic(type: HostPicType, name: string = type): HostPic {
  return { kind: "host", type, name, lines: HARDWARE[type].lines };
}

/** Of the hardware after reset. */
export function hostTrigger(type: HostPicType, line: number): Trigger {
  return HARDWARE[type].trigger(line);
}

/** What a line is assigned as before anybody asked for it: no `intr` can name a vector. */
export function hostAssigned(type: HostPicType): number {
  return type === "apic" ? GIAT_SPECIAL : GIAT_UNUSED;
}

export function automaticLines(type: HostPicType): readonly number[] {
  return HARDWARE[type].automatic;
}
