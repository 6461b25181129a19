import { existsSync, readFileSync } from "node:fs";
import { extname } from "node:path";
import { type ConfigPiece, parseConfigPieces } from "../config/parse-config.ts";
import type { VmConfig } from "../config/vm-config.ts";
import { type SourcePlace, UserError } from "../errors.ts";
import { AccessStatus, type GuestBus } from "../guests/bus.ts";
import { connectLines } from "../guests/rom/pc-lines.ts";
import { ramEnd, withGuestRam } from "../guests/rom/ram-ranges.ts";
import { createRomGuest, type HaltAnswer, type RomGuest } from "../guests/rom/rom-guest.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { runScript } from "../guests/script/run-script.ts";
import type { ScriptResult } from "../guests/script/script-result.ts";
import type { ScriptStep } from "../guests/script/step.ts";
import { firstTogether } from "../guests/script/together.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { WallScriptMachine } from "../guests/script/wall-machine.ts";
import { didYouMean } from "../nearest-word.ts";
import { type TimeSource, WallClock } from "../time/wall-clock.ts";
import type { VmListener } from "../vm/events.ts";
import type { VmPlan } from "../vm/plan.ts";
import { planFromConfig } from "../vm/plan-from-config.ts";
import { createVm } from "../vm/startup.ts";
import { unsupportedAction } from "../vm/unsupported.ts";
import { EXIT, type Vm, type VmEnd } from "../vm/vm.ts";
import { type GuestLimits, nextWakeNs, stepToTimer, timeIsUp } from "./limits.ts";

/** What drives the VM: `script:FILE`, `rom:FILE`, or nothing. */
export interface GuestSpec {
  readonly kind: "script" | "rom" | "none";
  readonly file: string;
}

/** Virtual time one access of a ROM guest takes, unless the configuration says otherwise: a slow bus. */
export const ROM_ACCESS_NS = 1000;
/** A process cannot exit with more; a larger code of a guest must not come out as 0. */
const MAX_EXIT_CODE = 255;

/** Endings of files that say what kind of guest is in them. */
const ROM_ENDINGS: readonly string[] = [".s", ".asm"];
const SCRIPT_ENDINGS: readonly string[] = [".script", ".qtest", ".txt"];

/** `rom:guest.s`, `script:test.script`, or a file whose ending says which. @throws UserError */
export function parseGuestSpec(spec: string | undefined): GuestSpec {
  if (spec === undefined || spec === "none") return { kind: "none", file: "" };
  const match = /^(script|rom):(.+)$/.exec(spec);
  if (match !== null) return { kind: match[1] as "script" | "rom", file: match[2]! };
  const ending = extname(spec).toLowerCase();
  if (ROM_ENDINGS.includes(ending)) return { kind: "rom", file: spec };
  if (SCRIPT_ENDINGS.includes(ending)) return { kind: "script", file: spec };
  const known = `a FILE that ends in ${SCRIPT_ENDINGS.join(", ")} (a script) or ${ROM_ENDINGS.join(", ")} (x86 assembly)`;
  const hint = ending === "" ? "" : didYouMean(ending, [...ROM_ENDINGS, ...SCRIPT_ENDINGS]);
  throw new UserError(`--guest takes script:FILE, rom:FILE or none, or ${known}, and not ${spec}${hint}`);
}

/** A file the user named. @throws UserError when it cannot be read */
export function readUserFile(file: string): string {
  if (file === "") throw new UserError("the name of a file is missing");
  if (!existsSync(file)) throw new UserError("there is no such file", { file });
  try {
    return readFileSync(file, "utf8");
  } catch (error) {
    throw new UserError(`cannot be read: ${(error as NodeJS.ErrnoException).code ?? (error as Error).message}`, {
      file,
    });
  }
}

export interface SessionOptions {
  readonly pieces: readonly ConfigPiece[];
  readonly guest: GuestSpec;
  readonly listener: VmListener;
  /** Whether the listener wants to know of every access (default); a run that tells nobody is faster. */
  readonly tellAccesses?: boolean;
  /** Where a ROM guest is ended, when it is not done. */
  readonly limits?: GuestLimits;
  /** Text the guest prints. */
  readonly onOutput: (text: string) => void;
  readonly modulePath?: readonly string[];
  readonly adjust?: (plan: VmPlan) => VmPlan;
  /** What `vdevbox-time wall` follows; the host's monotonic clock unless given. */
  readonly timeSource?: TimeSource;
}

/** A VM with its guest, ready to run. */
export interface Session {
  readonly config: VmConfig;
  readonly vm: Vm;
  /** Runs the guest to its end and ends the VM. */
  run(): Promise<SessionEnd>;
  /** Ends the run at the next chance; `run` then returns. */
  stop(exitCode: number, reason: string): void;
  /** Frees the guest; harmless when it has run. */
  close(): void;
}

