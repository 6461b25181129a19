import { parseConfigPieces } from "../config/parse-config.ts";
import { UserError } from "../errors.ts";
import { type Actor, parseActor } from "../explore/actor.ts";
import { FollowingChooser } from "../explore/chooser.ts";
import { EXPLORED_GUEST, exploredVm } from "../explore/explored-vm.ts";
import { parseSpec } from "../explore/spec.ts";
import { claimedRanges } from "../guests/rom/claimed-ranges.ts";
import { isPcLine, warnOfUnreachable } from "../guests/rom/pc-lines.ts";
import { ramEnd, withGuestRam } from "../guests/rom/ram-ranges.ts";
import { MAX_RETRIES } from "../guests/script/run-script.ts";
import { actOnLine } from "../interrupts/guest-acts.ts";
import type { FuzzBuild } from "../sandbox/passes/fuzz.ts";
import type { VmPlan } from "../vm/plan.ts";
import { type PlanOptions, planFromConfig } from "../vm/plan-from-config.ts";
import { stateDigest } from "../vm/snapshot.ts";
import { createVm } from "../vm/startup.ts";
import { makeTogether } from "../vm/together.ts";
import type { Vm } from "../vm/vm.ts";
import { parseAccesses } from "./accesses-text.ts";
import type { Recording, RecordingEvent } from "./event.ts";
import { eventsOfKind } from "./event-sequence.ts";
import { moduleName, RUN_SETTINGS, recordingEvent } from "./recorder.ts";
import { isAccess, sameAccess } from "./same-event.ts";
import { formatEvent } from "./text.ts";

/** The first place where a second run went another way. */
export interface Divergence {
  /** Number of the event, from 1. */
  readonly event: number;
  readonly expected: string;
  readonly got: string;
}

export interface ReplayResult {
  readonly events: number;
  /** Undefined: the run was the same to the byte, final state included. */
  readonly divergence: Divergence | undefined;
  readonly exitCode: number;
  /** Guest dumps the run made. */
  readonly dumps: number;
  /** The recording ended at its limit: what the run did after that, and its final state, were not compared. */
  readonly endsAtLimit: boolean;
}

export interface ReplayOptions extends PlanOptions {
  /** Writes guest dumps again, and is told of each: EOK or an errno. Left out, no file is touched. */
  readonly onDump?: (file: string, errno: number) => void;
  /** Replays on modules built for fuzzing, which count the edges the run took. */
  readonly fuzz?: FuzzBuild;
}

/**
 * Runs a recording again: the VM is made from the recorded configuration, gets the recorded inputs, and everything it
 * does is compared with what was recorded. No guest runs.
 * @throws UserError when a module is missing or is not the recorded one
 */
