import { EndOfVm, StopModule } from "../gate/finding.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { AssemblyAbort, faultOf } from "../sandbox/fault.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { type Continuation, SUSPENDED, type Suspended } from "../threads/suspended.ts";
import { EndOfThread } from "../threads/thread.ts";
import type { Activation } from "./activation.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** Nested activations one thread may have: one frame of a module each, the first for the dispatcher's. */
const DEPTH_LIMIT = 15;

/** Steps of an activation that another one waits for. */
const NESTED_STEPS = 100_000;

/** What a call into a module came to: its result, undefined when the module was stopped, or the thread waits. */
export type Outcome = number | undefined | Suspended;

/**
 * Calls into modules other than the dispatcher's. Each activation writes down what is in progress before the call and
 * puts back what was there before; a vdev may signal a controller that is itself a vdev, so activations nest.
 *
 * In a VM with threads an activation can be left in the middle, at a call to the host that waits, and all it is nested
 * in with it. `takeLeft` has them then, and `resume` goes on with them.
 */
export class Activations {
  readonly #vm: Vm;
  #current: Activation | undefined;
  /** Activations left since the thread in progress began to wait, innermost first. */
  #left: Activation[] = [];
  /** Activations to come back to, the next one last. */
  #returning: Activation[] = [];
  #outermost = 0;
  #count = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** The activation in progress; undefined in an access the dispatcher made, and between callbacks. */
  get current(): Activation | undefined {
    return this.#current;
  }

  /**
   * Calls one function of a module's table, to its end: whatever it waits for happens meanwhile.
   * @returns its result; undefined when the module was stopped, which is then recorded
   * @throws EndOfVm when the vdev ended the VM
   */
  invoke(
    vdev: Vdev,
    callback: number,
    thread: number,
    fn: number,
    shape: number,
    a = 0,
    b = 0,
    c = 0,
    d = 0,
    vcpu = 0,
  ): number | undefined {
    const { instance } = vdev;
    if (instance.stopped !== undefined) return undefined;
    const { call } = instance;
    const enter = (frame: number) => call(frame, fn, shape, a, b, c, d);
    if (this.#vm.threads === undefined) {
      return this.enter(instance, vdev.index, callback, thread, vcpu, enter) as number | undefined;
    }
    const start = () => this.enter(instance, vdev.index, callback, thread, vcpu, enter);
    return this.#vm.threads.runToEnd(start, callback, thread, vcpu);
  }

