import { VFF_MUTEX } from "../../abi/generated/constants.ts";
import { vdev_s } from "../../abi/generated/layouts.ts";
import type { Factory } from "../vm/vdev.ts";
import type { Reachability } from "./analysis/reach.ts";
import type { EntryPoint } from "./entry-points.ts";
import type { CallsByIndex } from "./findings.ts";
import type { SourcePlaces } from "./places.ts";
import type { CheckFinding } from "./report.ts";

/** Stands for the vdev_t a callback is given: a number no module has by chance, which is followed as constants are. */
const VDEV = 0x7e57_0000;
const V_MTX = VDEV + vdev_s.v_mtx;
/** Calls that need a mutex, by the argument that is one. */
const USES: ReadonlyMap<string, number> = new Map([
  ["pthread_mutex_lock", 0],
  ["pthread_mutex_trylock", 0],
  ["pthread_mutex_timedlock", 0],
  ["pthread_mutex_unlock", 0],
  ["pthread_cond_wait", 1],
  ["pthread_cond_timedwait", 1],
]);

/** The first place where a vdev uses its v_mtx although nobody makes it a mutex. */
export function unmadeMutex(
  factory: Factory,
  points: readonly EntryPoint[],
  reachability: Reachability,
  calls: CallsByIndex,
  places: SourcePlaces,
): CheckFinding[] {
  if ((factory.flags & VFF_MUTEX) !== 0 || ![...calls.values()].some(({ name }) => USES.has(name))) return [];
  const found: CheckFinding[] = [];
  for (const point of points) {
    if (point.factory !== factory.name || point.callback === "thread") continue;
    for (const { callee, via, args } of reachability.from(point.func, [VDEV, ...point.args.slice(1)]).imports) {
      const entry = calls.get(callee!);
      const given = (at: number) => args.some((one) => one[at] === V_MTX);
      if (entry?.name === "pthread_mutex_init" && given(0)) return []; // the vdev makes it itself
      if (entry === undefined || !USES.has(entry.name) || !given(USES.get(entry.name)!)) continue;
      const chain = places.chain(via);
      const place = chain.at(-1)?.place;
      found.push({
        severity: "violation",
        rule: "argument",
        callback: point.title,
        call: entry.name,
        message: `${point.title} can reach ${entry.name}() with v_mtx, which nobody makes a mutex: the factory has no VFF_MUTEX`,
        reason: { text: "qvm initialises v_mtx of a vdev whose factory has VFF_MUTEX", status: "documented" },
        ...(place !== undefined && { place }),
        chain,
        advice: "Add VFF_MUTEX to the factory's factory_flags.",
      });
    }
  }
  return found.slice(0, 1);
}
