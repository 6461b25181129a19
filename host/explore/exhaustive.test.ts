/**
 * Toy threads that read and write numbers, and locks they wait for. Oracle: every order of their steps, by plain
 * recursion without leaving anything out.
 */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ByteSpan } from "../races/footprint.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { ExhaustiveChooser } from "./exhaustive.ts";
import type { Step } from "./step.ts";

/** `add`: variable += constant * (other variable + 1). A thread whose lock is taken cannot go on. */
type Op =
  | { readonly kind: "add"; readonly to: number; readonly from: number; readonly by: number }
  | { readonly kind: "lock" | "unlock"; readonly lock: number };
type Program = readonly (readonly Op[])[];

const instance = {} as ModuleInstance;
const span = (variable: number): ByteSpan => ({ instance, start: variable, end: variable + 1 });
const LOCKS = [{}, {}];

class Toy {
  readonly variables = [1, 2, 3];
  readonly at: number[];
  readonly holders: (number | undefined)[] = LOCKS.map(() => undefined);
  readonly program: Program;
  reads: ByteSpan[] = [];
  writes: ByteSpan[] = [];
  syncs = new Set<object>();

  constructor(program: Program) {
    this.program = program;
    this.at = program.map(() => 0);
  }

  enabled(): number[] {
    return this.program.flatMap((ops, thread) => {
      const op = ops[this.at[thread]!];
      if (op === undefined) return [];
      return op.kind === "lock" && this.holders[op.lock] !== undefined ? [] : [thread];
    });
  }

  step(thread: number): void {
    const op = this.program[thread]![this.at[thread]!++]!;
    if (op.kind === "add") {
      this.variables[op.to]! += op.by * (this.variables[op.from]! + 1);
      this.variables[op.to]! %= 1_000_003;
      this.reads.push(span(op.from), span(op.to));
      this.writes.push(span(op.to));
      return;
    }
    this.syncs.add(LOCKS[op.lock]!);
    this.holders[op.lock] = op.kind === "lock" ? thread : undefined;
  }

  /** Where it stands: also how far everybody came, so that a deadlock differs from an end. */
  state(): string {
    return JSON.stringify([this.variables, this.at]);
  }

  take(): Step {
    const memory = { reads: this.reads, writes: this.writes, syncs: this.syncs };
    [this.reads, this.writes, this.syncs] = [[], [], new Set()];
    return { memory, touched: new Set(), isGlobal: false };
  }
}

function everyOrder(program: Program): { states: Set<string>; orders: number } {
  const states = new Set<string>();
  let orders = 0;
  const go = (path: readonly number[]): void => {
    const toy = new Toy(program);
    for (const thread of path) toy.step(thread);
    const enabled = toy.enabled();
    if (enabled.length === 0) {
      states.add(toy.state());
      orders++;
    }
    for (const thread of enabled) go([...path, thread]);
  };
  go([]);
  return { states, orders };
}

function searched(program: Program): { states: Set<string>; orders: number } {
  const states = new Set<string>();
  let orders = 0;
  let toy = new Toy(program);
  const chooser = new ExhaustiveChooser({ take: () => toy.take() });
  do {
    toy = new Toy(program);
    chooser.begin();
    // Actors are threads, whose kind is 0: thread n is 8n.
    for (let enabled = toy.enabled(); enabled.length > 0; enabled = toy.enabled()) {
      const actors = enabled.map((thread) => thread << 3);
      if (actors.length === 1) chooser.only(actors[0]!);
      toy.step(actors.length === 1 ? enabled[0]! : chooser.choose(-1, actors) >> 3);
    }
    if (!chooser.repeated) states.add(toy.state());
    orders++;
  } while (chooser.advance());
  return { states, orders };
}

const variable = fc.nat(2);
const add = fc.record({
  kind: fc.constant("add" as const),
  to: variable,
  from: variable,
  by: fc.integer({ min: 1, max: 9 }),
});
/** Some operations under a lock, or without. */
const block = fc
  .tuple(fc.option(fc.nat(1)), fc.array(add, { minLength: 1, maxLength: 2 }))
  .map(([lock, ops]): Op[] => (lock === null ? ops : [{ kind: "lock", lock }, ...ops, { kind: "unlock", lock }]));
const program = fc.array(
  fc.array(block, { minLength: 1, maxLength: 1 }).map((blocks) => blocks.flat()),
  { minLength: 2, maxLength: 3 },
);

describe("trying every order", () => {
  it("comes to every state that some order leads to, in no more schedules", () => {
    fc.assert(
      fc.property(program, (threads) => {
        const all = everyOrder(threads);
        const found = searched(threads);
        expect(found.states).toEqual(all.states);
        expect(found.orders).toBeLessThanOrEqual(all.orders);
      }),
      { numRuns: 60 },
    );
  });

  it("runs threads that have nothing to do with each other once", () => {
    const own = (to: number): Op[] => [
      { kind: "add", to, from: to, by: 2 },
      { kind: "add", to, from: to, by: 3 },
    ];
    expect(everyOrder([own(0), own(1), own(2)]).orders).toBe(90); // 6! / 2!^3
    // What is asleep everywhere is noticed only when it comes up: such runs count, and lead to nothing new.
    expect(searched([own(0), own(1), own(2)]).states.size).toBe(1);
    expect(searched([own(0), own(1), own(2)]).orders).toBeLessThan(20);
  });

  it("finds the deadlock of two locks taken in different orders", () => {
    const [a, b] = [0, 1];
    const threads: Program = [
      [
        { kind: "lock", lock: a },
        { kind: "lock", lock: b },
        { kind: "unlock", lock: b },
        { kind: "unlock", lock: a },
      ],
      [
        { kind: "lock", lock: b },
        { kind: "lock", lock: a },
        { kind: "unlock", lock: a },
        { kind: "unlock", lock: b },
      ],
    ];
    expect([...searched(threads).states].some((state) => JSON.parse(state)[1].join() === "1,1")).toBe(true);
  });
});
