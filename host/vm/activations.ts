import { EndOfVm, StopModule } from "../gate/finding.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { AssemblyAbort, faultOf } from "../sandbox/fault.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** Nested activations one host thread may have: one frame of a module each, the first for the dispatcher's. */
const DEPTH_LIMIT = 15;

/** Steps of an activation that another one waits for. */
const NESTED_STEPS = 100_000;

/**
 * Calls into modules other than the dispatcher's. Each activation writes down what is in progress before the call and
 * puts back what was there before; a vdev may signal a controller that is itself a vdev, so activations nest.
 */
export class Activations {
  readonly #vm: Vm;
  /** Frame of the activation in progress. */
  #frame = 0;
  #outermost = 0;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** How many activations the one in progress is nested in. */
  get depth(): number {
    return this.#frame;
  }

  /**
   * Calls one function of a module's table.
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
    return this.#run(instance, vdev.index, callback, thread, vcpu, (frame) =>
      instance.exports.__vdevbox_call(frame, fn, shape, a, b, c, d),
    );
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
    // What the waiting vdev has written into its windows must not be overwritten when they are refreshed.
    if (this.#vm.windows.any) this.#vm.windows.flush();
    let result: number | undefined;
    try {
      result = this.#run(instance, vdev.index, callback, context.thread, context.vcpu, call);
    } finally {
      if (budget !== undefined) budget.value = steps;
    }
    const waiting = context.callback === CALLBACK.none ? undefined : vdevs[context.vdev]?.instance;
    if (waiting?.stoppedBy !== undefined) throw new StopModule(waiting.stoppedBy);
    return result;
  }

  /** Runs a module's top level. @returns whether it came to its end */
  startModule(instance: ModuleInstance): boolean {
    const result = this.#run(instance, -1, CALLBACK["module-start"], THREAD.main, 0, () => {
      instance.exports.__vdevbox_start();
      return 1;
    });
    return result === 1;
  }

  #run(
    instance: ModuleInstance,
    vdev: number,
    callback: number,
    thread: number,
    vcpu: number,
    call: (frame: number) => number,
  ): number | undefined {
    const { context, dispatcher, held, windows } = this.#vm;
    const before = { callback: context.callback, thread: context.thread, vdev: context.vdev, vcpu: context.vcpu };
    const outerFrame = this.#frame;
    const outerWork = instance.hostWork;
    instance.hostWork = 0;
    if (before.callback !== CALLBACK.none) this.#frame++;
    else this.#outermost++;
    const frame = this.#frame < DEPTH_LIMIT ? instance.frame(this.#frame) : undefined;
    context.enter(callback, thread, vdev, vcpu);
    dispatcher.exports.select(0, this.#frame + 1);
    try {
      if (frame === undefined) throw new RangeError(`more than ${DEPTH_LIMIT} callbacks nested in each other`);
      if (windows.any) windows.refresh();
      const result = call(frame);
      if (windows.any) windows.flush();
      if (held.any) held.checkReleased(this.#frame);
      return result;
    } catch (error) {
      this.caught(error, instance);
      return undefined;
    } finally {
      this.#frame = outerFrame;
      instance.hostWork += outerWork;
      dispatcher.exports.select(0, outerFrame);
      context.enter(before.callback, before.thread, before.vdev, before.vcpu);
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
    const finding = this.#vm.findings.record(instance, { ...faultOf(error, instance), stackOf: error });
    this.#vm.stopInstance(instance, finding);
  }
}
