import { THREAD } from "../gate/situation.ts";
import { ADDRESS_SPACE_LOCK } from "../vm/gasp-locks.ts";
import type { HeldLock } from "../vm/held-locks.ts";
import type { Vm } from "../vm/vm.ts";
import type { Places } from "./places.ts";

/** A lock that a thread took while it held another one. */
interface Edge {
  readonly first: string;
  readonly second: string;
  readonly lock: HeldLock;
  /** All it held then, by name. */
  readonly held: readonly string[];
  readonly thread: string;
  /** Where it took the second, and the first. */
  readonly place: Error | undefined;
  readonly firstPlace: Error | undefined;
}

/**
 * The orders in which threads take locks. Two orders that contradict each other are a deadlock that waits for its
 * schedule, also when this one was lucky. Orders that a common third lock keeps apart are none, and neither are those of
 * one thread.
 */
export class LockOrder {
  readonly #vm: Vm;
  readonly #places: Places;
  readonly #edges: Edge[] = [];
  readonly #taken = new WeakMap<HeldLock, Error>();
  /** The call in progress: who only tries a lock does not wait for it. */
  call = "";

  constructor(vm: Vm, places: Places) {
    this.#vm = vm;
    this.#places = places;
  }

  /** A schedule begins. */
  begin(): void {
    this.#edges.length = 0;
  }

  taken(lock: HeldLock, before: readonly HeldLock[]): void {
    const { current } = this.#vm.threads!;
    const place = this.#places.of(current);
    if (place !== undefined) this.#taken.set(lock, place);
    if (before.length === 0 || this.call === "pthread_mutex_trylock") return;
    const second = keyOf(lock);
    for (const other of before) {
      const first = keyOf(other);
      const known = this.#edges.some(
        (edge) => edge.first === first && edge.second === second && edge.thread === threadOf(lock),
      );
      if (known || first === second) continue;
      const held = before.map(keyOf);
      const edge: Edge = {
        first,
        second,
        lock,
        held,
        thread: threadOf(lock),
        place,
        firstPlace: this.#taken.get(other),
      };
      const circle = this.#circle(edge);
      this.#edges.push(edge);
      if (circle !== undefined) this.#report(circle);
    }
  }

  /** Earlier edges that lead from the second lock of an edge back to its first, each by a thread of its own. */
  #circle(edge: Edge): readonly Edge[] | undefined {
    const search = (path: readonly Edge[]): readonly Edge[] | undefined => {
      const last = path.at(-1)!;
      if (last.second === edge.first) return isGuarded(path) ? undefined : path;
      for (const next of this.#edges) {
        if (next.first !== last.second || path.some((one) => !this.#canMeet(one, next))) continue;
        const found = search([...path, next]);
        if (found !== undefined) return found;
      }
      return undefined;
    };
    return search([edge]);
  }

  /** Two vCPUs may do what one did: but one thread never meets itself. */
  #canMeet(one: Edge, other: Edge): boolean {
    if (one.thread !== other.thread) return true;
    return one.lock.thread === THREAD.vcpu && this.#vm.plan.cpus > 1;
  }

  #report(circle: readonly Edge[]): void {
    const names = circle.map(({ lock, thread }, i) => {
      const before = circle.at(i - 1)!.lock;
      return `${thread} takes ${lock.name} while it holds ${before.name}`;
    });
    const [edge, ...others] = circle;
    this.#vm.findings.record(edge!.lock.instance, {
      severity: "warning",
      rule: "lock-order",
      message: `locks are taken in contradicting orders: ${names.join("; ")}`,
      advice: "Take locks in one order everywhere: this can deadlock, though it did not here.",
      ...(edge!.place !== undefined && { stackOf: edge!.place }),
      also: [
        { what: `${edge!.thread} took the first lock`, stackOf: edge!.firstPlace },
        ...others.flatMap(({ thread, place, firstPlace }) => [
          { what: `${thread} takes the other way round`, stackOf: place },
          { what: `${thread} took the first lock`, stackOf: firstPlace },
        ]),
      ],
    });
  }
}

/** Whether all who are in a circle hold one more lock, so that they never are in it at once. */
function isGuarded(path: readonly Edge[]): boolean {
  const inCircle = path.map(({ first }) => first);
  return path[0]!.held.some((lock) => !inCircle.includes(lock) && path.every(({ held }) => held.includes(lock)));
}

function keyOf(lock: HeldLock): string {
  return lock.name === ADDRESS_SPACE_LOCK ? lock.name : `${lock.instance.id} ${lock.name}`;
}

function threadOf({ owner, thread, vcpu }: HeldLock): string {
  return owner?.name ?? (thread === THREAD.vcpu ? `vCPU ${vcpu}` : "a thread");
}
