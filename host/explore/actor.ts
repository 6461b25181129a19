/**
 * Who may go on next, as one small number, because millions of them are compared: its kind in the low bits, which one it
 * is above.
 */
export type Actor = number;

/**
 * - `thread`: that thread's turn;
 * - `vcpu`: that vCPU makes its next access;
 * - `time`: virtual time goes to the next alarm;
 * - `late`: the same, and the alarm goes off a while after its time;
 * - `wake`: that thread's wait for a condition variable ends, and nobody signalled;
 * - `outside`: what comes from outside the guest, the next of a list;
 * - `end`: the VM ends, at once.
 */
export const ACTOR_KINDS = ["thread", "vcpu", "time", "late", "wake", "outside", "end"] as const;
export type ActorKind = (typeof ACTOR_KINDS)[number];

const SHIFT = 3;
const MASK = (1 << SHIFT) - 1;

/** Numbers of the kinds. */
export const ACTOR = Object.fromEntries(ACTOR_KINDS.map((kind, i) => [kind, i])) as Record<ActorKind, number>;

export function actorOf(kind: number, which = 0): Actor {
  return (which << SHIFT) | kind;
}

export function kindOf(actor: Actor): number {
  return actor & MASK;
}

export function whichOf(actor: Actor): number {
  return actor >>> SHIFT;
}

/** Whether it is something that need not ever happen. */
export function isFault(actor: Actor): boolean {
  const kind = kindOf(actor);
  return kind === ACTOR.late || kind === ACTOR.wake || kind === ACTOR.end;
}

/** `vcpu0`, `thread3`, `time`: as recordings have it. */
export function formatActor(actor: Actor): string {
  const kind = ACTOR_KINDS[kindOf(actor)]!;
  return kind === "thread" || kind === "vcpu" || kind === "wake" ? `${kind}${whichOf(actor)}` : kind;
}

/** @returns undefined for what is no actor */
export function parseActor(text: string): Actor | undefined {
  const match = /^([a-z]+)(0|[1-9]\d{0,7})?$/.exec(text);
  const kind = ACTOR_KINDS.indexOf(match?.[1] as ActorKind);
  if (match === null || kind < 0) return undefined;
  const actor = actorOf(kind, Number(match[2] ?? 0));
  return formatActor(actor) === text ? actor : undefined;
}
