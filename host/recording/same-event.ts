import type { RecordingEvent } from "./event.ts";

type Access = Extract<RecordingEvent, { kind: "read" | "write" }>;

export function isAccess(event: RecordingEvent): event is Access {
  return event.kind === "read" || event.kind === "write";
}

/** Whether two accesses have the same line, found out without writing it. */
export function sameAccess(a: Access, b: Access): boolean {
  return (
    a.kind === b.kind &&
    a.width === b.width &&
    carriedBy(a) === carriedBy(b) && // in front: what differs in a loop is what it reads
    a.address === b.address &&
    a.space === b.space &&
    a.vcpu === b.vcpu &&
    a.outcome === b.outcome
  );
}

/** A read that was refused has none. */
function carriedBy(access: Access): bigint | undefined {
  return access.kind === "write" || access.outcome === "ok" ? access.value : undefined;
}
