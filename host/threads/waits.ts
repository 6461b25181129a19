import type { Remark } from "../vm/findings.ts";
import type { Thread, Wait } from "./thread.ts";

/** What a thread waits for, as a sentence has it. */
export function describeWait(wait: Wait | undefined): string {
  if (wait === undefined || wait.for === "turn") return "its turn";
  if (wait.for === "time") return "time to pass";
  if (wait.for === "join") return `the end of ${wait.of.name}`;
  const owner = wait.for === "mutex" ? wait.holder()?.owner : undefined;
  return `${wait.name}${owner === undefined ? "" : `, which ${owner.name} holds`}`;
}

/** A thread and whom it waits for, up to where the chain ends or comes back to where it began. */
export function waitChain(thread: Thread): Thread[] {
  const chain: Thread[] = [];
  for (let next: Thread | undefined = thread; next !== undefined && !chain.includes(next); ) {
    chain.push(next);
    const { wait }: Thread = next;
    next = wait?.for === "mutex" ? wait.holder()?.owner : wait?.for === "join" ? wait.of : undefined;
  }
  return chain;
}

/** Where each thread of a chain waits, and where what it waits for was locked; what is not known is left out. */
export function waitPlaces(chain: readonly Thread[]): NonNullable<Remark["also"]> {
  return chain.flatMap(({ name, wait, waitsAt }) => {
    const holder = wait?.for === "mutex" ? wait.holder() : undefined;
    return [
      ...(waitsAt === undefined ? [] : [{ what: `${name} waits`, stackOf: waitsAt }]),
      ...(holder?.call === undefined
        ? []
        : [{ what: `${holder.owner?.name ?? "somebody"} locked ${holder.name}`, stackOf: holder.call }]),
    ];
  });
}
