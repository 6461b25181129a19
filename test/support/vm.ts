import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import type { AccessWidth, Space } from "../../host/guests/bus.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { plainPlan } from "../../host/vm/plain-plan.ts";
import type { VdevPlan, VmPlan } from "../../host/vm/plan.ts";
import { type CreateOptions, createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";

let folder: string | undefined;
let count = 0;

afterAll(() => {
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true });
  folder = undefined;
});

/** Writes a module to a temporary file, as the loader reads it. */
export function moduleFile(bytes: Uint8Array, name = `module${count++}`, map?: string): string {
  folder ??= mkdtempSync(join(tmpdir(), "vdevbox-test-"));
  const file = join(folder, `${name}.wasm`);
  writeFileSync(file, bytes);
  if (map !== undefined) writeFileSync(`${file}.map`, map);
  return file;
}

export function vdevPlan(file: string, plan: Partial<VdevPlan> = {}): VdevPlan {
  return {
    type: "device",
    file,
    name: undefined,
    loc: { space: "memory", address: 0x1c000000n },
    intr: undefined,
    policy: undefined,
    options: () => [],
    ...plan,
  };
}

export function vmPlan(vdevs: readonly VdevPlan[], plan: Partial<VmPlan> = {}): VmPlan {
  return plainPlan(vdevs, { system: "test", ...plan });
}

/** A VM with one vdev of a module's, and all it has said. */
export function vmOf(
  bytes: Uint8Array,
  plan: Partial<VmPlan> = {},
  options: CreateOptions & { readonly vdev?: Partial<VdevPlan> } = {},
): { vm: Vm; events: VmEvent[] } {
  const events: VmEvent[] = [];
  const vm = createVm(vmPlan([vdevPlan(moduleFile(bytes), options.vdev)], plan), {
    listener: (event) => events.push(event),
    ...options,
  });
  return { vm, events };
}

/** One guest access, as `[status, value]`. */
export function read(vm: Vm, address: bigint, width: AccessWidth = 4, space: Space = "memory"): [number, bigint] {
  const status = vm.read(space, Number(address & 0xffffffffn), Number(address >> 32n), width, 0);
  return [status, BigInt.asUintN(8 * width, (BigInt(vm.valueHi) << 32n) | BigInt(vm.valueLo))];
}

export function write(vm: Vm, address: bigint, value: bigint, width: AccessWidth = 4, space: Space = "memory"): number {
  return vm.write(
    space,
    Number(address & 0xffffffffn),
    Number(address >> 32n),
    width,
    Number(value & 0xffffffffn),
    Number(value >> 32n),
    0,
  );
}
