/** Schedules that are followed. Oracle: the list of decisions itself. */
import { expect, it } from "vitest";
import type { Thread } from "../threads/thread.ts";
import type { Threads } from "../threads/threads.ts";
import { ACTOR, actorOf } from "./actor.ts";
import { FollowingChooser, PLAIN } from "./chooser.ts";
import { Interleaving } from "./interleaving.ts";

it("follows a list at its own place when another chooser has decided in between", () => {
  const [one, other] = [actorOf(ACTOR.thread, 1), actorOf(ACTOR.thread, 2)];
  const ready = [1, 2].map((id) => ({ id, state: "ready" }) as Thread);
  const schedule = new Interleaving();
  schedule.threads = { ready, all: ready, awaits: true } as unknown as Threads;
  const list = [other, one, other, one];
  const chooser = new FollowingChooser(list);
  schedule.begin(chooser);
  const came = [schedule.next()];
  schedule.chooser = PLAIN;
  came.push(schedule.next());
  schedule.chooser = chooser;
  came.push(schedule.next(), schedule.next());
  expect(came).toEqual(list);
  expect(schedule.decisions).toEqual(list);
});
