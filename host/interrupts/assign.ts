import {
  GIAT_EXCLUSIVE,
  GIAT_RESERVED,
  GIAT_SHAREABLE,
  GIAT_SPECIAL,
  GIAT_UNUSED,
} from "../../abi/generated/constants.ts";
import { type Controllers, formatPin, type Pic } from "./controllers.ts";
import { automaticLines } from "./host-pics.ts";
import type { Line, Source } from "./line.ts";
import type { InterruptLines } from "./lines.ts";

/** Who asks for a line. */
export type Claimant = Omit<Source, "bit">;

/** Bit 31 is the host's own, for MSIs. */
export const MSI_SOURCE = 0x8000_0000;
const SOURCE_BITS = 31;

const NAMES: Record<number, string> = {
  [GIAT_UNUSED]: "GIAT_UNUSED",
  [GIAT_SHAREABLE]: "GIAT_SHAREABLE",
  [GIAT_RESERVED]: "GIAT_RESERVED",
  [GIAT_EXCLUSIVE]: "GIAT_EXCLUSIVE",
  [GIAT_SPECIAL]: "GIAT_SPECIAL",
};

/**
 * Connects a source with a line. A line only moves upwards in the order of guest_intr_assign_type, and an exclusive one
 * has one source.
 * @returns the source, or why not, as a sentence
 */
export function connect(lines: InterruptLines, line: Line, type: number, claimant: Claimant): Source | string {
  const { state } = line;
  const name = formatPin(line);
  if (NAMES[type] === undefined) return `${type} is no guest_intr_assign_type`;
  if (state.assigned === GIAT_EXCLUSIVE) return `${name} belongs to ${ownersOf(line)} alone`;
  if (type < state.assigned) {
    return `${name} is assigned as ${NAMES[state.assigned]} and cannot go back to ${NAMES[type]}`;
  }
  if (type === GIAT_EXCLUSIVE && state.sources.length > 0) {
    return `${name} cannot become exclusive, it is shared with ${ownersOf(line)}`;
  }
  const used = state.sources.reduce((bits, { bit }) => bits | bit, 0);
  let index = 0;
  while (index < SOURCE_BITS && ((used >>> index) & 1) === 1) index++;
  if (index === SOURCE_BITS) return `${name} has ${SOURCE_BITS} sources, and no more can share a line`;
  const source = { bit: (1 << index) >>> 0, ...claimant };
  state.sources = [...state.sources, source];
  state.assigned = type;
  lines.changed(line);
  return source;
}

/** What `intr` in a configuration does: shareable, unless the line already is more. */
export function connectConfigured(lines: InterruptLines, line: Line, claimant: Claimant): Source | string {
  const { assigned } = line.state;
  if (assigned === GIAT_SPECIAL) return `${formatPin(line)} cannot be named in a configuration`;
  return connect(lines, line, Math.max(assigned, GIAT_SHAREABLE), claimant);
}

/** Whether somebody has a line, by an `intr` option or by a call. */
export function isTaken(lines: InterruptLines, pic: Pic, line: number): boolean {
  const state = lines.peek(pic, line)?.state;
  return state !== undefined && (state.assigned !== GIAT_UNUSED || state.sources.length > 0);
}

function ownersOf(line: Line): string {
  return [...new Set(line.state.sources.map(({ owner }) => owner))].join(", ") || "the controller";
}

/**
 * The line automatic assignment takes: the first free one, and when there is none the first shareable one. The
 * controllers are asked in the order of the configuration; one whose lines all are taken is passed over. With none
 * declared it is the gic's turn, whose lines are the most. No page says which qvm chooses.
 * @param reserved numbers of lines that are given to nobody
 */
export function automaticLine(
  controllers: Controllers,
  lines: InterruptLines,
  reserved: ReadonlySet<number>,
): { pic: Pic; line: number } | undefined {
  for (const wanted of [GIAT_UNUSED, GIAT_SHAREABLE]) {
    for (const pic of controllers.all) {
      for (const line of candidates(pic)) {
        if (reserved.has(line)) continue;
        if ((lines.peek(pic, line)?.state.assigned ?? GIAT_UNUSED) === wanted) return { pic, line };
      }
    }
  }
  return undefined;
}

function candidates(pic: Pic): Iterable<number> {
  return pic.kind === "host" ? automaticLines(pic.type) : Array.from({ length: pic.lines }, (_, line) => line);
}
