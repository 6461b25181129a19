import {
  CALLBACKS,
  type CallbackName,
  PHASES,
  type Phase,
  THREADS,
  type ThreadKind,
} from "../../abi/definition/schema.ts";
import * as L from "../dispatcher/assembly/layout.ts";

/** Indices of a context block's words, relative to the block. */
const WORD = {
  callback: L.CONTEXT_CALLBACK >> 2,
  thread: L.CONTEXT_THREAD_KIND >> 2,
  vdev: L.CONTEXT_VDEV >> 2,
  vcpu: L.CONTEXT_VCPU >> 2,
  trap: L.CONTEXT_TRAP >> 2,
  phase: L.CONTEXT_PHASE >> 2,
} as const;

/** Numbers of callbacks, threads and phases as the context words hold them. */
export const CALLBACK = Object.fromEntries(CALLBACKS.map((name, i) => [name, i])) as Record<CallbackName, number>;
export const THREAD = Object.fromEntries(THREADS.map((name, i) => [name, i])) as Record<ThreadKind, number>;
export const PHASE = Object.fromEntries(PHASES.map((name, i) => [name, i])) as Record<Phase, number>;

/** What was in progress when something happened. */
export interface Situation {
  readonly phase: Phase;
  readonly callback: CallbackName;
  readonly thread: ThreadKind;
  /** Set on a vCPU thread. */
  readonly vcpu: number | undefined;
  /** Index of the vdev in the VM; -1 when a module's start function runs. */
  readonly vdev: number;
  /** Number of the last guest access, 0 before the first. */
  readonly trap: number;
}

/**
 * The context words of one host thread. The dispatcher writes them before it calls a vdev, the VM before every other
 * callback, and gates read them. They are in the dispatcher's memory, which no vdev module can reach.
 */
export class Context {
  readonly words: Int32Array;
  /** Index of the block's first word. */
  readonly at: number;

  constructor(words: Int32Array, thread = 0) {
    this.words = words;
    this.at = (L.CONTEXT + thread * L.CONTEXT_BYTES) >> 2;
  }

  get callback(): number {
    return this.words[this.at + WORD.callback]!;
  }

  get thread(): number {
    return this.words[this.at + WORD.thread]!;
  }

  get vdev(): number {
    return this.words[this.at + WORD.vdev]!;
  }

  get vcpu(): number {
    return this.words[this.at + WORD.vcpu]!;
  }

  get trap(): number {
    return this.words[this.at + WORD.trap]! >>> 0;
  }

  set trap(value: number) {
    this.words[this.at + WORD.trap] = value;
  }

  get phase(): number {
    return this.words[this.at + WORD.phase]!;
  }

  set phase(value: number) {
    this.words[this.at + WORD.phase] = value;
  }

  enter(callback: number, thread: number, vdev: number, vcpu: number): void {
    this.words[this.at + WORD.callback] = callback;
    this.words[this.at + WORD.thread] = thread;
    this.words[this.at + WORD.vdev] = vdev;
    this.words[this.at + WORD.vcpu] = vcpu;
  }

  situation(): Situation {
    const thread = THREADS[this.thread]!;
    return {
      phase: PHASES[this.phase]!,
      callback: CALLBACKS[this.callback]!,
      thread,
      vcpu: thread === "vcpu" ? this.vcpu : undefined,
      vdev: this.vdev,
      trap: this.trap,
    };
  }
}
