import type { SourcePlace } from "../errors.ts";
import { UserError } from "../errors.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "../vm/vdev.ts";
import { HOST_PIC_TYPES, type HostPic, type HostPicType, hostPic } from "./host-pics.ts";
import type { PicFunctions } from "./pic-functions.ts";

/** Bytes of text a controller takes and gives, the NUL included, and of what it says of a line for a firmware table. */
export const TEXT_BYTES = 256;

/** A vdev whose factory has `pic` functions. */
export interface VdevPic {
  readonly kind: "vdev";
  readonly name: string;
  readonly vdev: Vdev;
  readonly functions: PicFunctions;
  /** TEXT_BYTES of its module's memory, where it takes and gives the text of a line and its part of a table. */
  readonly text: number;
  /** Lines it has: what guest_intr_num_pins() said, else what pnum_mask leaves room for. */
  lines: number;
  /** False until its options are read: users of a controller come after it. */
  complete: boolean;
}

/** An interrupt controller. */
export type Pic = HostPic | VdevPic;

/** `PIC:LINE`, with the source bit a vdev was given on that line. */
export interface Pin {
  readonly pic: Pic;
  readonly line: number;
}

/**
 * The interrupt controllers of a VM by name: vdevs that are controllers, host controllers the configuration declares,
 * and one of every host type under the type's name unless the configuration says otherwise.
 */
export class Controllers {
  readonly #declared = new Map<string, Pic>();
  readonly #vdevs: VdevPic[] = [];
  readonly #builtIn = new Map<string, HostPic>(HOST_PIC_TYPES.map((type) => [type, hostPic(type)]));
  /** The processor's own: its lines are the vectors of MSIs. */
  readonly apic = this.#builtIn.get("apic")!;

  /** Everything that `intr` can name now, what the configuration declares first. */
  get all(): readonly Pic[] {
    const declared = [...this.#declared.values()].filter((pic) => pic.kind === "host" || pic.complete);
    const builtIn = [...this.#builtIn.values()].filter((pic) => pic !== this.apic && !this.#declared.has(pic.name));
    return [...declared, ...builtIn];
  }

  /** @returns the controller, or undefined when there is none of that name yet */
  find(name: string): Pic | undefined {
    const pic = this.#declared.get(name) ?? this.#builtIn.get(name);
    return pic?.kind === "vdev" && !pic.complete ? undefined : pic;
  }

  /** The controller a vdev is, also before its options are read. */
  ofVdev(vdev: Vdev): VdevPic | undefined {
    return this.#vdevs.find((pic) => pic.vdev === vdev);
  }

  /** The controller whose vdev_t of its own module is at this address. */
  ofAddress(instance: ModuleInstance, vdp: number): VdevPic | undefined {
    for (const pic of this.#vdevs) if (pic.vdev.instance === instance && pic.vdev.vdp === vdp) return pic;
    return undefined;
  }

  /**
   * Makes a host controller under a name: the first one of a type takes the place of the built-in one.
   * @throws UserError when the name is taken or cannot be one
   */
  declare(type: HostPicType, name: string, place: SourcePlace | undefined): HostPic {
    this.#checkName(name, place);
    const pic = hostPic(type, name);
    this.#declared.set(name, pic);
    this.#builtIn.delete(type);
    return pic;
  }

  /** Takes a vdev in as a controller; it can be named once `complete` is set. @throws UserError for its name */
  add(vdev: Vdev, functions: PicFunctions): VdevPic {
    this.#checkName(vdev.name, vdev.plan.place);
    const pic: VdevPic = {
      kind: "vdev",
      name: vdev.name,
      vdev,
      functions,
      text: functions.parse + functions.string + functions.tableSpec === 0 ? 0 : vdev.instance.alloc(TEXT_BYTES),
      lines: functions.linesOfMask,
      complete: false,
    };
    this.#declared.set(pic.name, pic);
    this.#vdevs.push(pic);
    return pic;
  }

  /** How many lines each controller has, for putting a VM back. */
  save(): readonly number[] {
    return this.#vdevs.map(({ lines }) => lines);
  }

  restore(saved: readonly number[]): void {
    for (let i = 0; i < this.#vdevs.length; i++) this.#vdevs[i]!.lines = saved[i]!;
  }

  /** Of the vdev.ref page: the name of a controller may not contain a colon, since `intr NAME:LINE` has one. */
  #checkName(name: string, place: SourcePlace | undefined): void {
    if (name.includes(":")) {
      throw new UserError(`an interrupt controller cannot be named ${name}: a colon ends the name in intr`, place);
    }
    if (name === this.apic.name) {
      throw new UserError(
        `an interrupt controller cannot be named ${name}: in intr that is the processor's own`,
        place,
      );
    }
    if (this.#declared.has(name)) throw new UserError(`two interrupt controllers are named ${name}`, place);
  }
}

/** `gic:42`. */
export function formatPin({ pic, line }: Pin): string {
  return `${pic.name}:${line}`;
}
