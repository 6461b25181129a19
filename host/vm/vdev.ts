import type { SourcePlace } from "../errors.ts";
import type { PicFunctions } from "../interrupts/pic-functions.ts";
import type { Region } from "../memory/address-space.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Policy, VdevPlan } from "./plan.ts";

/** A vdev_factory as the module registered it. Functions are indices in the module's own table, 0 for NULL. */
export interface Factory {
  /** Address of the struct in module memory. */
  readonly address: number;
  readonly name: string;
  readonly control: number;
  readonly vread: number;
  readonly vwrite: number;
  readonly pulse: number;
  readonly timer: number;
  /** Address of its vdev_pic_functions, 0 for NULL. */
  readonly pic: number;
  /** Set when the vdev is an interrupt controller. */
  readonly controller: PicFunctions | undefined;
  readonly optionList: readonly string[];
  readonly flags: number;
  readonly sizes: number;
  readonly extraSpace: number;
}

/** One virtual device instance (vdev_t). */
export interface Vdev {
  /** Place in the VM, the order of the configuration. */
  readonly index: number;
  readonly name: string;
  readonly type: string;
  readonly plan: VdevPlan;
  readonly policy: Policy;
  readonly instance: ModuleInstance;
  readonly factory: Factory;
  /** Address of its vdev_t in module memory. */
  readonly vdp: number;
  /** Its regions, across both spaces. */
  readonly regions: Region[];
  /** Where the option is given that it is being told of. */
  optionPlace?: SourcePlace | undefined;
}