export interface SessionEnd extends VmEnd {
  readonly script: ScriptResult | undefined;
  /** Why a ROM program failed. */
  readonly guestError: UserError | undefined;
}

/** @throws UserError when the configuration, a module or the guest cannot be had; its exitCode is qvm's */
export async function createSession(options: SessionOptions): Promise<Session> {
  const config = withExitCode(EXIT.configuration, () => parseConfigPieces(options.pieces));
  const accessNs = options.guest.kind === "rom" ? ROM_ACCESS_NS : 0;
  const planned = withExitCode(EXIT.configuration, () =>
    planFromConfig(config, {
      modulePath: options.modulePath ?? [],
      accessNs,
      guest: options.guest.kind,
    }),
  );
  const adjusted = options.adjust === undefined ? planned : options.adjust(planned);
  // Where time is the host's, an access takes what it takes.
  const plan = adjusted.time === "wall" ? { ...adjusted, accessNs: 0 } : adjusted;
  if (options.guest.kind === "rom") return romSession(config, plan, options);
  const steps =
    options.guest.kind === "script" ? parseScript(readUserFile(options.guest.file), options.guest.file) : [];
  checkVcpus(steps, plan.cpus);
  const together = firstTogether(steps);
  if (together !== undefined && plan.threads === "parallel") {
    const why = "vCPUs take turns in it, and threads do not where they run in parallel (`set threads parallel`)";
    throw new UserError(`this VM cannot make accesses together: ${why}`, together.place);
  }
  const atOnce = together !== undefined;
  const vmOptions = { listener: options.listener, tellAccesses: options.tellAccesses ?? true, atOnce };
  const vm = withExitCode(EXIT.fatalBeforeStart, () => createVm(plan, vmOptions));
  let wall: WallClock | undefined;
  return {
    config,
    vm,
    close: () => {},
    stop: (exitCode, reason) => {
      vm.end(exitCode, reason);
      wall?.cancel();
    },
    run: async () => {
      const output = { print: (text: string) => options.onOutput(`${text}\n`) };
      wall = plan.time === "wall" ? new WallClock(vm, options.timeSource) : undefined;
      const machine = wall === undefined ? new VmScriptMachine(vm) : new WallScriptMachine(vm, wall);
      // Not even what needs no VM is done when it was interrupted before it began.
      const none = steps.length === 0 || vm.ended !== undefined;
      const script = none ? undefined : await runScript(steps, machine, output);
      return { ...vm.terminate(), script, guestError: undefined };
    },
  };
}

/** @throws UserError for a `vcpu` of a script that the VM does not have */
function checkVcpus(steps: readonly ScriptStep[], cpus: number): void {
  for (const step of steps) {
    if (step.kind === "repeat" || step.kind === "together") checkVcpus(step.body, cpus);
    const vcpu = step.kind === "vcpu" ? step.vcpu : step.kind === "power" ? step.cpu : 0;
    if (vcpu < cpus) continue;
    const has = cpus === 1 ? "one vCPU, number 0" : `the vCPUs 0 to ${cpus - 1}`;
    throw new UserError(`there is no vCPU ${vcpu}: the VM has ${has}; write one \`cpu\` for each`, step.place);
  }
}

/** Gives an error of a stage of the start qvm's exit code for it. */
function withExitCode<T>(exitCode: number, step: () => T): T {
  try {
    return step();
  } catch (error) {
    if (error instanceof UserError) error.exitCode ??= exitCode;
    throw error;
  }
}

/** Gives an error that has no place of its own one. */
function withPlace(place: SourcePlace | undefined, step: () => void): void {
  try {
    step();
  } catch (error) {
    throw error instanceof UserError && error.place === undefined ? new UserError(error.message, place) : error;
  }
}

