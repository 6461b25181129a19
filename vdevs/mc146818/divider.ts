/**
 * The divider chain of the mc146818: when update cycles and periodic interrupts come. All times are those of state.ts;
 * a count of events is computed, never ticked.
 */
import { update_time, updates_to_alarm, updates_to_change } from "./calendar";
import { A_RS, A_RW, B_AIE, B_DSE, B_PIE, B_RW, B_SET, B_UIE, C_PF, C_UF } from "./registers";
import { b_has, byte_at, mc146818_state } from "./state";

/** Nothing will come. */
export const NEVER: u64 = u64.MAX_VALUE;
/** From UIP to the begin of an update cycle, and from there to its end, at 32768 Hz. */
const BEFORE_UPDATE_US: u64 = 244;
const UPDATE_US: u64 = 1984;

function microseconds(state: mc146818_state, us: u64): u64 {
  return (us * state.second) / 1000000;
}

// ----------------------------------------------------------------------------------------------------------- dividing

/** At power-on the divider has run for long: the first update ends with the first full second of the guest's clock. */
export function power_on(state: mc146818_state): void {
  state.runs = true;
  state.anchor = state.second - microseconds(state, UPDATE_US);
  state.updates = 0;
  skip_edges(state, state.second);
}

/** The divider leaves its reset: the first update cycle begins half a second later. */
export function release(state: mc146818_state, now: u64): void {
  state.runs = true;
  state.anchor = now - state.second / 2;
  state.updates = 0;
  skip_edges(state, now);
}

/** Update cycles that have begun, and those that have ended. */
function begun(state: mc146818_state, now: u64): u64 {
  return (now - state.anchor) / state.second;
}

function ended(state: mc146818_state, now: u64): u64 {
  return (now - state.anchor - microseconds(state, UPDATE_US)) / state.second;
}

/** SET has gone: the update that may be in its time now was inhibited, the next one counts. */
export function resume_updates(state: mc146818_state, now: u64): void {
  if (state.runs) state.updates = begun(state, now);
}

/** UIP: from 244 us before an update to its end. */
export function update_in_progress(state: mc146818_state, now: u64): bool {
  if (!state.runs || b_has(state, B_SET)) return false;
  const phase = (now - state.anchor) % state.second;
  if (phase >= state.second - microseconds(state, BEFORE_UPDATE_US)) return true;
  return phase < microseconds(state, UPDATE_US) && state.updates < begun(state, now);
}

// ----------------------------------------------------------------------------------------------------------- periodic

/** Periodic interrupts in a second as RS selects them, 0 for none. Codes 1 and 2 repeat 8 and 9. */
function frequency(state: mc146818_state): u64 {
  const code = byte_at(state, A_RW) & A_RS;
  return code == 0 ? 0 : <u64>(65536 >>> (code < 3 ? code + 7 : code));
}

/** Edges of the selected tap since the anchor: the first after half a period, so that updates lie between two. */
function edges_at(state: mc146818_state, now: u64): u64 {
  const rate = frequency(state);
  const since = now - state.anchor;
  const part = ((since % state.second) * 2 * rate + state.second) / (2 * state.second);
  return (since / state.second) * rate + part;
}

/** Edges up to now count for nothing: another tap was selected, or the divider was reset. */
export function skip_edges(state: mc146818_state, now: u64): void {
  state.edges = state.runs ? edges_at(state, now) : 0;
}

function next_edge(state: mc146818_state): u64 {
  const rate = 2 * frequency(state);
  const halves = 2 * state.edges + 1; // halves of a period up to the next edge
  const part = ((halves % rate) * state.second + rate - 1) / rate;
  return state.anchor + (halves / rate) * state.second + part;
}

// ------------------------------------------------------------------------------------------------------------- events

/** Brings time and flags up to date. */
export function catch_up(state: mc146818_state, now: u64): void {
  if (!state.runs) return;
  const updates = ended(state, now);
  if (updates > state.updates && !b_has(state, B_SET)) {
    update_time(state, updates - state.updates);
    state.updates = updates;
    state.flags |= C_UF;
  }
  if (frequency(state) == 0) return;
  const edges = edges_at(state, now);
  if (edges > state.edges) state.flags |= C_PF;
  state.edges = edges;
}

/** When the next interrupt may come that is enabled, its flag being clear. */
export function next_interrupt(state: mc146818_state, now: u64): u64 {
  if (!state.runs || (state.flags & byte_at(state, B_RW)) != 0) return NEVER;
  let next = NEVER;
  if (b_has(state, B_PIE) && frequency(state) != 0) next = next_edge(state);
  if (b_has(state, B_SET)) return next;
  if (b_has(state, B_UIE)) return min(next, update_end(state, 1));
  if (!b_has(state, B_AIE)) return next;
  const updates = <u64>updates_to_alarm(state);
  if (updates != 0) next = min(next, update_end(state, updates));
  return b_has(state, B_DSE) ? min(next, update_end(state, updates_to_change(state))) : next;
}

/** When the update ends that is so many after the last that was dealt with. */
function update_end(state: mc146818_state, updates: u64): u64 {
  return state.anchor + (state.updates + updates) * state.second + microseconds(state, UPDATE_US);
}
