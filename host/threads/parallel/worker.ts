/**
 * One vdev thread on a thread of the host's own: an instance of its module over the memory they share. Every call to the
 * host is made by the main thread, and waits here for its answer.
 */
import { workerData } from "node:worker_threads";
import { SHAPE } from "../../sandbox/contract.ts";
import { SHARED_HOOKS } from "../../sandbox/passes/pass.ts";
import { waitForLock } from "../../sandbox/shared-memory.ts";
import { awaitChange, mailboxIn, STATE, setState, setText, WORD, type WorkerInput } from "./mailbox.ts";

/** Frames of a stack that are told. */
const STACK_FRAMES = 50;
/** Characters of a message of abort(). */
const MESSAGE_LIMIT = 2000;

/** Thrown through the module: the main thread has ended this one. */
class Ended extends Error {}
/** abort() was called. */
class Aborted extends Error {}

const input = workerData as WorkerInput;
const box = mailboxIn(input.box);
const bell = new Int32Array(input.bell);
let fuel: WebAssembly.Global | undefined;
let budget: WebAssembly.Global | undefined;

/** Tells the main thread that there is something for it: it may look before the bell and sleep on what it saw. */
function ring(state: number): void {
  box.words[WORD.ticket] = Atomics.add(bell, 0, 1);
  setState(box, state);
  Atomics.add(bell, 0, 1);
  Atomics.notify(bell, 0);
}

/** Makes a call of the ABI. A thread that waits may live for ever: its steps are counted from each call. */
function call(index: number, args: readonly number[]): number {
  const { words } = box;
  words[WORD.call] = index;
  words[WORD.count] = args.length;
  for (let i = 0; i < args.length; i++) words[WORD.args + i] = args[i]!;
  let state: number = STATE.call;
  for (ring(STATE.call); ; ) {
    state = awaitChange(box, state);
    if (state === STATE.answered) break;
    if (state === STATE.end) throw new Ended("the thread has ended");
    if (state === STATE.explain) {
      setText(box, new Error("call").stack ?? "");
      setState(box, STATE.explained);
      state = STATE.explained;
    }
  }
  if (fuel !== undefined && budget !== undefined) fuel.value = budget.value;
  const result = words[WORD.result]!;
  Atomics.store(words, WORD.state, STATE.running);
  return result;
}

/** A string of AssemblyScript's: UTF-16, its length in bytes before it. */
function assemblyString(pointer: number): string {
  const view = new DataView(input.memory.buffer);
  const start = pointer >>> 0;
  if (start < 8 || start % 2 !== 0 || start > view.byteLength) return "";
  const length = Math.min(view.getUint32(start - 4, true), 2 * MESSAGE_LIMIT, view.byteLength - start);
  let text = "";
  for (let at = 0; at + 2 <= length; at += 2) text += String.fromCharCode(view.getUint16(start + at, true));
  return text;
}

function abort(message: number, file: number, line: number, column: number): never {
  const text = assemblyString(message) || "abort() was called";
  const where = assemblyString(file);
  throw new Aborted(`${text}${where === "" ? "" : ` at ${where}:${line}:${column}`}`);
}

function imports(): WebAssembly.Imports {
  const { module, contended, memory } = SHARED_HOOKS;
  const made: Record<string, Record<string, WebAssembly.ImportValue>> = {
    env: { abort },
    [module]: { [memory]: input.memory, [contended]: (address: number) => waitForLock(input.memory, address) },
  };
  for (const [index, entry] of input.calls.entries()) {
    made[entry.module] ??= {};
    made[entry.module]![entry.name] = (...args: number[]) => call(index, args);
  }
  return made;
}

/** What ended the thread. */
function tell(error: Error): void {
  setText(box, JSON.stringify({ name: error.name, message: error.message, stack: error.stack ?? "" }));
}

type Exports = Record<string, WebAssembly.Global> & { __vdevbox_call(...args: number[]): number };

function run(): void {
  Atomics.store(box.words, WORD.begun, 1);
  Error.stackTraceLimit = STACK_FRAMES;
  let exports: Exports | undefined;
  try {
    exports = new WebAssembly.Instance(input.module, imports()).exports as Exports;
    fuel = exports.__vdevbox_fuel;
    budget = exports.__vdevbox_fuel_budget;
    box.words[WORD.result] = exports.__vdevbox_call(input.frame, input.routine, SHAPE.intI, input.arg, 0, 0, 0);
    ring(STATE.returned);
  } catch (error) {
    if (error instanceof Ended) return;
    box.words[WORD.limit] = (exports?.__vdevbox_limit?.value as number | undefined) ?? 0;
    tell(error as Error);
    ring(error instanceof Aborted ? STATE.aborted : STATE.trapped);
  }
}

run();
