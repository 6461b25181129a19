import { formatAddress } from "../memory/format.ts";
import { Narrator, seconds } from "../narration/narrator.ts";
import { counted } from "../plural.ts";
import type { VmEvent } from "../vm/events.ts";
import { formatLocation } from "../vm/location.ts";
import type { Vm } from "../vm/vm.ts";
import type { Sink } from "./output.ts";
import type { GuestSpec, SessionEnd } from "./session.ts";
import { countedExpectations, endReason } from "./summary.ts";
import { tallyLines, tallyOf } from "./tally.ts";

/** Tells a run in plain words, with what it is of and what came of it. */
export class Explainer {
  readonly #sink: Sink;
  readonly #narrator: Narrator;
  #guestLine = "";

  /** @param show shows what is told in other words than these: messages, reports, findings, bytes of character devices */
  constructor(sink: Sink, show: (event: VmEvent) => void) {
    this.#sink = sink;
    this.#narrator = new Narrator({ say: (line) => this.#say(line), show });
  }

  start(vm: Vm, configFile: string, guest: GuestSpec): void {
    this.#narrator.start(vm);
    this.#say(`The VM "${vm.plan.system}" was made from ${configFile}:`);
    for (const range of vm.plan.ram) {
      this.#say(
        `  ${range.length >> 10n} KiB of ${range.writable ? "RAM" : "ROM"} at ${formatAddress("memory", range.start)}`,
      );
    }
    for (const vdev of vm.vdevs) {
      const { length } = vdev.regions[0] ?? {};
      const size = length === undefined ? "" : `, ${counted(Number(length), "byte")}`;
      this.#say(
        `  vdev ${vdev.name}: ${vdev.instance.module.file.split("/").at(-1)} in a WebAssembly sandbox, at ${formatLocation(vdev)}${size}`,
      );
    }
    const driver =
      guest.kind === "rom"
        ? `x86 code from ${guest.file}, executed by v86`
        : guest.kind === "script"
          ? `the script ${guest.file}`
          : "nobody";
    this.#say(`Every vdev was configured as qvm does it. It is now driven by ${driver}.`);
    this.#say("");
  }

  guestSays(text: string): void {
    this.#guestLine += text;
    const lines = this.#guestLine.split("\n");
    this.#guestLine = lines.pop() ?? "";
    for (const line of lines) this.#narrator.sayNow(`guest says   ${line}`);
  }

  event(event: VmEvent): void {
    this.#narrator.event(event);
  }

  end(vm: Vm, end: SessionEnd, exitCode: number, recordFile: string | undefined): void {
    this.#narrator.end();
    if (this.#guestLine !== "") this.guestSays("\n");
    this.#say("");
    this.#say(`The run ended: ${endReason(end)}. Exit code ${exitCode}.`);
    for (const line of tallyLines(tallyOf(vm), seconds(vm.nowNs), this.#narrator.dispatched)) this.#say(`  ${line}`);
    for (const line of vm.guestClock.lines()) this.#say(`  ${line[0]!.toUpperCase()}${line.slice(1)}.`);
    const expectations = countedExpectations(end);
    if (expectations !== undefined) this.#say(`  ${expectations}.`);
    if (recordFile !== undefined)
      this.#say(`  The recording is in ${recordFile}; \`npx vdevbox replay ${recordFile}\` runs it again.`);
  }

  #say(line: string): void {
    this.#sink.out(`${line}\n`);
  }
}
