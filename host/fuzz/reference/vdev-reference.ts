import { AccessStatus } from "../../guests/bus.ts";
import type { ScriptCommand } from "../../guests/script/step.ts";
import { VmScriptMachine } from "../../guests/script/vm-machine.ts";
import type { Vm } from "../../vm/vm.ts";
import { FuzzTarget } from "../target.ts";
import type { Reference, ReferenceAccess, ReferenceRead, ReferenceWrite } from "./reference.ts";

/** Other vdevs as a reference, in a VM of their own that has the same guest. It judges nothing from its first fault on. */
export class VdevReference implements Reference {
  readonly #target: FuzzTarget;
  readonly #machine: VmScriptMachine;
  /** Names of the vdevs that are judged: those here stand for them in their order, or by name. */
  readonly #names: readonly string[];
  readonly #startNs: bigint;
  #passedNs = 0n;

  /**
   * @param vm whose guest is about to start, and that nobody else drives
   * @param names of the vdevs that are judged
   */
  constructor(vm: Vm, names: readonly string[]) {
    this.#target = new FuzzTarget(vm);
    this.#machine = new VmScriptMachine(vm);
    this.#names = names;
    this.#startNs = vm.nowNs;
  }

  reset(): void {
    this.#target.restore();
    this.#passedNs = 0n;
  }

  read({ space, address, width, vcpu }: ReferenceAccess): ReferenceRead {
    const { status, value } = this.#machine.read(space, address, width, this.#vcpu(vcpu));
    if (!this.#judges) return undefined;
    if (status === AccessStatus.busError) return "bus-error";
    return status === AccessStatus.done ? value : undefined;
  }

  write({ space, address, width, vcpu }: ReferenceAccess, value: bigint): ReferenceWrite {
    const status = this.#machine.write(space, address, width, value, this.#vcpu(vcpu));
    if (!this.#judges) return undefined;
    if (status === AccessStatus.busError) return "bus-error";
    return status === AccessStatus.done ? "ok" : undefined;
  }

  /** The accesses themselves may have taken some of the time here, too. */
  step(ns: bigint): void {
    this.#passedNs += ns;
    const { vm } = this.#target;
    const left = this.#startNs + this.#passedNs - vm.nowNs;
    if (left > 0n) vm.clockStep(left);
  }

  level(pin: string): boolean | undefined {
    if (!this.#judges) return undefined;
    const at = pin.lastIndexOf(":");
    return this.#machine.irqLevel(pin.slice(0, at), Number(pin.slice(at + 1)));
  }

  memory(address: bigint, bytes: Uint8Array): void {
    this.#target.vm.ram.store(address, bytes);
  }

  input(vdev: string, bytes: Uint8Array): void {
    this.#machine.input(this.#nameOf(vdev), bytes);
  }

  other(command: ScriptCommand): void {
    const machine = this.#machine;
    switch (command.kind) {
      case "flow":
        machine.flow(this.#nameOf(command.vdev), command.takes);
        return;
      case "pulse":
        machine.pulse(this.#nameOf(command.vdev), command.code);
        return;
      case "irqAct":
        machine.irqAct(command.pic, command.line, command.act);
        return;
      case "power":
        machine.setPowerState(this.#vcpu(command.cpu), command.state);
        return;
      case "control":
        machine.control(command.what);
        return;
    }
  }

  get #judges(): boolean {
    const { vm } = this.#target;
    return vm.ended === undefined && vm.instances.every(({ stopped }) => stopped === undefined);
  }

  #vcpu(vcpu: number): number {
    return vcpu % this.#target.vm.plan.cpus;
  }

  #nameOf(vdev: string): string {
    const { vdevs } = this.#target.vm;
    if (vdevs.some(({ name }) => name === vdev)) return vdev;
    return vdevs[this.#names.indexOf(vdev)]?.name ?? vdev;
  }
}
