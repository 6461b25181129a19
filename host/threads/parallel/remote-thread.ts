import { Worker } from "node:worker_threads";
import { AssemblyAbort } from "../../sandbox/fault.ts";
import type { Activation } from "../../vm/activation.ts";
import type { ThreadWork } from "../threads.ts";
import { awaitChange, mailboxIn, newMailbox, STATE, setState, textOf, WORD, type WorkerInput } from "./mailbox.ts";

/** What has come from a thread: a call to be made for it, or its end. */
export type Arrival =
  | { readonly kind: "call"; readonly index: number; readonly args: readonly number[] }
  | { readonly kind: "returned"; readonly result: number }
  | { readonly kind: "failed"; readonly error: Error; readonly limit: number };

/** The main thread's side of a vdev thread that runs on a worker. */
export class RemoteThread {
  readonly activation: Activation;
  readonly work: ThreadWork;
  readonly #bell: SharedArrayBuffer;
  readonly #buffer = newMailbox();
  readonly #box = mailboxIn(this.#buffer);
  #worker: Worker | undefined;
  /** What came is being dealt with, or waits. */
  #taken = false;

  /** @param bell counts what all threads have for the main one */
  constructor(activation: Activation, work: ThreadWork, bell: SharedArrayBuffer) {
    this.activation = activation;
    this.work = work;
    this.#bell = bell;
  }

  /**
   * Begins it. @param file what the worker runs; @param onGone called when nothing of it is left; @param onLost called when
   * the host could not run it
   */
  start(file: string, onGone: () => void, onLost: (error: Error) => void): void {
    const { instance, frame } = this.activation;
    const input: WorkerInput = {
      module: instance.module.shared!.thread,
      memory: instance.exports.memory,
      box: this.#buffer,
      bell: this.#bell,
      calls: instance.module.calls.map(({ module, name }) => ({ module, name })),
      frame,
      routine: this.work.routine,
      arg: this.work.arg,
    };
    const worker = new Worker(file, { workerData: input, execArgv: [] });
    this.#worker = worker;
    worker.on("exit", onGone);
    // The worker tells of every failure of the module by its mailbox: what comes this way is the host's.
    worker.on("error", onLost);
  }

  /** Whether it was begun and its worker does not run yet. */
  get isAwaited(): boolean {
    return this.#worker !== undefined && Atomics.load(this.#box.words, WORD.begun) === 0;
  }

  /** Whether there is something from it that nobody has dealt with. */
  get hasArrived(): boolean {
    if (this.#taken) return false;
    const state = Atomics.load(this.#box.words, WORD.state);
    return state === STATE.call || state >= STATE.returned;
  }

  /** Whether it has ended by a fault that nobody has dealt with. */
  get hasFailed(): boolean {
    return !this.#taken && Atomics.load(this.#box.words, WORD.state) > STATE.returned;
  }

  /** Says which of several came first. */
  get ticket(): number {
    return this.#box.words[WORD.ticket]!;
  }

  /** What has come from it. */
  take(): Arrival {
    this.#taken = true;
    const { words } = this.#box;
    const state = Atomics.load(words, WORD.state);
    if (state === STATE.call) {
      const args = [...words.subarray(WORD.args, WORD.args + words[WORD.count]!)];
      return { kind: "call", index: words[WORD.call]!, args };
    }
    if (state === STATE.returned) return { kind: "returned", result: words[WORD.result]! };
    const told = JSON.parse(textOf(this.#box)) as { name: string; message: string; stack: string };
    const { message } = told;
    const error = errorOf(state, told.name, message);
    error.stack = told.stack;
    return { kind: "failed", error, limit: words[WORD.limit]! };
  }

  /** Gives the result of the call that was taken: it goes on. */
  answer(result: number): void {
    this.#taken = false;
    this.#box.words[WORD.result] = result;
    setState(this.#box, STATE.answered);
  }

  /** Where the call was made that was taken and has no answer yet; undefined when there is none. */
  explain(): Error | undefined {
    if (!this.#taken) return undefined;
    const state = Atomics.load(this.#box.words, WORD.state);
    if (state !== STATE.call && state !== STATE.explained) return undefined;
    setState(this.#box, STATE.explain);
    if (awaitChange(this.#box, STATE.explain) !== STATE.explained) return undefined;
    const place = new Error("call");
    place.stack = textOf(this.#box);
    return place;
  }

  /** Ends it wherever it is. */
  stop(): void {
    this.#taken = true;
    setState(this.#box, STATE.end);
    void this.#worker?.terminate();
  }
}

/** The error a module ended with, as the host would have caught it. */
function errorOf(state: number, name: string, message: string): Error {
  if (state === STATE.aborted) return new AssemblyAbort(message);
  return name === "RangeError" ? new RangeError(message) : new WebAssembly.RuntimeError(message);
}
