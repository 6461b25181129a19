import type { Pic } from "./controllers.ts";
import type { Trigger } from "./host-pics.ts";

/** What happened on one line so far. */
export interface LineCounts {
  /** Times it went from low to high. */
  raised: number;
  /** Assertions while it was high already: a line is the wired OR of its sources. */
  merged: number;
  /** Times it rose while the guest had it masked. */
  masked: number;
  /** Edges the guest can never see: the line was high, or an earlier edge was still pending. */
  lost: number;
  /** Interrupts that were gone before the guest took them, and takes that found nothing. */
  spurious: number;
  /** Interrupts the guest took, or acknowledged to a controller that is a vdev. */
  taken: number;
  /** Times it rose so often in so short a time that nothing else could be done; see `STORM_RISES`. */
  storms: number;
}

/** What is worth telling about a line beside its level. */
export type LineNote = "masked" | "lost" | "spurious" | "storm";
export const LINE_NOTES: readonly LineNote[] = ["masked", "lost", "spurious", "storm"];

/** What the guest's own interrupt controller says of a line. */
export interface GuestPin {
  readonly enabled: boolean;
  readonly trigger: "edge" | "level";
  /** An interrupt waits to be taken. */
  readonly pending: boolean;
  /** The guest's handler is at work: taken and not yet ended. */
  readonly inService: boolean;
}

/** A vdev's connection with a line: the bit of `guest_intr.src_id` it was given. */
export interface Source {
  readonly bit: number;
  /** Of the module instance that may use it. */
  readonly instance: number;
  /** Whose it is, for messages. */
  readonly owner: string;
  /** guest_intr.param as the controller made it from the text of an `intr`, its GIPF_* flags included. */
  readonly param?: number;
}

/** All that changes of a line. */
export interface LineState {
  /** Bits of the sources that assert it. */
  asserted: number;
  /** guest_intr_assign_type. */
  assigned: number;
  sources: readonly Source[];
  trigger: Trigger;
  /** What the guest has done with it: nothing that is known, or let it in, or masked it. */
  guest: "unknown" | "enabled" | "disabled";
  /** An interrupt waits: the latch of an edge-triggered line; a level-triggered one since it rose and was not taken. */
  pending: boolean;
  /** Rises since `stormNs` and `stormTrap`. */
  stormRises: number;
  stormNs: bigint;
  stormTrap: number;
}

/** What lines need to know of the VM: when it is. */
export interface LineClock {
  readonly nowNs: bigint;
  /** Guest accesses so far. */
  readonly traps: number;
}

/** Nothing to tell. */
const NO_NOTES: readonly LineNote[] = [];

/** A line that rises so often within `STORM_NS` and `STORM_RISES` guest accesses leaves the guest no way to answer. */
export const STORM_RISES = 1000;
export const STORM_NS = 1_000_000n;

/** One line of one controller, as its sources and the guest see it. Its methods say what they made worth telling. */
export class Line {
  readonly pic: Pic;
  readonly line: number;
  readonly counts: LineCounts = { raised: 0, merged: 0, masked: 0, lost: 0, spurious: 0, taken: 0, storms: 0 };
  readonly state: LineState;
  /** Changed since the lines were saved or put back last; see `InterruptLines`. */
  touched = false;
  /** Whether it is among the lines of its controller: a snapshot from before its time takes it out. */
  placed = true;

  constructor(pic: Pic, line: number, trigger: Trigger, assigned: number) {
    this.pic = pic;
    this.line = line;
    this.state = {
      asserted: 0,
      assigned,
      sources: [],
      trigger,
      guest: "unknown",
      pending: false,
      stormRises: 0,
      stormNs: 0n,
      stormTrap: 0,
    };
  }

  get high(): boolean {
    return this.state.asserted !== 0;
  }

  /** A source asserts it. */
  assert(bit: number): readonly LineNote[] {
    const { state, counts } = this;
    const wasHigh = this.high;
    state.asserted |= bit;
    if (wasHigh) {
      counts.merged++;
      // For a level nothing is lost: it stays until every source has let go.
      return this.#isEdge ? this.#lose() : NO_NOTES;
    }
    counts.raised++;
    const loses = state.pending && this.#isEdge;
    state.pending = true;
    if (state.guest !== "disabled") return loses ? this.#lose() : NO_NOTES;
    counts.masked++;
    return loses ? ["masked", ...this.#lose()] : ["masked"];
  }

  /** A source lets go. */
  release(bit: number): readonly LineNote[] {
    const { state, counts } = this;
    const wasHigh = this.high;
    state.asserted &= ~bit;
    if (!wasHigh || this.high || state.trigger !== "level" || !state.pending) return NO_NOTES;
    state.pending = false;
    if (state.guest !== "enabled") return NO_NOTES;
    counts.spurious++;
    return ["spurious"];
  }

  /** The guest takes the interrupt. @returns undefined when there is none to be taken: a spurious one */
  take(): readonly LineNote[] | undefined {
    const { state, counts } = this;
    if (state.guest === "disabled") return undefined;
    const waits = state.trigger === "level" ? this.high : state.pending;
    state.pending = false;
    if (waits) {
      counts.taken++;
      return NO_NOTES;
    }
    counts.spurious++;
    return undefined;
  }

  /** Brings in what the guest's own controller has done with the line since. */
  sync(pin: GuestPin): void {
    const { state, counts } = this;
    state.guest = pin.enabled ? "enabled" : "disabled";
    state.trigger = pin.trigger;
    if (!state.pending) return;
    const taken = pin.trigger === "edge" ? !pin.pending : pin.inService;
    if (!taken) return;
    state.pending = false;
    counts.taken++;
  }

  /** Member by member: this is done at every reset of a VM. */
  restore(state: LineState, counts: LineCounts): void {
    const now = this.state;
    now.asserted = state.asserted;
    now.assigned = state.assigned;
    now.sources = state.sources;
    now.trigger = state.trigger;
    now.guest = state.guest;
    now.pending = state.pending;
    now.stormRises = state.stormRises;
    now.stormNs = state.stormNs;
    now.stormTrap = state.stormTrap;
    this.counts.raised = counts.raised;
    this.counts.merged = counts.merged;
    this.counts.masked = counts.masked;
    this.counts.lost = counts.lost;
    this.counts.spurious = counts.spurious;
    this.counts.taken = counts.taken;
    this.counts.storms = counts.storms;
  }

  /** Counts a rise. @returns whether with it the line has become a storm */
  storms(clock: LineClock): boolean {
    const { state, counts } = this;
    state.stormRises++;
    if (state.stormRises < STORM_RISES) return false;
    const { nowNs, traps: trap } = clock;
    const isStorm = nowNs - state.stormNs < STORM_NS && trap - state.stormTrap < STORM_RISES;
    state.stormRises = 0;
    state.stormNs = nowNs;
    state.stormTrap = trap;
    if (isStorm) counts.storms++;
    return isStorm;
  }

  get #isEdge(): boolean {
    return this.state.trigger === "edge" && this.state.guest !== "unknown";
  }

  #lose(): readonly LineNote[] {
    this.counts.lost++;
    return ["lost"];
  }
}
