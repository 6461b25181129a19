import type { ModuleInstance } from "../sandbox/instance.ts";

/** Bytes of module memory behind a vCPU's guest_cpu; nothing is ever kept in them. */
const HANDLE_BYTES = 16;

/**
 * The `struct guest_cpu *` that stands for a vCPU itself, outside any access: what makes a guest timer a vCPU's own. One
 * for each vCPU and module instance, made when it is first asked for. The gcp of an access is another pointer.
 */
export class GuestCpus {
  readonly #cpus: number;
  readonly #handles: { readonly instance: ModuleInstance; readonly vcpu: number; readonly handle: number }[] = [];

  /** @param cpus vCPUs of the VM */
  constructor(cpus: number) {
    this.#cpus = cpus;
  }

  /** @returns 0 when there is no such vCPU */
  handleOf(instance: ModuleInstance, vcpu: number): number {
    if (vcpu >= this.#cpus) return 0;
    const known = this.#handles.find((one) => one.instance === instance && one.vcpu === vcpu);
    if (known !== undefined) return known.handle;
    const handle = instance.alloc(HANDLE_BYTES);
    this.#handles.push({ instance, vcpu, handle });
    return handle;
  }

  owns(instance: ModuleInstance, handle: number): boolean {
    return this.#handles.some((one) => one.handle === handle && one.instance === instance);
  }

  /** How many have been made. */
  get count(): number {
    return this.#handles.length;
  }

  /** Forgets those made after the first `count`: the memory behind them is no longer theirs. */
  truncate(count: number): void {
    if (this.#handles.length > count) this.#handles.length = count;
  }
}
