import type { ConfigPiece } from "../config/parse-config.ts";
import { formatStartTime } from "../config/start-time.ts";
import type { VmEvent } from "../vm/events.ts";
import { stateDigest } from "../vm/snapshot.ts";
import type { Vm, VmEnd } from "../vm/vm.ts";
import { formatAccesses } from "./accesses-text.ts";
import type { AccessOutcome, RecordingEvent } from "./event.ts";
import { createRecordingWriter, type RecordingWriter } from "./text.ts";

/** What a run was started with, beside its modules. */
export interface RunSource {
  /** Kind of the guest: script, rom, none. */
  readonly guest: string;
  /** What it ran, where that is not in the events. */
  readonly spec?: string;
  readonly pieces: readonly ConfigPiece[];
}

/** Where a recording ends although the run goes on. */
export interface RecordingLimit {
  readonly bytes: number;
  /** Is told once, when the limit is reached. */
  onReached(): void;
}

/** Room for the last line, and for the repetition that is written before it. */
const END_BYTES = 256;

/** Writes everything that goes into and comes out of a VM, line by line as it happens. */
export class Recorder {
  readonly #vm: Vm;
  readonly #writer: RecordingWriter;
  readonly #limit: RecordingLimit | undefined;
  #bytes = 0;
  #isOver = false;

  constructor(vm: Vm, source: RunSource, write: (text: string) => void, limit?: RecordingLimit) {
    this.#vm = vm;
    this.#limit = limit;
    const counted = (text: string) => {
      this.#bytes += text.length; // of characters that are bytes, but for what vdevs say
      write(text);
    };
    const modules = new Map(vm.instances.map(({ module }) => [moduleName(module.file), module]));
    this.#writer = createRecordingWriter(limit === undefined ? write : counted, {
      conf: [...source.pieces.map(({ file, text }) => ({ name: file, text })), runSettings(vm)],
      modules: [...modules.values()].map(({ file, hash }) => ({ name: moduleName(file), sha256: hash })),
      seed: 0n,
      guest: { kind: source.guest, ...(source.spec !== undefined && { spec: source.spec }) },
    });
  }

  event(event: VmEvent): void {
    if (this.#isOver) return;
    const recorded = recordingEvent(event);
    if (recorded === undefined) return;
    this.#writer.event(recorded);
    if (this.#limit !== undefined && this.#bytes + END_BYTES > this.#limit.bytes) this.#endAtLimit(event);
  }

  /** Behind an input only: what an access leads to comes before it, and without it would have no cause. */
  #endAtLimit(event: VmEvent): void {
    if (event.kind !== "access" && event.kind !== "clock-step") return;
    this.#isOver = true;
    this.#writer.end(undefined);
    this.#limit?.onReached();
  }

  end(end: VmEnd): void {
    if (!this.#isOver) this.#writer.end({ exit: end.exitCode & 0xff, state: stateDigest(this.#vm) });
  }
}

/** File name of a module without its folders: a recording names no path of the machine it was made on. */
export function moduleName(file: string): string {
  return file.split("/").at(-1)!;
}

/** Name of the piece that holds what the run was told beside its configuration. */
export const RUN_SETTINGS = "<settings of the run>";

/** VM-wide settings in force, whoever chose them, as configuration text. */
function runSettings(vm: Vm): { name: string; text: string } {
  const { plan } = vm;
  const settings = {
    policy: plan.policy,
    instances: plan.instances,
    "on-fault": plan.onFault,
    "access-ns": plan.accessNs,
    "start-time": formatStartTime(vm.startTimeNs),
    ...(plan.seed !== undefined && { seed: plan.seed }),
  };
  const text = Object.entries(settings).map(([name, value]) => `set vdevbox-${name} ${value}\n`);
  return { name: RUN_SETTINGS, text: text.join("") };
}

const OUTCOMES: Record<Extract<VmEvent, { kind: "access" }>["outcome"], AccessOutcome> = {
  ok: "ok",
  "bus-error": "error",
  stop: "stop",
  "no-advance": "retry",
};

/** An event of a VM as a recording has it; undefined for what is told elsewhere. */
export function recordingEvent(event: VmEvent): RecordingEvent | undefined {
  switch (event.kind) {
    case "access":
      return recordedAccess(event);
    case "clock-step":
      return { kind: "clockStep", ns: event.ns };
    case "pulse":
      return { kind: "pulse", vdev: event.vdev, code: event.code };
    case "control":
      return { kind: "control", what: event.control };
    case "input":
    case "output":
      return { kind: event.kind, vdev: event.vdev, bytes: event.bytes };
    case "flow":
      return { kind: "flow", vdev: event.vdev, takes: event.takes };
    case "line":
      return { kind: "irq", pic: event.pic, line: event.line, level: event.level };
    case "line-note":
      return { kind: "irqNote", pic: event.pic, line: event.line, note: event.note };
    case "line-act":
      return { kind: "irqAct", pic: event.pic, line: event.line, act: event.act };
    case "pin":
      return { kind: "irqPin", pic: event.pic, line: event.line, pin: event.pin };
    case "guest-intr":
      return { ...event, kind: "irqGuest" };
    case "msi":
      return { kind: "msi", vdev: event.source, address: event.address, data: event.data, target: event.target };
    case "log":
      return { kind: "log", severity: event.severity, vdev: event.source, text: event.text };
    case "report":
      return { kind: "report", vdev: event.source, text: event.text };
    case "ram-read":
      return { kind: "dmaRead", address: event.address, bytes: event.bytes };
    case "ram-write":
      return { kind: "dmaWrite", address: event.address, bytes: event.bytes };
    case "together":
      return { kind: "together", script: formatAccesses(event.accesses) };
    case "dump":
    case "power":
    case "schedule":
      return event;
    case "finding": {
      const { finding } = event;
      const vdev = finding.vdev?.name ?? moduleName(finding.module);
      if (finding.severity === "fault") {
        return { kind: "fault", vdev, text: finding.message.replaceAll(finding.module, moduleName(finding.module)) };
      }
      return { kind: "violation", rule: finding.rule, call: finding.call?.name ?? finding.severity, vdev };
    }
    case "end":
      return undefined;
  }
}

function recordedAccess(event: Extract<VmEvent, { kind: "access" }>): RecordingEvent {
  const { space, address, vcpu, value } = event;
  const width = event.width as 1 | 2 | 4 | 8;
  const outcome = OUTCOMES[event.outcome];
  if (event.op === "write") return { kind: "write", space, width, address, value, vcpu, outcome };
  if (outcome === "ok") return { kind: "read", space, width, address, vcpu, outcome, value };
  return { kind: "read", space, width, address, vcpu, outcome };
}
