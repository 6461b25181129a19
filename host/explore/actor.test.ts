import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ACTOR, ACTOR_KINDS, actorOf, formatActor, isFault, kindOf, parseActor, whichOf } from "./actor.ts";

describe("actors", () => {
  it("are read as they are written", () => {
    fc.assert(
      fc.property(fc.constantFrom(...ACTOR_KINDS), fc.nat(9_999_999), (kind, which) => {
        const numbered = ["thread", "vcpu", "wake"].includes(kind);
        const actor = actorOf(ACTOR[kind], numbered ? which : 0);
        expect(parseActor(formatActor(actor))).toBe(actor);
        expect([kindOf(actor), whichOf(actor)]).toEqual([ACTOR[kind], numbered ? which : 0]);
      }),
    );
  });

  it.each(["", "thread", "thread-1", "thread01", "time3", "vcpu1 ", "vcpu1x", "Thread1", "thread999999999", "no"])(
    "%j is none",
    (text) => expect(parseActor(text)).toBeUndefined(),
  );

  it("that need not happen are faults", () => {
    const faults = ACTOR_KINDS.filter((kind) => isFault(actorOf(ACTOR[kind])));
    expect(faults).toEqual(["late", "wake", "end"]);
  });
});
