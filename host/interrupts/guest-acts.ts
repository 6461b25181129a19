import type { LineAct } from "../vm/events.ts";
import type { Vm } from "../vm/vm.ts";
import type { Line } from "./line.ts";

/**
 * A guest without a processor of its own works with a line of a host controller: lets it in, masks it, takes what waits.
 * @returns whether there was something to take; true for the other acts; undefined when there is no such line, or when
 * its controller is a vdev, whose registers the guest works with instead
 */
export function actOnLine(vm: Vm, pic: string, number: number, act: LineAct): boolean | undefined {
  const line = hostLine(vm, pic, number);
  if (line === undefined) return undefined;
  vm.emit({ kind: "line-act", pic, line: number, act });
  switch (act) {
    case "take":
      return vm.lines.take(line);
    case "disable":
      vm.lines.enable(line, false);
      return true;
    case "enable":
      vm.lines.enable(line, true);
      return true;
    default:
      vm.lines.enable(line, true, act === "enable-edge" ? "edge" : "level");
      return true;
  }
}

function hostLine(vm: Vm, name: string, number: number): Line | undefined {
  const pic = vm.interrupts.controllers.find(name);
  return pic?.kind !== "host" || number >= pic.lines ? undefined : vm.lines.at(pic, number);
}
