/**
 * What a call answers when the thread that made it waits: the module is unwound, and the call's result is what its
 * continuation gives when the thread goes on.
 */
export const SUSPENDED: unique symbol = Symbol("suspended");
export type Suspended = typeof SUSPENDED;

/** Goes on with a call's result, now or when the thread that waits for it is resumed. */
export type Continuation = (inner: number | undefined) => number | Suspended;
