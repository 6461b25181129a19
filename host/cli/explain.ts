import type { LineNote } from "../interrupts/line.ts";
import { formatAddress } from "../memory/format.ts";
import type { VmEvent } from "../vm/events.ts";
import { formatLocation } from "../vm/location.ts";
import type { Vm } from "../vm/vm.ts";
import type { Sink } from "./output.ts";
import type { GuestSpec, SessionEnd } from "./session.ts";

const NOTES: Readonly<Record<LineNote, string>> = {
  masked: "the guest has it masked",
  lost: "this edge is lost, an earlier one is still pending",
  spurious: "the interrupt was gone before the guest took it",
  storm: "it rises again and again, and the guest has no time to answer",
};

type Access = Extract<VmEvent, { kind: "access" }>;

/** Tells a run in plain words: every access, every step of time; equal accesses in a row in one line. */
export class Explainer {
  readonly #sink: Sink;
  #vm: Vm | undefined;
  #last: Access | undefined;
  #repeats = 0;
  #guestLine = "";
  /** Shorter steps of time are not told: wall time makes one before every access. */
  #leastStepNs = 0n;

  constructor(sink: Sink) {
    this.#sink = sink;
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
      const size = length === undefined ? "" : `, ${length} bytes`;
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
      this.flush();
      this.#say(`guest says   ${line}`);
    }
  }

  event(event: VmEvent): void {
    if (event.kind === "access") this.#access(event);
    else if (event.kind === "clock-step") {
      if (event.ns < this.#leastStepNs) return;
      this.flush();
      this.#say(`time         virtual time moves on by ${seconds(event.ns)}`);
    } else if (event.kind === "line") {
      this.flush();
      this.#say(`interrupt    ${event.pic}:${event.line} goes ${event.level ? "high" : "low"}`);
    } else if (event.kind === "pulse") {
      this.flush();
      this.#say(`pulse        ${event.vdev} gets a pulse with code ${event.code}`);
    } else if (event.kind === "line-note") {
      this.flush();
      this.#say(`interrupt    ${event.pic}:${event.line}: ${NOTES[event.note]}`);
    } else if (event.kind === "msi") {
      this.flush();
      const to = event.target === "" ? "nobody takes it" : `it reaches ${event.target}`;
      const at = formatAddress("memory", event.address);
      this.#say(`message      ${event.source} writes 0x${event.data.toString(16)} to ${at}; ${to}`);
    } else if (event.kind === "control") {
      this.flush();
      this.#say(`lifecycle    ${CONTROLS[event.control]}`);
    } else if (event.kind === "power") {
      this.flush();
      this.#say(`power        CPU ${event.cpu} ${POWER[event.state]}`);
    }
  }

  #access(access: Access): void {
    const last = this.#last;
    if (last !== undefined && equal(last, access)) {
      this.#repeats++;
      return;
    }
    this.flush();
    this.#last = access;
    this.#repeats = 1;
  }

  /** Tells the accesses that were held back to be counted. */
  flush(): void {
    const access = this.#last;
    if (access === undefined) return;
    this.#last = undefined;
    const region = this.#vm?.spaces[access.space].find(access.address);
    const who = region?.owner ?? "nobody";
    const where = formatAddress(access.space, access.address);
    const value = `0x${access.value.toString(16)}`;
    const times = this.#repeats > 1 ? ` (${this.#repeats} times)` : "";
    const outcome = access.outcome === "ok" ? "" : ` -> ${access.outcome}`;
    const words =
      access.op === "read"
        ? `the guest reads ${access.width} byte(s) at ${where}; ${who} answers ${value}`
        : `the guest writes ${value}, ${access.width} byte(s), to ${where}; ${who} takes it`;
    this.#say(`trap         ${words}${outcome}${times}`);
  }

  end(vm: Vm, end: SessionEnd, recordFile: string | undefined): void {
    this.flush();
    if (this.#guestLine !== "") this.guestSays("\n");
    const { findings } = vm;
    this.#say("");
    this.#say(`The run ended: ${end.reason}. Exit code ${end.exitCode}.`);
    this.#say(
      `  ${vm.traps} guest accesses were trapped and dispatched; ${seconds(vm.nowNs)} of virtual time went by.`,
    );
    this.#say(
      `  ${findings.count("violation")} violations, ${findings.count("warning")} warnings, ${findings.count("fault")} faults.`,
    );
    if (recordFile !== undefined)
      this.#say(`  The recording is in ${recordFile}; \`npx vdevbox replay ${recordFile}\` runs it again.`);
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

function equal(a: Access, b: Access): boolean {
  return (
    a.op === b.op &&
    a.space === b.space &&
    a.address === b.address &&
    a.width === b.width &&
    a.value === b.value &&
    a.outcome === b.outcome
  );
}

function seconds(ns: bigint): string {
  const value = Number(ns) / 1e9;
  return `${value >= 1 ? value.toFixed(3) : value} s`;
}