  /** Without threads nothing waits. */
  #toEnd(start: () => Outcome, callback: number, thread: number, vcpu: number): number | undefined {
    const { threads } = this.#vm;
    return threads === undefined ? (start() as number | undefined) : threads.runToEnd(start, callback, thread, vcpu);
  }

  /** Activations so far that no other waited for. */
  get outermost(): number {
    return this.#outermost;
  }

  /**
   * Calls into a vdev in the middle of what another one does: on its thread, and for a short time only.
   * @param call gets the frame, whose first bytes may hold what the callback is given
   * @returns its result; undefined when the module has stopped
   * @throws StopModule when the module that waits was stopped by it: vdevs of one type may share an instance
   */
  nested(vdev: Vdev, callback: number, call: (frame: number) => number): number | undefined {
    const { instance } = vdev;
    if (instance.stopped !== undefined) return undefined;
    const { context, vdevs } = this.#vm;
    const budget = instance.exports.__vdevbox_fuel_budget;
    const steps = instance.fuelBudget;
    if (budget !== undefined) budget.value = Math.min(steps, NESTED_STEPS);
    const { thread, vcpu } = context;
    const start = () => this.enter(instance, vdev.index, callback, thread, vcpu, call);
    let result: number | undefined;
    try {
      result = this.#toEnd(start, callback, thread, vcpu);
    } finally {
      if (budget !== undefined) budget.value = steps;
    }
    const waiting = context.callback === CALLBACK.none ? undefined : vdevs[context.vdev]?.instance;
    if (waiting?.stoppedBy !== undefined) throw new StopModule(waiting.stoppedBy);
    return result;
  }

  /** Runs a module's top level. @returns whether it came to its end */
  startModule(instance: ModuleInstance): boolean {
    const callback = CALLBACK["module-start"];
    const start = () =>
      this.enter(instance, -1, callback, THREAD.main, 0, () => {
        instance.exports.__vdevbox_start();
        return 1;
      });
    return this.#toEnd(start, callback, THREAD.main, 0) === 1;
  }

  /** Calls a module. @param call is given the frame, and is called again when the module is returned to */
  enter(
    instance: ModuleInstance,
    vdev: number,
    callback: number,
    thread: number,
    vcpu: number,
    call: (frame: number) => number,
  ): Outcome {
    const inAccess = this.#vm.context.callback !== CALLBACK.none ? 1 : 0;
    const depth = this.#current === undefined ? inAccess : this.#current.depth + 1;
    if (depth === 0) this.#outermost++;
    const { frame, enter } = this.#frameFor(instance, depth, call);
    // Nothing is spread into it: the engine takes microseconds for that.
    return this.#step({
      id: ++this.#count,
      instance,
      vdev,
      callback,
      thread,
      vcpu,
      depth,
      frame,
      enter,
      continuation: undefined,
      rewinding: false,
      block: 0,
      leftScratch: 0,
    });
  }

  /** A module that cannot be entered faults as itself, once its activation is the one in progress. */
  #frameFor(instance: ModuleInstance, depth: number, call: Activation["enter"]): Pick<Activation, "frame" | "enter"> {
    if (depth >= DEPTH_LIMIT) return { frame: 0, enter: tooDeep };
    try {
      return { frame: instance.takeFrame(depth), enter: call };
    } catch (error) {
      const fail = (): never => {
        throw error;
      };
      return { frame: 0, enter: fail };
    }
  }

  /** Runs an activation up to its end or to where it is left. */
  #step(activation: Activation): Outcome {
    const { instance } = activation;
    const { context, dispatcher, guestClock, held, windows } = this.#vm;
    const outer = this.#current;
    const { callback, thread, vdev, vcpu } = context;
    held.takeOver(); // with the context words as they are
    const work = instance.hostWork + (instance.quick?.close() ?? 0);
    instance.hostWork = 0;
    this.#current = activation;
    context.enter(activation.callback, activation.thread, activation.vdev, activation.vcpu);
    dispatcher.exports.select(0, activation.depth + 1);
    let left = false;
    const { coroutines } = instance;
    const depth = coroutines === undefined ? undefined : instance.depth;
    const returns = activation.continuation !== undefined;
    const scratch = returns ? coroutines!.beginReturning(activation) : (coroutines?.scratch ?? 0);
    try {
      if (windows.any) windows.enter(instance);
      const result = activation.enter(activation.frame);
      left = coroutines?.hasLeft(activation, scratch) === true;
      if (windows.any) windows.flush();
      if (left) {
        this.#left.push(activation);
        return SUSPENDED;
      }
      if (held.any) held.checkReleased(activation);
      return result;
    } catch (error) {
      if (coroutines !== undefined) instance.restoreStack(depth, scratch);
      if (error instanceof EndOfThread && held.any) held.checkReleased(activation);
      if (error instanceof EndOfVm) held.releaseOf(activation);
      this.caught(error, instance);
      return undefined;
    } finally {
      if (!left) {
        instance.giveFrame(activation.frame);
        if (guestClock.any) guestClock.ended(activation);
      }
      this.#current = outer;
      instance.hostWork += work;
      dispatcher.exports.select(0, outer === undefined ? 0 : outer.depth + 1);
      context.enter(callback, thread, vdev, vcpu);
    }
  }

  /** An activation whose code runs on a worker, where it has its own instance of the module. */
  remote(instance: ModuleInstance, vdev: number, frame: number): Activation {
    return {
      ...{ id: ++this.#count, instance, vdev, callback: CALLBACK.thread, thread: THREAD.vdev, vcpu: 0, depth: 0 },
      ...{ frame, enter: tooDeep, continuation: undefined, rewinding: false, block: 0, leftScratch: 0 },
    };
  }

  /**
   * Does a part of an activation that runs on a worker: a call it made, or its end.
   * @returns what `part` does; undefined when it stopped the module
   * @throws EndOfVm, EndOfThread
   */
  within(activation: Activation, part: () => Outcome): Outcome {
    const { context, held } = this.#vm;
    const outer = this.#current;
    const { callback, thread, vdev, vcpu } = context;
    const { instance } = activation;
    // Its thread may call as often as it likes, and no callback is made to answer for that.
    const work = instance.hostWork;
    instance.hostWork = 0;
    activation.depth = outer === undefined ? 0 : outer.depth + 1;
    this.#current = activation;
    context.enter(activation.callback, activation.thread, activation.vdev, activation.vcpu);
    try {
      return part();
    } catch (error) {
      if (error instanceof EndOfThread && held.any) held.checkReleased(activation);
      if (error instanceof EndOfVm) held.releaseOf(activation);
      this.caught(error, instance);
      return undefined;
    } finally {
      this.#current = outer;
      instance.hostWork = work;
      context.enter(callback, thread, vdev, vcpu);
    }
  }

  // ------------------------------------------------------------------------------------------------ waiting threads

  /** Makes the thread in progress wait: the host call of its innermost activation gets its result from `continuation`. */
  suspend(continuation: Continuation): Suspended {
    this.#current!.continuation = continuation;
    return SUSPENDED;
  }

  /** The activations of a thread that has begun to wait, innermost first. */
  takeLeft(): Activation[] {
    const left = this.#left;
    this.#left = [];
    return left;
  }

  /** Goes on with a thread. @param left what `takeLeft` gave */
  resume(left: readonly Activation[]): Outcome {
    this.#returning = left.slice(0, -1);
    return this.#step(left.at(-1)!);
  }

  /** A module has come back to the host call it was left in. @returns the call's result */
  returned(activation: Activation): number | Suspended {
    activation.instance.coroutines!.hasReturned(activation);
    const continuation = activation.continuation!;
    activation.continuation = undefined;
    const next = this.#returning.pop();
    const inner = next === undefined ? undefined : this.#step(next);
    return inner === SUSPENDED ? this.suspend(continuation) : continuation(inner);
  }

  /** Lets go of a thread that will never go on. @param left what `takeLeft` gave */
  abandon(left: readonly Activation[]): void {
    for (const activation of left) {
      activation.instance.coroutines?.forget(activation);
      activation.instance.giveFrame(activation.frame);
      this.#vm.guestClock.ended(activation);
    }
  }

  /**
   * Deals with what a module threw, while the context words still say what was in progress.
   * @throws EndOfVm again, and whatever is a mistake of the host's own
   */
  caught(error: unknown, instance: ModuleInstance | undefined): void {
    if (error instanceof EndOfVm || instance === undefined) throw error;
    if (error instanceof StopModule) {
      this.#vm.stopInstance(instance, error.finding);
      return;
    }
    const isModules =
      error instanceof WebAssembly.RuntimeError || error instanceof RangeError || error instanceof AssemblyAbort;
    if (!isModules) throw error;
    const thread = this.#vm.threads?.current;
    const isInvariant = this.#vm.context.callback === CALLBACK.none;
    const name = thread?.instance === instance ? thread.name : undefined;
    const finding = this.#vm.findings.record(instance, {
      ...faultOf(error, instance, name, isInvariant),
      stackOf: error,
    });
    this.#vm.stopInstance(instance, finding);
  }
}

function tooDeep(): never {
  throw new RangeError(`more than ${DEPTH_LIMIT} callbacks nested in each other`);
}
