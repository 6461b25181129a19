import type { LineNote } from "../interrupts/line.ts";
import { formatAddress } from "../memory/format.ts";
import { counted } from "../plural.ts";
import type { VmEvent } from "../vm/events.ts";
import { formatLocation } from "../vm/location.ts";
import type { Vm } from "../vm/vm.ts";
import { AccessLoops } from "./access-loops.ts";
import type { Sink } from "./output.ts";
import { type AccessEvent, refusal } from "./refusal.ts";
import type { GuestSpec, SessionEnd } from "./session.ts";
import { countedExpectations, endReason } from "./summary.ts";
import { tallyLines, tallyOf } from "./tally.ts";

const NOTES: Readonly<Record<LineNote, string>> = {
  masked: "the guest has it masked",
  lost: "this edge is lost, an earlier one is still pending",
  spurious: "the interrupt was gone before the guest took it",
  storm: "it rises again and again, and the guest has no time to answer",
};

/** Events that are told in the same words without `--explain`. */
const TOLD_ELSEWHERE: ReadonlySet<VmEvent["kind"]> = new Set(["log", "report", "finding"]);

/**
 * Tells a run in plain words: every access, every step of time; accesses of a loop in one line. The cause comes
 * first: what a vdev did because of an access is told after it, though it happened before the access was done.
 */
export class Explainer {
  readonly #sink: Sink;
  /** Shows what is told in other words than these: messages, reports, findings, bytes of character devices. */
  readonly #show: (event: VmEvent) => void;
  #vm: Vm | undefined;
  /** Accesses that are held back, to be told together. */
  readonly #loops = new AccessLoops();
  #guestLine = "";
  /** Shorter steps of time are not told: wall time makes one before every access. */
  #leastStepNs = 0n;
  /** What happened in an access that is not done yet. */
  #effects: VmEvent[] = [];
  /** Accesses told so far. */
  #told = 0;
  /** Accesses to places that vdevs have. */
  #dispatched = 0;

  constructor(sink: Sink, show: (event: VmEvent) => void) {
    this.#sink = sink;
    this.#show = show;
  }

  start(vm: Vm, configFile: string, guest: GuestSpec): void {
    this.#vm = vm;
    if (vm.plan.time === "wall") this.#leastStepNs = 1_000_000n;
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
    for (const line of lines) {
      this.#flush();
      this.#say(`guest says   ${line}`);
    }
  }

  event(event: VmEvent): void {
    if (event.kind === "access") this.#access(event);
    else if (this.#inAccess()) this.#effects.push(event);
    else this.#tell(event);
  }

  /** Whether an access was begun that nobody told of yet. */
  #inAccess(): boolean {
    return this.#vm !== undefined && this.#vm.traps !== this.#told;
  }

  #tell(event: VmEvent): void {
    if (event.kind === "clock-step") {
      if (event.ns >= this.#leastStepNs) this.#sayNow(`time         virtual time moves on by ${seconds(event.ns)}`);
    } else if (event.kind === "line") {
      this.#sayNow(`interrupt    ${event.pic}:${event.line} goes ${event.level ? "high" : "low"}`);
    } else if (event.kind === "pulse") {
      this.#sayNow(`pulse        ${event.vdev} gets a pulse with code ${event.code}`);
    } else if (event.kind === "line-note") {
      this.#sayNow(`interrupt    ${event.pic}:${event.line}: ${NOTES[event.note]}`);
    } else if (event.kind === "msi") {
      const to = event.target === "" ? "nobody takes it" : `it reaches ${event.target}`;
      const at = formatAddress("memory", event.address);
      this.#sayNow(`message      ${event.source} writes 0x${event.data.toString(16)} to ${at}; ${to}`);
    } else if (event.kind === "control") {
      this.#sayNow(`lifecycle    ${CONTROLS[event.control]}`);
    } else if (event.kind === "power") {
      this.#sayNow(`power        CPU ${event.cpu} ${POWER[event.state]}`);
    } else if (event.kind === "output") {
      this.#show(event); // characters do not part the accesses that send them; a whole line is told at once
    } else if (TOLD_ELSEWHERE.has(event.kind)) {
      this.#flush();
      this.#show(event);
    }
  }

