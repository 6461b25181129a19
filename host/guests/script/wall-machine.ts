import type { WallClock } from "../../time/wall-clock.ts";
import type { GuestAccess } from "../../vm/begun-access.ts";
import type { PowerState } from "../../vm/power.ts";
import type { Vm } from "../../vm/vm.ts";
import type { AccessStatus, AccessWidth, Space } from "../bus.ts";
import type { ScriptRead } from "./machine.ts";
import type { ControlWord } from "./step.ts";
import { VmScriptMachine } from "./vm-machine.ts";

/** A VM as a script drives it whose time is the host's: time is brought up to date before everything the script does. */
export class WallScriptMachine extends VmScriptMachine {
  readonly #wall: WallClock;

  constructor(vm: Vm, wall: WallClock) {
    super(vm);
    this.#wall = wall;
  }

  override read(space: Space, address: bigint, width: AccessWidth, vcpu: number): ScriptRead {
    this.#wall.sync();
    return super.read(space, address, width, vcpu);
  }

  override write(space: Space, address: bigint, width: AccessWidth, value: bigint, vcpu: number): AccessStatus {
    this.#wall.sync();
    return super.write(space, address, width, value, vcpu);
  }

  override together(accesses: readonly GuestAccess[], retries: number): readonly ScriptRead[] {
    this.#wall.sync();
    return super.together(accesses, retries);
  }

  override irqLevel(pic: string, line: number): boolean | undefined {
    this.#wall.sync();
    return super.irqLevel(pic, line);
  }

  override pulse(vdev: string, code: number): boolean | undefined {
    this.#wall.sync();
    return super.pulse(vdev, code);
  }

  override control(what: ControlWord): boolean {
    this.#wall.sync();
    return super.control(what);
  }

  override setPowerState(cpu: number, state: PowerState): void {
    this.#wall.sync();
    super.setPowerState(cpu, state);
  }

  /** `wait` has let the time pass. */
  override clockStep(): void {}

  wait(untilNs?: bigint): Promise<boolean> {
    return this.#wall.wait(untilNs);
  }
}
