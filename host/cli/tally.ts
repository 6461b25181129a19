import { counted } from "../plural.ts";
import type { Vm } from "../vm/vm.ts";

/** What a run came to in numbers: `counts` of `run --json`, and the last lines of `run --explain`. */
export interface Tally {
  /** Guest accesses that were trapped. */
  readonly traps: number;
  /** Times a line of any controller went from low to high. */
  readonly interruptsRaised: number;
  /** Interrupts the guest is known to have taken. */
  readonly interruptsTaken: number;
  /** Deadlines of guest timers, POSIX timers and timed waits that came. */
  readonly timersFired: number;
  /** Findings of each severity; the same at the same place counts once. */
  readonly violations: number;
  readonly warnings: number;
  readonly faults: number;
}

export function tallyOf(vm: Vm): Tally {
  const lines = vm.lines.report();
  const sum = (count: "raised" | "taken") => lines.reduce((total, line) => total + line[count], 0);
  return {
    traps: vm.traps,
    interruptsRaised: sum("raised"),
    interruptsTaken: sum("taken"),
    timersFired: vm.clock.fired,
    violations: vm.findings.count("violation"),
    warnings: vm.findings.count("warning"),
    faults: vm.findings.count("fault"),
  };
}

/**
 * The same as sentences, one a line.
 * @param passed the virtual time that went by, with its unit
 * @param dispatched how many accesses went to vdevs; the others went to memory, or where nothing is
 */
export function tallyLines(tally: Tally, passed: string, dispatched: number): string[] {
  const { traps, interruptsRaised, interruptsTaken, timersFired, violations, warnings, faults } = tally;
  const to = dispatched === traps ? " and dispatched" : `, ${dispatched} of them dispatched to vdevs`;
  const raised = counted(interruptsRaised, "interrupt was", "interrupts were");
  return [
    `${counted(traps, "guest access was", "guest accesses were")} trapped${to}; ${passed} of virtual time went by.`,
    `${raised} raised, ${interruptsTaken} taken by the guest; ${counted(timersFired, "timer")} fired.`,
    `${counted(violations, "violation")}, ${counted(warnings, "warning")}, ${counted(faults, "fault")}.`,
  ];
}
