import { GATE_TABLE } from "../../abi/generated/gate-table.ts";
import { EndOfVm, StopModule } from "../gate/finding.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import { cannotCallBack } from "../vm/cannot-call-back.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";

/** Pulses that may wait in a VM. They wait while a callback runs, and before the guest starts. */
export const WAITING_LIMIT = 4096;
/** Pulses that pulse() callbacks may queue in a row, with no access and no timer between. */
export const CHAIN_LIMIT = 10_000;

/** One pulse on its way. */
export interface Pulse {
  readonly vdev: Vdev;
  /** int8_t, as vdev_pulse() put it into the sigevent. */
  readonly code: number;
}

/**
 * Pulses on their way to the factories' pulse(). They are delivered one after the other in the order they were queued,
 * each one a callback of its own (equal ones are not merged), as soon as no other callback is in progress: behind the
 * access, timer or control callback that queued them. Before the guest starts they wait.
 */
export class Pulses {
  readonly #vm: Vm;
  readonly #waiting: Pulse[] = [];
  #open = false;
  #delivering = false;
  /** Queued by pulse() callbacks since the delivery in progress began. */
  #chained = 0;
  /** Whether accesses must be watched, because a pulse may wait behind one. */
  used = false;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  get waiting(): readonly Pulse[] {
    return this.#waiting;
  }

  /** The VM has started: what waits is delivered, and what comes later at once. */
  open(): void {
    this.#open = true;
    if (this.#vm.instances.some(({ module }) => module.calls.some(({ name }) => name === DELIVER))) this.#use();
    this.deliverWaiting();
  }

  #use(): void {
    if (this.used) return;
    this.used = true;
    this.#vm.refreshWatch();
  }

  /**
   * Queues a pulse, and delivers it at once when no callback is in progress. For what follows from an input that is
   * recorded by itself, or from a vdev's own doing. @returns false when too many wait
   * @throws StopModule when pulse() callbacks queue pulses without end
   */
  deliver(vdev: Vdev, code: number): boolean {
    if (this.#waiting.length >= WAITING_LIMIT) return false;
    if (this.#delivering) this.#chain();
    this.#use();
    const pulse = { vdev, code: (code << 24) >> 24 };
    this.#vm.races?.release(pulse);
    this.#waiting.push(pulse);
    this.deliverWaiting();
    return true;
  }

  /** A pulse from outside, recorded as an input. @returns false when too many wait, or the VM has ended */
  inject(vdev: Vdev, code: number): boolean {
    if (this.#vm.ended !== undefined || this.#waiting.length >= WAITING_LIMIT) return false;
    this.#vm.emit({ kind: "pulse", vdev: vdev.name, code: code & 0xff });
    return this.deliver(vdev, code);
  }

  /** Delivers what waits, unless a callback is in progress: then it is called again behind that. */
  deliverWaiting(): void {
    if (this.#waiting.length === 0 || !this.#open || this.#delivering) return;
    const vm = this.#vm;
    if (vm.context.callback !== CALLBACK.none) return;
    this.#delivering = true;
    this.#chained = 0;
    try {
      while (this.#waiting.length > 0 && vm.ended === undefined) this.#call(this.#waiting.shift()!);
    } catch (error) {
      if (!(error instanceof EndOfVm)) throw error;
      vm.endBy(error);
    } finally {
      this.#delivering = false;
    }
  }

  #call(pulse: Pulse): void {
    const { vdev, code } = pulse;
    const { activations, races } = this.#vm;
    if (vdev.instance.stopped !== undefined) return;
    if (vdev.factory.pulse === 0) {
      cannotCallBack(this.#vm, vdev, "pulse", noPulseCallback(vdev.name));
      return;
    }
    races?.callbackAfter(pulse, "pulse");
    // No page says what its result is for.
    activations.invoke(vdev, CALLBACK.pulse, THREAD.pulse, vdev.factory.pulse, SHAPE.intII, vdev.vdp, code);
  }

  #chain(): void {
    const { context, findings, vdevs } = this.#vm;
    const culprit = vdevs[context.vdev];
    if (++this.#chained <= CHAIN_LIMIT || culprit === undefined) return;
    throw new StopModule(
      findings.record(culprit.instance, {
        severity: "fault",
        rule: "limit",
        message: `${culprit.name} sent itself ${CHAIN_LIMIT} pulses from its pulse callback, without an access or a timer between`,
        advice: "A pulse that answers a pulse never ends; use a timer for what is to happen again later.",
      }),
    );
  }

  /** What waits, for putting a VM back. */
  save(): readonly Pulse[] {
    return [...this.#waiting];
  }

  restore(saved: readonly Pulse[]): void {
    if (saved.length > 0 || this.#waiting.length > 0) this.#waiting.splice(0, this.#waiting.length, ...saved);
  }
}

const DELIVER = "MsgDeliverEvent";

/** What is wrong with a vdev that gets a pulse and whose factory has no pulse(). */
function noPulseCallback(name: string) {
  const manual = GATE_TABLE.find((entry) => entry.name === "vdev_pulse")?.source;
  return {
    severity: "violation",
    rule: "callback",
    message: `a pulse came for ${name}, and its factory has no pulse callback`,
    reason: {
      text: "a vdev that sends itself pulses needs a pulse callback; qvm crashes without one",
      status: "documented",
      ...(manual === undefined ? {} : { manual }),
    },
    advice: "Set the factory's pulse before vdev_register_factory().",
  } as const;
}
