import type { Factory } from "../vm/vdev.ts";
import type { Reachable } from "./analysis/reach.ts";
import type { EntryPoint } from "./entry-points.ts";
import type { CallsByIndex } from "./findings.ts";
import type { SourcePlaces } from "./places.ts";
import type { CheckFinding } from "./report.ts";

/** Calls that lead to a callback which a factory may leave out, and what happens without it. */
const NEEDS = [
  { call: "guest_timer_notify", member: "timer", text: "a vdev that uses guest_timer_notify() needs a timer callback" },
  { call: "vdev_pulse", member: "pulse", text: "a vdev that sends itself pulses needs a pulse callback" },
] as const;

/** The first place for each callback that a factory lacks, where one of its callbacks makes the call that leads to it. */
export function missingCallbacks(
  factory: Factory,
  analysed: readonly { readonly point: EntryPoint; readonly reachable: Reachable }[],
  calls: CallsByIndex,
  places: SourcePlaces,
): CheckFinding[] {
  const own = analysed.filter(({ point }) => point.factory === factory.name);
  return NEEDS.filter(({ member }) => factory[member] === 0).flatMap(({ call, member, text }) => {
    for (const { point, reachable } of own) {
      const reached = reachable.imports.find(({ callee }) => calls.get(callee!)?.name === call);
      if (reached === undefined) continue;
      const manual = calls.get(reached.callee!)!.source;
      const chain = places.chain(reached.via);
      const place = chain.at(-1)?.place;
      const finding: CheckFinding = {
        severity: "violation",
        rule: "callback",
        callback: point.title,
        call,
        message: `${point.title} can reach ${call}(), and the factory has no ${member} callback`,
        reason: { text: `${text}; qvm crashes without one`, status: "documented", ...(manual !== "" && { manual }) },
        ...(place !== undefined && { place }),
        chain,
        advice: `Set the factory's ${member} before vdev_register_factory().`,
      };
      return [finding];
    }
    return [];
  });
}
