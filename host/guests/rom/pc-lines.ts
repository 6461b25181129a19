import { formatPin } from "../../interrupts/controllers.ts";
import type { Line } from "../../interrupts/line.ts";
import type { Vm } from "../../vm/vm.ts";
import { IRQ_BASE, IRQ_LINES } from "./memory-map.ts";
import type { RomGuest } from "./rom-guest.ts";

/** The line of a PC's two 8259 that a line of a controller arrives at; undefined when it does not reach the guest. */
function pcLine({ pic, line }: Line): number | undefined {
  if (pic.kind !== "host") return undefined;
  // The guest has no local APIC: a vector is one of the 8259s' where those deliver it.
  const number = pic.type === "apic" ? line - IRQ_BASE : line;
  if (pic.type === "gic" || number < 0 || number >= IRQ_LINES) return undefined;
  return number;
}

/** Whether a ROM guest has something to say of a line. */
export function isPcLine(line: Line): boolean {
  return pcLine(line) !== undefined;
}

/**
 * Says when an interrupt rises that a ROM guest cannot get: each message, and of a line the first time. In a replay too,
 * where the guest is not there.
 */
export function warnOfUnreachable(vm: Vm): void {
  const told = new Set<Line>();
  vm.lines.listen({
    level(line, high) {
      if (!high || line.pic.kind !== "host" || isPcLine(line)) return;
      if (line.pic === vm.interrupts.controllers.apic) {
        const vector = `0x${line.line.toString(16)}`;
        vm.log("warn", undefined, `a message for vector ${vector} does not reach the guest, which has no local APIC`);
      } else if (!told.has(line)) {
        told.add(line);
        const takes = "x86 code takes lines 0 to 15 of 8259 and ioapic";
        vm.log("warn", undefined, `${formatPin(line)} does not reach the guest: ${takes}`);
      }
    },
  });
}

/** Lets a ROM guest see the lines of 8259 and ioapic and the vectors of its lines, and the VM what it does with them. */
export function connectLines(vm: Vm, guest: RomGuest): void {
  // Several controllers may drive one line of the guest's: it is up while one of them holds it up.
  const holders = Array.from({ length: IRQ_LINES }, () => new Set<Line>());
  const level = (line: Line, high: boolean) => {
    const number = pcLine(line);
    if (number === undefined) return;
    const of = holders[number]!;
    const wasHigh = of.size > 0;
    if (high) of.add(line);
    else of.delete(line);
    if (of.size > 0 !== wasHigh) guest.setIrq(number, of.size > 0);
  };
  // What vdevs raised at startup is up when the guest begins.
  for (const line of vm.lines.all()) if (line.high) level(line, true);
  vm.lines.listen({ level });
  warnOfUnreachable(vm);
  vm.lines.guest = (line) => {
    const number = pcLine(line);
    return number === undefined ? undefined : guest.irqState(number);
  };
}