async function romSession(config: VmConfig, planned: VmPlan, options: SessionOptions): Promise<Session> {
  const plan = withGuestRam(planned, "rom");
  // The guest's RAM comes first, because vdevs may map it at startup; the VM that answers the guest comes second.
  let vm: Vm | undefined;
  let wall: WallClock | undefined;
  const bus: GuestBus = {
    read: (...args) => {
      wall?.sync();
      return vm?.read(...args) ?? AccessStatus.busError;
    },
    write: (...args) => {
      wall?.sync();
      return vm?.write(...args) ?? AccessStatus.busError;
    },
    get valueLo() {
      return vm?.valueLo ?? 0;
    },
    get valueHi() {
      return vm?.valueHi ?? 0;
    },
  };
  const guest = await createRomGuest({
    source: readUserFile(options.guest.file),
    file: options.guest.file,
    ramBytes: ramEnd(plan),
    windows: [],
    ports: [],
    bus,
    trapAll: (["memory", "io"] as const).some((space) => unsupportedAction(plan, space, false) === "terminate"),
    onHalt: () => (vm === undefined ? "stop" : waitForEvent(vm, options.limits ?? {}, wall)),
    onSlice: () => {
      wall?.sync();
      if (vm?.ended !== undefined) guest.stop();
    },
    onOutput: options.onOutput,
    ...(options.limits?.instructions !== undefined && { instructionLimit: options.limits.instructions }),
    limitReached: () => (vm === undefined ? undefined : timeIsUp(vm, options.limits ?? {})),
  });
  try {
    vm = withExitCode(EXIT.fatalBeforeStart, () =>
      createVm(plan, {
        listener: options.listener,
        tellAccesses: options.tellAccesses ?? true,
        ramBytes: (start, length) => {
          const isRam = plan.ram.some((range) => range.writable && range.start === start);
          return isRam ? guest.ram.subarray(Number(start), Number(start + length)) : new Uint8Array(Number(length));
        },
      }),
    );
    const started = vm;
    withExitCode(EXIT.fatalBeforeStart, () => connect(started, guest));
    started.lines.listen({ level: (_line, high) => (high ? wall?.wake() : undefined) });
  } catch (error) {
    vm?.end(EXIT.fatalBeforeStart, error instanceof Error ? error.message : String(error));
    vm?.terminate();
    guest.destroy();
    throw error;
  }
  const running = vm;
  return {
    config,
    vm: running,
    close: () => guest.destroy(),
    stop: (exitCode, reason) => {
      running.end(exitCode, reason);
      guest.stop();
      wall?.cancel();
    },
    run: () => {
      if (plan.time === "wall") wall = new WallClock(running, options.timeSource);
      return runRom(running, guest);
    },
  };
}

/** The guest's processor waits in HLT until the next timer, in real time where time is the host's. */
function waitForEvent(vm: Vm, limits: GuestLimits, wall: WallClock | undefined): HaltAnswer | Promise<HaltAnswer> {
  const lines = vm.power.observed ? vm.lines.high().join() : "";
  vm.setPowerState(0, "wait");
  const wake = (woken: boolean): HaltAnswer => {
    if (!woken || vm.ended !== undefined) return "stop";
    vm.setPowerState(0, "on");
    return vm.ended === undefined ? "resume" : "stop";
  };
  // A vdev that was told may have raised a line; else the next timer may.
  const raised = vm.power.observed && vm.lines.high().join() !== lines;
  if (raised || wall === undefined) return wake(raised || stepToTimer(vm, limits));
  const next = nextWakeNs(vm, limits);
  return next === undefined ? wake(false) : wall.wait(next).then(wake);
}

/** What x86 code without paging can address. */
const X86_ADDRESSES = 1n << 32n;

/** The guest traps what vdevs have and what is ROM, and sees the lines of the PC's interrupt controllers. */
function connect(vm: Vm, guest: RomGuest): void {
  for (const { start, length, writable, place } of vm.plan.ram) {
    if (writable || start >= X86_ADDRESSES) continue;
    withPlace(place, () => guest.claim("memory", Number(start), Number(length)));
  }
  for (const space of ["memory", "io"] as const) {
    for (const region of vm.spaces[space].regions) {
      if (region.what.kind !== "vdev") continue;
      const { what, start, length } = region;
      const { loc, place } = vm.vdevs[what.vdev]!.plan;
      withPlace(loc?.place ?? place, () => guest.claim(space, start, length));
    }
  }
  vm.onRegion = (change, space, start, length) =>
    change === "add" ? guest.claim(space, start, length) : guest.release(space, Number(start), Number(length));
  connectLines(vm, guest);
  vm.dump.registers = () => guest.registers();
}

async function runRom(vm: Vm, guest: RomGuest): Promise<SessionEnd> {
  try {
    const end = await guest.run();
    const failed = vm.failure !== undefined;
    if (end.reason === "exit" && !(end.code === 0 && failed))
      vm.end(Math.min(end.code, MAX_EXIT_CODE), `the guest exited with ${end.code}`);
    if (end.reason === "halted" && !failed) vm.end(EXIT.normal, "the guest halted, and nothing will wake it");
    const guestError = end.reason === "failed" ? end.error : undefined;
    if (guestError !== undefined) vm.end(EXIT.unexpected, guestError.toString());
    return { ...vm.terminate(), script: undefined, guestError };
  } finally {
    guest.destroy();
  }
}