export function replay(recording: Recording, options: ReplayOptions = {}): ReplayResult {
  const { kind } = recording.header.guest;
  if (kind === EXPLORED_GUEST.calls || kind === EXPLORED_GUEST.memory) return replaySchedule(recording, options);
  const { header, events, end } = recording;
  const plan = planOf(header, options);
  const comparison = new Comparison(events, end === undefined);
  const reads = eventsOfKind(events, "dmaRead");
  const recordedDumps = eventsOfKind(events, "dump");
  let dumps = 0;
  let accesses = 0;
  const vm = createVm(plan, {
    ...(options.fuzz !== undefined && { fuzz: options.fuzz }),
    atOnce: eventsOfKind(events, "together").next().value !== undefined,
    // An emulator's memory is out of the VM's hands, and what depends on that goes as it went.
    ...(header.guest.kind === "rom" ? { ramBytes: (_start, length) => new Uint8Array(Number(length)) } : {}),
    listener: (event) => {
      if (event.kind === "access") accesses++;
      const recorded = recordingEvent(event);
      if (recorded !== undefined) comparison.next(recorded);
    },
    ramSource: (_address, length) => {
      const recorded: Extract<RecordingEvent, { kind: "dmaRead" }> | undefined = reads.next().value;
      return recorded?.bytes.length === length ? recorded.bytes : new Uint8Array(length);
    },
    // Whether a file could be written then is an input; whether it can be now changes nothing.
    dumpSource: (file, write) => {
      options.onDump?.(file, write());
      const recorded: Extract<RecordingEvent, { kind: "dump" }> | undefined = recordedDumps.next().value;
      if (recorded !== undefined) dumps++;
      return recorded?.errno ?? 0;
    },
  });
  const pins = eventsOfKind(events, "irqPin");
  if (header.guest.kind === "rom") {
    vm.lines.guest = (line) => (isPcLine(line) ? pins.next().value?.pin : undefined);
    warnOfUnreachable(vm);
    refuseUntrappable(vm);
  }
  checkModules(vm, header.modules);
  let made = 0; // accesses that were made together, ahead of their own events
  for (const event of events) {
    if (event.kind === "together") {
      accesses = 0;
      makeTogether(vm, parseAccesses(event.script, "the recording"), MAX_RETRIES);
      made = accesses;
    } else if (made > 0 && isAccess(event)) made--;
    else feed(vm, event);
  }
  // Nobody knows the final state of a run that went on without its recording.
  const cut = end === undefined ? comparison.cut() : undefined;
  const { exitCode } = vm.terminate();
  const divergence = end === undefined ? cut : comparison.end(stateDigest(vm), end.state);
  return { events: events.length, divergence, exitCode, dumps, endsAtLimit: end === undefined };
}

/** A ROM guest refuses regions where its machine cannot trap; so must the VM when that guest is not run again. */
function refuseUntrappable(vm: Vm): void {
  const claimed = claimedRanges(ramEnd(vm.plan));
  vm.onRegion = (change, space, start, length) => {
    if (change === "add") claimed[space].add(start, length);
    else claimed[space].remove(Number(start), Number(length));
  };
}

/** Runs a schedule that a search found: who goes on is read from the recording, and the guest makes the same accesses. */
function replaySchedule({ header, events, end }: Recording, options: ReplayOptions): ReplayResult {
  const plan = planOf(header, options);
  const { workload, shared } = parseSpec(header.guest.spec ?? "", "the guest of the recording", plan.cpus);
  const comparison = new Comparison(events, end === undefined);
  const explored = exploredVm(plan, { preemptsAtMemory: header.guest.kind === EXPLORED_GUEST.memory }, true);
  checkModules(explored.vm, header.modules);
  if (explored.vm.races !== undefined) explored.vm.races.sharedWords = shared;
  explored.listener = (event) => {
    const recorded = recordingEvent(event);
    if (recorded !== undefined) comparison.next(recorded);
  };
  const decisions: Actor[] = [];
  for (const event of events) if (event.kind === "schedule") decisions.push(parseActor(event.actor)!);
  explored.runner.run(workload, new FollowingChooser(decisions));
  const cut = end === undefined ? comparison.cut() : undefined;
  const divergence = end === undefined ? cut : comparison.end(stateDigest(explored.vm), end.state);
  const exitCode = explored.vm.ended?.exitCode ?? 0;
  return { events: events.length, divergence, exitCode, dumps: 0, endsAtLimit: end === undefined };
}

/** The recorded configuration, with the VM-wide settings the run really had. */
function planOf(header: Recording["header"], options: PlanOptions): VmPlan {
  const pieces = header.conf.map(({ name, text }) => ({ file: name, text }));
  const config = parseConfigPieces(pieces.filter(({ file }) => file !== RUN_SETTINGS));
  const plan = planFromConfig(config, { ...options, guest: header.guest.kind });
  const settings = planFromConfig(parseConfigPieces(pieces.filter(({ file }) => file === RUN_SETTINGS)));
  const { policy, instances, onFault, accessNs, startTimeNs, seed } = settings;
  const ran = { ...withGuestRam(plan, header.guest.kind), policy, instances, onFault, accessNs, seed };
  return startTimeNs === undefined ? ran : { ...ran, startTimeNs };
}

