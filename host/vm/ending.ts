import { VDEV_CTRL_TERMINATE } from "../../abi/generated/constants.ts";
import { EndOfVm } from "../gate/finding.ts";
import { callControl } from "./control.ts";
import { errnoName } from "./errno.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** Exit codes of qvm, as its manual lists them. 32 to 63 are the vdevs' own. */
export const EXIT = {
  normal: 0,
  powerCut: 3,
  watchdog: 4,
  unsupported: 5,
  vdevError: 6,
  unexpected: 7,
  fatalBeforeStart: 64,
  configuration: 65,
  fatalAfterStart: 96,
} as const;

/** How a VM ended. */
export interface VmEnd {
  readonly exitCode: number;
  readonly reason: string;
}

/**
 * The end of a VM. VDEV_CTRL_TERMINATE goes once to every vdev that got VDEV_CTRL_OPTIONS_START and whose module still
 * runs, whatever ended the VM and whatever another vdev makes of its own TERMINATE.
 */
export class Ending {
  readonly #vm: Vm;
  #delivered = false;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** The VM has been put back to an earlier state. */
  reopen(): void {
    this.#delivered = false;
  }

  /**
   * Delivers VDEV_CTRL_TERMINATE and lets go of everything. A VM nothing has ended before ends here: normally, or with
   * "vdev error" when a vdev failed. One that fails in its TERMINATE turns a normal end into that too.
   */
  run(): VmEnd {
    const vm = this.#vm;
    if (this.#delivered) return vm.ended!;
    this.#delivered = true;
    const before = vm.failure;
    vm.end(before === undefined ? EXIT.normal : EXIT.vdevError, before ?? "the guest ended");
    vm.emit({ kind: "control", control: "terminate" });
    vm.lines.askAboutWaiting();
    vm.races?.guestEnds();
    vm.character.finish();
    for (const vdev of vm.vdevs) this.#terminate(vdev);
    vm.threads?.endAll();
    vm.clock.cancelAll();
    const after = vm.failure;
    if (vm.ended!.exitCode === EXIT.normal && after !== before) {
      vm.amendEnd({ exitCode: EXIT.vdevError, reason: `${after} in VDEV_CTRL_TERMINATE` });
    }
    vm.emit({ kind: "end", ...vm.ended! });
    return vm.ended!;
  }

  #terminate(vdev: Vdev): void {
    const vm = this.#vm;
    try {
      const result = callControl(vm, vdev, "TERMINATE", VDEV_CTRL_TERMINATE);
      if (result === undefined || result === 0) return;
      vm.log("warn", vdev, `VDEV_CTRL_TERMINATE was answered with ${errnoName(result | 0)}; the VM ends all the same`);
    } catch (error) {
      if (!(error instanceof EndOfVm)) throw error;
      vm.endBy(error);
      vm.log(
        "warn",
        vdev,
        `the VM has ended already; what VDEV_CTRL_TERMINATE ended with is not used: ${error.message}`,
      );
    }
  }
}
