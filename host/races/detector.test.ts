/**
 * Which accesses race. Oracle: the definition, over whole random traces. Event i happens before event j when the same
 * thread does both in that order, when i releases what j acquires later, when i makes j's thread or j learns of the end of
 * i's, and by any chain of these. Two accesses race when neither happens before the other.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ByteHistory } from "./byte-history.ts";
import { HappensBefore } from "./happens-before.ts";

interface Access {
  readonly op: "access";
  readonly thread: number;
  readonly address: number;
  readonly bytes: number;
  readonly writes: boolean;
  readonly atomic: boolean;
}
type Event =
  | Access
  | { readonly op: "acquire" | "release"; readonly thread: number; readonly sync: number }
  | { readonly op: "fork" | "join"; readonly thread: number; readonly other: number };

const thread = fc.integer({ min: 0, max: 3 });
const event: fc.Arbitrary<Event> = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      op: fc.constant("access" as const),
      thread,
      address: fc.integer({ min: 0, max: 6 }),
      bytes: fc.constantFrom(1, 2, 4),
      writes: fc.boolean(),
      atomic: fc.constant(false),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      op: fc.constant("access" as const),
      thread,
      address: fc.constantFrom(0, 4),
      bytes: fc.constant(4),
      writes: fc.boolean(),
      atomic: fc.constant(true),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      op: fc.constantFrom("acquire" as const, "release" as const),
      thread,
      sync: fc.integer({ min: 0, max: 1 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ op: fc.constantFrom("fork" as const, "join" as const), thread, other: thread }) },
);

/** Whether event i comes directly before event j, i earlier in the trace. */
function isDirectlyBefore(one: Event, other: Event): boolean {
  if (one.thread === other.thread) return true;
  if (one.op === "release" && other.op === "acquire") return one.sync === other.sync;
  if (one.op === "fork" && one.other === other.thread) return true;
  if (other.op === "join" && other.other === one.thread) return true;
  // A thread that does nothing has a beginning and an end all the same.
  if (one.op === "fork" && other.op === "join" && one.other === other.other) return true;
  // Atomic writes release, all atomic operations acquire the word.
  return (
    one.op === "access" &&
    other.op === "access" &&
    one.atomic &&
    other.atomic &&
    one.writes &&
    one.address === other.address
  );
}

/** Pairs of racing events, as "i j". */
function racesOf(trace: readonly Event[]): Set<string> {
  const before = trace.map(() => new Set<number>());
  const races = new Set<string>();
  trace.forEach((other, j) => {
    for (let i = j - 1; i >= 0; i--) {
      if (before[j]!.has(i) || !isDirectlyBefore(trace[i]!, other)) continue;
      before[j]!.add(i);
      for (const earlier of before[i]!) before[j]!.add(earlier);
    }
    for (let i = 0; i < j; i++) {
      const one = trace[i]!;
      if (before[j]!.has(i) || one.op !== "access" || other.op !== "access") continue;
      const meets = one.address < other.address + other.bytes && other.address < one.address + one.bytes;
      if (meets && (one.writes || other.writes) && !(one.atomic && other.atomic)) races.add(`${i} ${j}`);
    }
  });
  return races;
}

/** What the detector finds, in the order it does. */
function foundIn(trace: readonly Event[]): string[] {
  const order = new HappensBefore();
  const history = new ByteHistory(order);
  const syncs: object[] = Array.from({ length: 20 }, () => ({}));
  const found: string[] = [];
  trace.forEach((event, j) => {
    const { thread } = event;
    const epoch = order.begin(thread);
    if (event.op === "access") {
      const word = syncs[10 + event.address]!;
      if (event.atomic) order.acquire(thread, word);
      history.touch({ ...event, site: j + 1 }, epoch, thread, ({ site }) => found.push(`${site - 1} ${j}`));
      if (event.atomic && event.writes) order.release(thread, word);
    } else if (event.op === "acquire") order.acquire(thread, syncs[event.sync]!);
    else if (event.op === "release") order.release(thread, syncs[event.sync]!);
    else if (event.op === "fork") order.order(thread, event.other);
    else if (event.op === "join") order.order(event.other, thread);
  });
  return found;
}

describe("races in a trace", () => {
  it("are found where the definition says, and the earliest one always is", () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 40 }), (trace) => {
        const races = racesOf(trace);
        const found = foundIn(trace);
        expect(found.filter((pair) => !races.has(pair))).toEqual([]);
        const ends = (pairs: Iterable<string>) => [...pairs].map((pair) => Number(pair.split(" ")[1]));
        expect(Math.min(...ends(found))).toBe(Math.min(...ends(races)));
      }),
      { numRuns: 5000 },
    );
  });
});

describe("HappensBefore", () => {
  it("takes for over what it has forgotten", () => {
    const order = new HappensBefore();
    const epoch = order.begin(0);
    order.begin(1);
    expect(order.isOver(epoch, 1)).toBe(false);
    order.forget();
    expect(order.isOver(epoch, 1)).toBe(true);
    expect(order.begin(0)).toBeGreaterThan(epoch);
  });

  it("does not let what comes behind a release go with it", () => {
    const order = new HappensBefore();
    const sync = {};
    const before = order.begin(0);
    order.release(0, sync);
    const behind = order.begin(0);
    order.begin(1);
    order.acquire(1, sync);
    expect([order.isOver(before, 1), order.isOver(behind, 1)]).toEqual([true, false]);
  });
});