function checkModules(vm: Vm, modules: Recording["header"]["modules"]): void {
  for (const { module } of vm.instances) {
    const recorded = modules.find((one) => one.name === moduleName(module.file));
    if (recorded?.sha256 === module.hash) continue;
    if (recorded === undefined) {
      throw new UserError(`the recording names no module ${moduleName(module.file)}, which its configuration loads`);
    }
    throw new UserError(
      `${module.file} is not the module that was recorded: its content differs; build the recorded version to replay`,
    );
  }
}

/** Gives a VM one recorded input; outputs are nothing to it. */
function feed(vm: Vm, event: RecordingEvent): void {
  switch (event.kind) {
    case "read":
      vm.read(event.space, low(event.address), high(event.address), event.width, event.vcpu);
      return;
    case "write":
      vm.write(
        event.space,
        low(event.address),
        high(event.address),
        event.width,
        low(event.value),
        high(event.value),
        event.vcpu,
      );
      return;
    case "clockStep":
      vm.clockStep(event.ns);
      return;
    case "pulse": {
      const vdev = vm.vdevs.find(({ name }) => name === event.vdev);
      if (vdev !== undefined) vm.pulses.inject(vdev, event.code);
      return;
    }
    case "control":
      if (event.what === "terminate") vm.terminate();
      else vm.control(event.what);
      return;
    case "power":
      if (event.cpu >= vm.plan.cpus) throw new UserError(`the recording has a CPU ${event.cpu}, which the VM has not`);
      vm.setPowerState(event.cpu, event.state);
      return;
    case "irqAct":
      actOnLine(vm, event.pic, event.line, event.act);
      return;
    case "input":
      if (vm.character.refusal(event.vdev, event.bytes.length) === undefined)
        vm.character.send(event.vdev, event.bytes);
      return;
    case "flow":
      if (vm.character.refusal(event.vdev) === undefined) vm.character.hold(event.vdev, !event.takes);
      return;
    default:
  }
}

function low(value: bigint): number {
  return Number(BigInt.asUintN(32, value));
}

function high(value: bigint): number {
  return Number(BigInt.asUintN(32, value >> 32n));
}

/** Compares what a run does with what was recorded, as it happens: nothing is kept but the first difference. */
class Comparison {
  readonly #events: Iterator<RecordingEvent>;
  readonly #endsAtLimit: boolean;
  #count = 0;
  #divergence: Divergence | undefined;

  constructor(events: Iterable<RecordingEvent>, endsAtLimit: boolean) {
    this.#events = events[Symbol.iterator]();
    this.#endsAtLimit = endsAtLimit;
  }

  next(got: RecordingEvent): void {
    const expected = this.#take();
    if (this.#divergence !== undefined || (expected !== undefined && same(expected, got))) return;
    if (expected === undefined && this.#endsAtLimit) return; // what the last event led to
    this.#differs(expected === undefined ? "(the recording ends)" : formatEvent(expected), formatEvent(got));
  }

  /** Everything that was recorded of a run that went on must have happened. */
  cut(): Divergence | undefined {
    const missing = this.#take();
    if (missing !== undefined) this.#differs(formatEvent(missing), "(nothing)");
    return this.#divergence;
  }

  end(state: string, recorded: string): Divergence | undefined {
    const missing = this.#take();
    if (missing !== undefined) this.#differs(formatEvent(missing), "(the run ends)");
    if (state !== recorded) this.#differs(`final state ${recorded}`, `final state ${state}`);
    return this.#divergence;
  }

  #take(): RecordingEvent | undefined {
    this.#count++;
    const { value } = this.#events.next();
    return value;
  }

  #differs(expected: string, got: string): void {
    this.#divergence ??= { event: this.#count, expected, got };
  }
}

/** Whether two events have the same line; accesses, of which there are many, without writing it. */
function same(a: RecordingEvent, b: RecordingEvent): boolean {
  if (isAccess(a) && isAccess(b)) return sameAccess(a, b);
  return a.kind === b.kind && formatEvent(a) === formatEvent(b);
}
