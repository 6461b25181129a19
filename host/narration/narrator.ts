import type { LineNote } from "../interrupts/line.ts";
import { formatAddress } from "../memory/format.ts";
import { counted } from "../plural.ts";
import type { LineAct, VmEvent } from "../vm/events.ts";
import type { Vm } from "../vm/vm.ts";
import { AccessLoops } from "./access-loops.ts";
import { type AccessEvent, refusal } from "./refusal.ts";

const NOTES: Readonly<Record<LineNote, string>> = {
  masked: "the guest has it masked",
  lost: "this edge is lost, an earlier one is still pending",
  spurious: "the interrupt was gone before the guest took it",
  storm: "it rises again and again, and the guest has no time to answer",
};

const ACTS: Readonly<Record<LineAct, string>> = {
  enable: "the guest lets it in",
  "enable-edge": "the guest lets it in, by its edges",
  "enable-level": "the guest lets it in, by its level",
  disable: "the guest masks it",
  take: "the guest takes it",
};

/** Events that are told in the same words elsewhere. */
const TOLD_ELSEWHERE: ReadonlySet<VmEvent["kind"]> = new Set(["log", "report", "finding"]);
/** Bytes of guest memory or input that are shown; of more the beginning. */
const BYTES = 32;

export interface NarratorOptions {
  /** Takes a line. */
  readonly say: (line: string) => void;
  /** Takes what is told in other words than these: messages, reports, findings, bytes of character devices. */
  readonly show: (event: VmEvent) => void;
  /** Vdevs and all that is done to them: their guest memory and input as well, and not what the guest does elsewhere. */
  readonly ofVdevs?: boolean;
}

/**
 * Tells in plain words what happens in a VM: every access, every step of time; accesses of a loop in one line. The cause comes
 * first: what a vdev did because of an access is told after it, though it happened before the access was done.
 */
export class Narrator {
  readonly #options: NarratorOptions;
  #vm: Vm | undefined;
  /** Shorter steps of time are not told: wall time makes one before every access. */
  #leastStepNs = 0n;
  /** Accesses that are held back, to be told together. */
  readonly #loops = new AccessLoops();
  /** What happened in an access that is not done yet. */
  #effects: VmEvent[] = [];
  /** Accesses told so far. */
  #told = 0;
  /** Accesses to places that vdevs have. */
  dispatched = 0;

  constructor(options: NarratorOptions) {
    this.#options = options;
  }

  /** The VM is made; before that there are events, but no accesses. */
  start(vm: Vm): void {
    this.#vm = vm;
    if (vm.plan.time === "wall") this.#leastStepNs = 1_000_000n;
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
      if (event.ns >= this.#leastStepNs) this.sayNow(`time         virtual time moves on by ${seconds(event.ns)}`);
    } else if (event.kind === "line") {
      this.sayNow(`interrupt    ${event.pic}:${event.line} goes ${event.level ? "high" : "low"}`);
    } else if (event.kind === "pulse") {
      this.sayNow(`pulse        ${event.vdev} gets a pulse with code ${event.code}`);
    } else if (event.kind === "line-note") {
      this.sayNow(`interrupt    ${event.pic}:${event.line}: ${NOTES[event.note]}`);
    } else if (event.kind === "msi") {
      const to = event.target === "" ? "nobody takes it" : `it reaches ${event.target}`;
      const at = formatAddress("memory", event.address);
      this.sayNow(`message      ${event.source} writes 0x${event.data.toString(16)} to ${at}; ${to}`);
    } else if (event.kind === "control") {
      this.sayNow(`lifecycle    ${CONTROLS[event.control]}`);
    } else if (event.kind === "power") {
      this.sayNow(`power        CPU ${event.cpu} ${POWER[event.state]}`);
    } else if (this.#options.ofVdevs && this.#tellWhole(event)) {
      return;
    } else if (event.kind === "output") {
      this.#options.show(event); // characters do not part the accesses that send them; a whole line is told at once
    } else if (TOLD_ELSEWHERE.has(event.kind)) {
      this.#flush();
      this.#options.show(event);
    }
  }

  /** @returns whether it is something that is told of vdevs only */
  #tellWhole(event: VmEvent): boolean {
    if (event.kind === "ram-read") this.sayNow(`memory       ${reading(event)}`);
    else if (event.kind === "ram-write") this.sayNow(`memory       ${writing(event)}`);
    else if (event.kind === "input")
      this.sayNow(`input        ${event.vdev} gets ${bytesText(event.bytes)} from the host`);
    else if (event.kind === "flow")
      this.sayNow(`output       the host takes ${event.takes ? "output of" : "no more output of"} ${event.vdev}`);
    else if (event.kind === "line-act") this.sayNow(`interrupt    ${event.pic}:${event.line}: ${ACTS[event.act]}`);
    else return false;
    return true;
  }

  #access(access: AccessEvent): void {
    this.#told = this.#vm?.traps ?? 0;
    const effects = this.#effects;
    this.#effects = [];
    const tellsMore = effects.some(({ kind }) => kind !== "output");
    if (tellsMore) this.#flush();
    const isVdevs = this.#vm?.spaces[access.space].find(access.address)?.what.kind === "vdev";
    if (isVdevs) this.dispatched++;
    else if (this.#options.ofVdevs && !tellsMore) return;
    for (const line of this.#loops.add(access, () => this.#sentence(access, effects)))
      this.#options.say(`trap         ${line}`);
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
    for (const line of this.#loops.flush()) this.#options.say(`trap         ${line}`);
  }

  /** Says a line of somebody else's at its place. */
  sayNow(line: string): void {
    this.#flush();
    this.#options.say(line);
  }

  /** Tells what was held back. */
  end(): void {
    this.#flush();
    for (const effect of this.#effects.splice(0)) this.#tell(effect);
  }
}

type MemoryEvent = Extract<VmEvent, { kind: "ram-read" | "ram-write" }>;

function reading({ address, bytes }: MemoryEvent): string {
  return `a vdev reads ${bytesText(bytes)} at ${formatAddress("memory", address)}`;
}

function writing({ address, bytes }: MemoryEvent): string {
  return `a vdev writes ${bytesText(bytes)} to ${formatAddress("memory", address)}`;
}

/** `2 bytes, 5a 04,`. */
function bytesText(bytes: Uint8Array): string {
  const shown = [...bytes.subarray(0, BYTES)].map((byte) => byte.toString(16).padStart(2, "0")).join(" ");
  return `${counted(bytes.length, "byte")}, ${shown}${bytes.length > BYTES ? " …" : ""},`;
}

const CONTROLS = {
  status: "every vdev gets VDEV_CTRL_STATUS",
  button: "the power button is pressed: VDEV_CTRL_BUTTON",
  dump: "a guest dump is asked for",
  terminate: "every vdev gets VDEV_CTRL_TERMINATE",
} as const;
const POWER = { on: "runs", wait: "waits for an interrupt", off: "is switched off" } as const;

/** Below a microsecond in nanoseconds, where a number of seconds can no longer be read. */
export function seconds(ns: bigint): string {
  if (ns < 1000n) return `${ns} ns`;
  const value = Number(ns) / 1e9;
  return `${value >= 1 ? value.toFixed(3) : value} s`;
}
