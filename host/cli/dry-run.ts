import { guest_intr, vdev_s } from "../../abi/generated/layouts.ts";
import { formatAddress } from "../memory/format.ts";
import { architectureOf } from "../vm/architecture.ts";
import { formatLocation } from "../vm/location.ts";
import { formatFunction } from "../vm/pci-functions.ts";
import { NOTHING_RESERVED, type ReservedRange } from "../vm/reserved.ts";
import { unsupportedAction } from "../vm/unsupported.ts";
import type { Vdev } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";

const ARCHITECTURE_NAMES = { arm: "an ARM machine", x86: "a PC" } as const;

/** What a VM is, line by line: what `dryrun` prints. */
export function describeVm(vm: Vm): string[] {
  const { plan } = vm;
  const architecture = architectureOf(vm);
  const machine = architecture === undefined ? "a machine of no known kind" : ARCHITECTURE_NAMES[architecture];
  return [
    `system ${plan.system}: ${machine} with ${plan.cpus} vCPU${plan.cpus === 1 ? "" : "s"}`,
    ...describeSpace(vm, "memory"),
    ...describeSpace(vm, "io"),
    ...describeReserved(vm),
    ...vm.vdevs.map(describeVdev),
    `unsupported: ${(["memory", "io"] as const)
      .map((space) => {
        const [nobody, vdev] = [unsupportedAction(plan, space, false), unsupportedAction(plan, space, true)];
        return `${space} ${nobody}${vdev === nobody ? "" : ` (inside a vdev ${vdev})`}`;
      })
      .join(", ")}`,
    `policy ${plan.policy}, instances ${plan.instances}, on-fault ${plan.onFault}`,
  ];
}

function describeSpace(vm: Vm, space: "memory" | "io"): string[] {
  return vm.spaces[space].regions.map(({ start, length, owner }) => {
    const range = `${formatAddress(space, start)}..${formatAddress(space, start + length - 1n)}`;
    return `  ${range}  ${owner}`;
  });
}

function describeReserved({ plan }: Vm): string[] {
  const { memory, io, functions, lines } = plan.reserved ?? NOTHING_RESERVED;
  const range = (space: "memory" | "io", { start, end }: ReservedRange) =>
    `${formatAddress(space, start)}..${formatAddress(space, end - 1n)}`;
  const all = [
    ...memory.map((one) => range("memory", one)),
    ...io.map((one) => range("io", one)),
    ...functions.map(formatFunction),
    ...[...lines].map((line) => `interrupt ${line}`),
  ];
  return all.length === 0 ? [] : [`reserved: ${all.join(", ")}`];
}

function describeVdev(vdev: Vdev): string {
  const { instance, name, type } = vdev;
  const intr = vdev.vdp + vdev_s.v_intr;
  const pic = instance.picOf(instance.u32(intr + guest_intr.pic));
  const line = pic === undefined ? "no interrupt" : `interrupt ${pic}:${instance.u32(intr + guest_intr.param)}`;
  const module = instance.module.file.split("/").at(-1);
  return `vdev ${name}: type ${type}, ${formatLocation(vdev)}, ${line}, module ${module}`;
}