  #access(access: AccessEvent): void {
    this.#told = this.#vm?.traps ?? 0;
    const effects = this.#effects;
    this.#effects = [];
    const tellsMore = effects.some(({ kind }) => kind !== "output");
    if (tellsMore) this.#flush();
    if (this.#vm?.spaces[access.space].find(access.address)?.what.kind === "vdev") this.#dispatched++;
    for (const line of this.#loops.add(access, () => this.#sentence(access, effects)))
      this.#say(`trap         ${line}`);
    for (const effect of effects) this.#tell(effect);
  }

  #sentence(access: AccessEvent, effects: readonly VmEvent[]): string {
    const { op, outcome } = access;
    const vm = this.#vm!;
    const where = formatAddress(access.space, access.address);
    const value = `0x${access.value.toString(16)}`;
    const who = vm.plan.cpus === 1 ? "the guest" : `vCPU ${access.vcpu}`;
    const size = counted(access.width, "byte");
    const what = op === "read" ? `reads ${size} at ${where}` : `writes ${value}, ${size}, to ${where}`;
    const owner = vm.spaces[access.space].find(access.address)?.owner;
    if (outcome === "ok" && owner === undefined) {
      const ignored = op === "read" ? `and the guest gets ${value}` : "and it is dropped";
      return `${who} ${what}; nothing is there, ${ignored}`;
    }
    if (outcome === "ok") return `${who} ${what}; ${owner} ${op === "read" ? `answers ${value}` : "takes it"}`;
    if (outcome === "no-advance") return `${who} ${what}; ${owner} has it made again`;
    if (outcome === "stop") return `${who} ${what}; the VM ends with it`;
    const stopped = effects.some((effect) => effect.kind === "finding" && effect.finding.affected.length > 0);
    return `${who} ${what}; ${refusal(vm, access, stopped)}: a bus error`;
  }

  /** Tells the accesses that were held back to be counted. */
  #flush(): void {
    for (const line of this.#loops.flush()) this.#say(`trap         ${line}`);
  }

  end(vm: Vm, end: SessionEnd, exitCode: number, recordFile: string | undefined): void {
    this.#flush();
    for (const effect of this.#effects.splice(0)) this.#tell(effect);
    if (this.#guestLine !== "") this.guestSays("\n");
    this.#say("");
    this.#say(`The run ended: ${endReason(end)}. Exit code ${exitCode}.`);
    for (const line of tallyLines(tallyOf(vm), seconds(vm.nowNs), this.#dispatched)) this.#say(`  ${line}`);
    for (const line of vm.guestClock.lines()) this.#say(`  ${line[0]!.toUpperCase()}${line.slice(1)}.`);
    const expectations = countedExpectations(end);
    if (expectations !== undefined) this.#say(`  ${expectations}.`);
    if (recordFile !== undefined)
      this.#say(`  The recording is in ${recordFile}; \`npx vdevbox replay ${recordFile}\` runs it again.`);
  }

  #sayNow(line: string): void {
    this.#flush();
    this.#say(line);
  }

  #say(line: string): void {
    this.#sink.out(`${line}\n`);
  }
}

const CONTROLS = {
  status: "every vdev gets VDEV_CTRL_STATUS",
  button: "the power button is pressed: VDEV_CTRL_BUTTON",
  dump: "a guest dump is asked for",
  terminate: "every vdev gets VDEV_CTRL_TERMINATE",
} as const;
const POWER = { on: "runs", wait: "waits for an interrupt", off: "is switched off" } as const;

/** Below a microsecond in nanoseconds, where a number of seconds can no longer be read. */
function seconds(ns: bigint): string {
  if (ns < 1000n) return `${ns} ns`;
  const value = Number(ns) / 1e9;
  return `${value >= 1 ? value.toFixed(3) : value} s`;
}
