import type { Hash } from "node:crypto";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";

/** Bytes of output a character device keeps while the host takes none. Our choice. */
export const OUTPUT_BUFFER_BYTES = 64;
/** Bytes of input that may wait for a vdev. */
export const INPUT_LIMIT_BYTES = 1 << 20;

const NOTHING = new Uint8Array(0);

/**
 * The host's side of one `struct cdev_state`. Byte arrays are replaced and never changed, so that a snapshot is a copy
 * of the fields.
 */
export interface CharacterDevice {
  readonly vdev: Vdev;
  /** Address of the cdev_state in module memory. */
  readonly address: number;
  /** Codes of the pulses for "there is input" and "there is room for output again". */
  readonly inputCode: number;
  readonly outputCode: number;
  /** `hostdev`: whether standard input and output of the run are connected. */
  hasInput: boolean;
  hasOutput: boolean;
  /** Bytes the host has sent; those from `taken` on are still to be read. */
  input: Uint8Array;
  taken: number;
  /** Bytes written that the host has not taken. */
  pending: Uint8Array;
  /** The host takes no bytes. */
  held: boolean;
}

/** All character devices at one time. */
export type SavedCharacterDevices = readonly { readonly device: CharacterDevice; readonly was: CharacterDevice }[];

/**
 * Character devices of a VM: byte streams between vdevs and standard input and output of the run. Input comes from
 * outside and is an event; so is output, and so is a host that takes no bytes for a while.
 */
export class CharacterDevices {
  readonly #vm: Vm;
  readonly #devices: CharacterDevice[] = [];

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /** @returns undefined when the vdev has one already */
  add(vdev: Vdev, address: number, inputCode: number, outputCode: number): CharacterDevice | undefined {
    if (this.of(vdev) !== undefined) return undefined;
    const device: CharacterDevice = {
      vdev,
      address,
      inputCode,
      outputCode,
      hasInput: false,
      hasOutput: false,
      input: NOTHING,
      taken: 0,
      pending: NOTHING,
      held: false,
    };
    this.#devices.push(device);
    return device;
  }

  of(vdev: Vdev): CharacterDevice | undefined {
    return this.#devices.find((device) => device.vdev === vdev);
  }

  /** By the struct a call names. */
  find(instance: ModuleInstance, address: number): CharacterDevice | undefined {
    return this.#devices.find((device) => device.vdev.instance === instance && device.address === address);
  }

  /** @returns what is wrong with sending bytes to the vdev of this name; undefined when it can be done */
  refusal(name: string, bytes = 0): string | undefined {
    const vdev = this.#vm.vdevs.find((one) => one.name === name);
    if (vdev === undefined) return `there is no vdev ${name}`;
    const device = this.of(vdev);
    if (device === undefined) return `${name} is no character device`;
    if (bytes > 0 && !device.hasInput) return `${name} has no input: give it \`hostdev <-\``;
    if (device.input.length - device.taken + bytes > INPUT_LIMIT_BYTES) return `${name} has too much input waiting`;
    return undefined;
  }

  /** Bytes arrive for a vdev, as `refusal` has allowed: it gets a pulse. */
  send(name: string, bytes: Uint8Array): void {
    const device = this.#named(name);
    this.#vm.emit({ kind: "input", vdev: name, bytes });
    device.input = joined(device.input.subarray(device.taken), bytes);
    device.taken = 0;
    this.#vm.pulses.deliver(device.vdev, device.inputCode);
  }

  /** The host takes no more bytes of a vdev, or takes them again: then what waited goes out, and the vdev gets a pulse. */
  hold(name: string, held: boolean): void {
    const device = this.#named(name);
    if (device.held === held) return;
    this.#vm.emit({ kind: "flow", vdev: name, takes: !held });
    device.held = held;
    if (held) return;
    const { pending } = device;
    device.pending = NOTHING;
    this.#emitOutput(device, pending);
    this.#vm.pulses.deliver(device.vdev, device.outputCode);
  }

  /**
   * The VM ends: the host takes what waited for it, and all that vdevs still send in VDEV_CTRL_TERMINATE, as a program's
   * last output is waited for. Nobody gets a pulse any more.
   */
  finish(): void {
    for (const device of this.#devices) {
      device.held = false;
      this.#emitOutput(device, device.pending);
      device.pending = NOTHING;
    }
  }

  /** @returns how many bytes were taken, into the buffer or to the host */
  write(device: CharacterDevice, bytes: Uint8Array): number {
    if (!device.held) {
      this.#emitOutput(device, bytes.slice());
      return bytes.length;
    }
    const taken = Math.min(bytes.length, OUTPUT_BUFFER_BYTES - device.pending.length);
    if (taken > 0) device.pending = joined(device.pending, bytes.subarray(0, taken));
    return taken;
  }

  /** @returns at most `limit` bytes that wait, taken */
  read(device: CharacterDevice, limit: number): Uint8Array {
    const bytes = device.input.subarray(device.taken, device.taken + limit);
    device.taken += bytes.length;
    return bytes;
  }

  #named(name: string): CharacterDevice {
    const device = this.#devices.find((one) => one.vdev.name === name);
    if (device === undefined) throw new Error(`${name} is no character device`);
    return device;
  }

  #emitOutput(device: CharacterDevice, bytes: Uint8Array): void {
    if (bytes.length > 0 && device.hasOutput) this.#vm.emit({ kind: "output", vdev: device.vdev.name, bytes });
  }

  save(): SavedCharacterDevices {
    return this.#devices.map((device) => ({ device, was: { ...device } }));
  }

  restore(saved: SavedCharacterDevices): void {
    if (this.#devices.length > saved.length) this.#devices.length = saved.length; // they are only ever added
    for (const { device, was } of saved) {
      device.input = was.input;
      device.taken = was.taken;
      device.pending = was.pending;
      device.held = was.held;
    }
  }

  digest(hash: Hash): void {
    for (const { vdev, input, taken, pending, held } of this.#devices) {
      hash.update(`character ${vdev.index} ${held} ${input.length - taken} ${pending.length}\n`);
      hash.update(input.subarray(taken)).update(pending);
    }
  }
}

function joined(first: Uint8Array, second: Uint8Array): Uint8Array {
  const both = new Uint8Array(first.length + second.length);
  both.set(first);
  both.set(second, first.length);
  return both;
}
