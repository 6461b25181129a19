import { GPSC_OFF, GPSC_WAIT, VDEV_CTRL_BUTTON } from "../../abi/generated/constants.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { callControl } from "./control.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** What a guest CPU does: it runs, waits for an interrupt (HLT, WFI), or is off. In the order of their numbers. */
export const POWER_STATES = ["on", "wait", "off"] as const;
export type PowerState = (typeof POWER_STATES)[number];

/** When a notification fires, and what it calls. */
interface Condition {
  /** GPSC_* bits: which CPUs are in the set that is compared. */
  readonly cmd: number;
  readonly mask: bigint;
  readonly bits: bigint;
  /** Index in the module's table. */
  readonly func: number;
  readonly data: number;
}

/** What guest_power_state_notify_create() hands out; its handle is an address in module memory. */
interface Notification {
  readonly vdev: Vdev;
  readonly handle: number;
  condition: Condition | undefined;
  /** Whether the condition held after the last change: it fires when it begins to hold. */
  holds: boolean;
}

/** Notifications one module instance may have. */
const NOTIFICATIONS_MAX = 64;
const HANDLE_BYTES = 16;
const WORD_CPUS = 64;
/** Functions through which a vdev can see the state of CPUs. */
const OBSERVING = new Set(["guest_power_state_current", "guest_power_state_notify_register"]);

/** Buttons and the power state of CPUs at one time. */
export interface SavedPower {
  readonly version: object;
  readonly states: Uint8Array;
  readonly notifications: readonly { readonly notification: Notification; readonly was: Notification }[];
}

/**
 * The VM's power button, and which CPUs wait or are off. A guest sets the state of its CPUs: every CPU is on at the
 * start, also the second and further ones, which nothing here brings up.
 */
export class Power {
  readonly #vm: Vm;
  readonly #buttons = new Set<Vdev>();
  readonly #states: Uint8Array;
  #notifications: Notification[] = [];
  /** Another object after every change of a state or a notification: what tells that nothing is to put back. */
  #version: object = {};
  #observed: boolean | undefined;

  constructor(vm: Vm) {
    this.#vm = vm;
    this.#states = new Uint8Array(vm.plan.cpus);
  }

  // ---------------------------------------------------------------------------------------------------- the button

  addButton(vdev: Vdev): void {
    this.#buttons.add(vdev);
  }

