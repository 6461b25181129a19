import { actOnLine } from "../../interrupts/guest-acts.ts";
import type { GuestAccess } from "../../vm/begun-access.ts";
import type { LineAct } from "../../vm/events.ts";
import type { PowerState } from "../../vm/power.ts";
import { makeTogether } from "../../vm/together.ts";
import type { Vm } from "../../vm/vm.ts";
import type { AccessStatus, AccessWidth, Space } from "../bus.ts";
import type { ScriptMachine, ScriptRead } from "./machine.ts";
import type { ControlWord, LineCount } from "./step.ts";

const LOW = 0xffffffffn;

/** A VM as a script drives it. */
export class VmScriptMachine implements ScriptMachine {
  readonly #vm: Vm;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  get stopped(): boolean {
    return this.#vm.ended !== undefined;
  }

  read(space: Space, address: bigint, width: AccessWidth, vcpu: number): ScriptRead {
    const status = this.#vm.read(space, Number(address & LOW), Number(address >> 32n), width, vcpu);
    // A vdev may have answered with more bytes than were asked for: the bus has no room for them.
    const value = BigInt.asUintN(8 * width, (BigInt(this.#vm.valueHi) << 32n) | BigInt(this.#vm.valueLo));
    return { status, value };
  }

  write(space: Space, address: bigint, width: AccessWidth, value: bigint, vcpu: number): AccessStatus {
    const [lo, hi] = [Number(address & LOW), Number(address >> 32n)];
    return this.#vm.write(space, lo, hi, width, Number(value & LOW), Number(value >> 32n), vcpu);
  }

  together(accesses: readonly GuestAccess[], retries: number): readonly ScriptRead[] {
    return makeTogether(this.#vm, accesses, retries);
  }

  clockStep(ns?: bigint): void {
    this.#vm.clockStep(ns);
  }

  get alarmsFired(): number {
    return this.#vm.clock.fired;
  }

  clockNow(): bigint {
    return this.#vm.nowNs;
  }

  irqLevel(pic: string, line: number): boolean | undefined {
    const known = this.#vm.interrupts.controllers.find(pic);
    if (known === undefined || line >= known.lines) return undefined;
    return this.#vm.lines.peek(known, line)?.high ?? false;
  }

  irqAct(pic: string, line: number, act: LineAct): boolean | undefined {
    return actOnLine(this.#vm, pic, line, act);
  }

  irqCount(pic: string, line: number, count: LineCount): number | undefined {
    const known = this.#vm.interrupts.controllers.find(pic);
    if (known === undefined || line >= known.lines) return undefined;
    return this.#vm.lines.peek(known, line)?.counts[count] ?? 0;
  }

  pulse(name: string, code: number): boolean | undefined {
    const vdev = this.#vm.vdevs.find((one) => one.name === name);
    return vdev === undefined ? undefined : this.#vm.pulses.inject(vdev, code);
  }

  input(vdev: string, bytes: Uint8Array): string | undefined {
    const refusal = this.#vm.character.refusal(vdev, bytes.length);
    if (refusal === undefined) this.#vm.character.send(vdev, bytes);
    return refusal;
  }

  flow(vdev: string, takes: boolean): string | undefined {
    const refusal = this.#vm.character.refusal(vdev);
    if (refusal === undefined) this.#vm.character.hold(vdev, !takes);
    return refusal;
  }

  control(what: ControlWord): boolean {
    if (what === "terminate") {
      this.#vm.terminate();
      return true;
    }
    return this.#vm.control(what) || what !== "dump";
  }

  setPowerState(cpu: number, state: PowerState): void {
    this.#vm.setPowerState(cpu, state);
  }
}