  /** Vdevs with a power button that can still be pressed. */
  buttons(): Vdev[] {
    return [...this.#buttons].filter((vdev) => vdev.instance.stopped === undefined);
  }

  /**
   * Presses the power button: VDEV_CTRL_BUTTON to the vdevs that have one; when none has, to every vdev, as a vdev may
   * wait for it without saying so.
   * @returns whether a button took it, so that the guest may be expected to shut down
   * @throws EndOfVm when a vdev ended the VM
   */
  press(): boolean {
    const buttons = this.buttons();
    let taken = false;
    for (const vdev of buttons.length > 0 ? buttons : this.#vm.vdevs) {
      const result = callControl(this.#vm, vdev, "BUTTON", VDEV_CTRL_BUTTON);
      if (buttons.length > 0 && result === 0) taken = true;
    }
    return taken;
  }

  // ---------------------------------------------------------------------------------------------------- CPU states

  stateOf(cpu: number): PowerState {
    return POWER_STATES[this.#states[cpu]!]!;
  }

  /** Whether a vdev could tell the difference: a run in which none can records no states. */
  get observed(): boolean {
    this.#observed ??= this.#vm.instances.some(({ module }) => module.calls.some(({ name }) => OBSERVING.has(name)));
    return this.#observed;
  }

  /**
   * A CPU changes its state; notifications whose condition begins to hold fire, in the order they were made.
   * @throws EndOfVm when a vdev ended the VM; RangeError for a CPU the VM does not have
   */
  set(cpu: number, state: PowerState): void {
    const vm = this.#vm;
    if (cpu < 0 || cpu >= this.#states.length) throw new RangeError(`there is no CPU ${cpu}`);
    if (vm.ended !== undefined || this.stateOf(cpu) === state) return;
    this.#states[cpu] = POWER_STATES.indexOf(state);
    this.#version = {};
    if (!this.observed) return;
    vm.emit({ kind: "power", cpu, state });
    const due = this.#notifications.filter((one) => this.#beginsToHold(one));
    for (const notification of due) {
      // An earlier callback may have deleted it or given it another condition.
      if (!this.#notifications.includes(notification) || !notification.holds) continue;
      const { vdev, handle, condition } = notification;
      const { func, data } = condition!;
      const { vcpu } = THREAD;
      const power = CALLBACK["power-state"];
      vm.activations.invoke(vdev, power, vcpu, func, SHAPE.voidII, handle, data, 0, 0, cpu);
    }
  }

  #beginsToHold(notification: Notification): boolean {
    const held = notification.holds;
    notification.holds = this.#meets(notification.condition);
    return notification.holds && !held;
  }

  #meets(condition: Condition | undefined): boolean {
    return condition !== undefined && (this.bitset(condition.cmd, 0) & condition.mask) === condition.bits;
  }

  /** The CPUs 64 × word and on that wait (GPSC_WAIT), are off (GPSC_OFF), or either. */
  bitset(cmd: number, word: number): bigint {
    let bits = 0n;
    const end = Math.min((word + 1) * WORD_CPUS, this.#states.length);
    for (let cpu = word * WORD_CPUS; cpu < end; cpu++) {
      const state = this.stateOf(cpu);
      const counts = (state === "wait" && (cmd & GPSC_WAIT) !== 0) || (state === "off" && (cmd & GPSC_OFF) !== 0);
      if (counts) bits |= 1n << BigInt(cpu % WORD_CPUS);
    }
    return bits;
  }

  /** 64-bit words the CPUs of the VM take. */
  get words(): number {
    return Math.ceil(this.#states.length / WORD_CPUS);
  }

  // ------------------------------------------------------------------------------------------------- notifications

  /** @returns its handle; 0 when the instance has as many as it may */
  createNotification(vdev: Vdev): number {
    const own = this.#notifications.filter((one) => one.vdev.instance === vdev.instance);
    if (own.length >= NOTIFICATIONS_MAX) return 0;
    const handle = vdev.instance.alloc(HANDLE_BYTES);
    this.#notifications.push({ vdev, handle, condition: undefined, holds: false });
    this.#version = {};
    return handle;
  }

  owns(instance: ModuleInstance, handle: number): boolean {
    return this.#find(instance, handle) !== undefined;
  }

  /** Whether the instance has said what it wants to be told of. */
  hasRegistered(instance: ModuleInstance): boolean {
    return this.#notifications.some((one) => one.vdev.instance === instance && one.condition !== undefined);
  }

  deleteNotification(instance: ModuleInstance, handle: number): void {
    this.#notifications = this.#notifications.filter((one) => one !== this.#find(instance, handle));
    this.#version = {};
  }

  /** Replaces an earlier condition. One that holds already does not fire before it has ceased to hold. */
  register(instance: ModuleInstance, handle: number, condition: Condition): void {
    const notification = this.#find(instance, handle);
    if (notification === undefined) return;
    notification.condition = condition;
    notification.holds = this.#meets(condition);
    this.#version = {};
  }

  #find(instance: ModuleInstance, handle: number): Notification | undefined {
    return this.#notifications.find((one) => one.vdev.instance === instance && one.handle === handle);
  }

  // ------------------------------------------------------------------------------------------------------ snapshot

  save(): SavedPower {
    return {
      version: this.#version,
      states: this.#states.slice(),
      notifications: this.#notifications.map((notification) => ({ notification, was: { ...notification } })),
    };
  }

  /** Buttons are registered at startup only, so they are the same. */
  restore(saved: SavedPower): void {
    if (saved.version === this.#version) return;
    this.#version = saved.version;
    this.#states.set(saved.states);
    this.#notifications = saved.notifications.map(({ notification, was }) => Object.assign(notification, was));
  }

  /** The part of the final state that a replay compares; empty when no vdev could see it. */
  describe(): string {
    return this.observed ? [...this.#states].map((state) => POWER_STATES[state]).join(" ") : "";
  }
}
