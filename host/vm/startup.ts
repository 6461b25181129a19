import { basename } from "node:path";
import type { GateEntry } from "../../abi/definition/schema.ts";
import {
  QSL_NO_LOCATION,
  QST_MEMORY,
  QST_NO_TYPE,
  QST_PCI,
  QST_X86_IO,
  QVM_OPTION_NO_ARG_PREFIX,
  VDEV_CTRL_ASSIGN,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_GUEST_STARTING,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MUTEX,
  VFF_MUTEX_RECURSIVE,
} from "../../abi/generated/constants.ts";
import { qvm_sched_info, qvm_state_block, vdev_s } from "../../abi/generated/layouts.ts";
import { importsOf } from "../calls/imports.ts";
import { UserError } from "../errors.ts";
import { EndOfVm } from "../gate/finding.ts";
import { PHASE } from "../gate/situation.ts";
import { restlessGuest } from "../memory/restless-guest.ts";
import { AssemblyAbort } from "../sandbox/fault.ts";
import { ModuleInstance } from "../sandbox/instance.ts";
import { type LoadedModule, type LoadOptions, loadModule } from "../sandbox/load.ts";
import { defaultPasses } from "../sandbox/passes/instrument.ts";
import { Coroutines } from "../threads/coroutines.ts";
import { IN_ORDER, type Schedule, seededSchedule } from "../threads/schedule.ts";
import { assignInterrupts } from "./assign-interrupts.ts";
import { describeToGuest } from "./describe-to-guest.ts";
import { exampleInterrupt } from "./example-interrupt.ts";
import {
  applyIntr,
  checkFrames,
  checkMorePins,
  completeController,
  declareControllers,
  settleInterrupts,
} from "./interrupt-options.ts";
import { locationOfFunction } from "./pci-functions.ts";
import { Placement } from "./placement.ts";
import { isWatched, type LimitsPlan, type VdevPlan, type VmPlan } from "./plan.ts";
import { reserveRam } from "./reserved.ts";
import { control, controlEach, stoppedError } from "./startup-control.ts";
import type { Factory, Vdev } from "./vdev.ts";
import { VdevNames } from "./vdev-names.ts";
import { checkGivenOptions, kindRefusal } from "./vdev-rules.ts";
import { EXIT, Vm, type VmOptions } from "./vm.ts";

export interface CreateOptions extends VmOptions, LoadOptions {
  /** Told of the VM before it starts: of one that cannot start nobody else gets it. */
  readonly onMade?: (vm: Vm) => void;
}

/**
 * Assembles a VM and brings it to the point where its guest may run: the whole startup of qvm, in its order.
 * Nothing half-started stays: on an error every vdev that got as far as OPTIONS_START gets VDEV_CTRL_TERMINATE.
 * @throws UserError with one sentence when a module or vdev refuses to start
 */
export function createVm(plan: VmPlan, options: CreateOptions = {}): Vm {
  const vm = assembleVm(plan, options);
  orNothing(vm, () => startGuest(vm));
  return vm;
}

/** The single-threaded part of the startup: all of it before VDEV_CTRL_GUEST_CONFIGURED. @throws as `createVm` */
export function assembleVm(plan: VmPlan, options: CreateOptions = {}): Vm {
  const races = options.races ?? plan.races ?? false;
  const parallel = plan.threads === "parallel";
  if (parallel) refuseBesideParallel(plan, options, races);
  const watches = races || isWatched(plan);
  const files = new Set(plan.vdevs.map(({ file }) => file)); // each is read to be asked
  const hasThreads =
    watches ||
    options.atOnce === true ||
    options.schedule !== undefined ||
    [...files].some((file) => imports(file, options, makesThreads));
  const threads = parallel ? { parallel } : { schedule: scheduleOf(plan) };
  const vm = new Vm(plan, { ...(hasThreads && threads), ...options, races });
  options.onMade?.(vm);
  orNothing(vm, () => {
    addRam(vm, options);
    reserveRam(plan.reserved?.memory ?? [], vm.ram, vm.reservations);
    makeRestless(vm);
    const anyTurn = watches || options.schedule !== undefined || plan.seed !== undefined;
    const mayWait = (file: string) => vm.threads !== undefined && (anyTurn || imports(file, options, mayWaitIn));
    const watch = { ...(watches && ({ watch: options.preemptsAtMemory ? "preempt" : "accesses" } as const)) };
    const modules = moduleReader(plan.limits, { ...options, ...watch }, (file) => ({
      resumable: !parallel && mayWait(file),
      shared: parallel && mayWait(file),
    }));
    const names = new VdevNames();
    for (const [index, vdevPlan] of plan.vdevs.entries()) {
      declareControllers(vm, index);
      configureVdev(vm, vdevPlan, names, modules);
    }
    declareControllers(vm, plan.vdevs.length);
    assign(vm);
    checkFrames(vm);
    describeToGuest(vm);
    settleInterrupts(vm);
  });
  return vm;
}

/** @throws UserError when somebody wants a run again that no other will be like */
function refuseBesideParallel(plan: VmPlan, options: CreateOptions, races: boolean): void {
  const repeats = options.schedule !== undefined || options.ramSource !== undefined || plan.seed !== undefined;
  const watches = races || isWatched(plan) || plan.invariants === true || options.fuzz !== undefined;
  if (!repeats && !watches && plan.time === "wall") return;
  throw new UserError(
    "threads that run in parallel (`set threads parallel`) follow the host's clock and no schedule: such a VM cannot be recorded, replayed, explored, fuzzed or put back",
  );
}

/** `set vdevbox-restless`: the guest changes its memory while vdevs read it. */
function makeRestless(vm: Vm): void {
  const { restless } = vm.plan;
  if (restless === undefined) return;
  vm.windows.asksAtLoads = true;
  vm.ram.interposer = restlessGuest(
    restless,
    (address) => vm.windows.hasFetched(address),
    () => vm.context.trap,
  );
}

/** From here on vdevs may make threads: VDEV_CTRL_GUEST_CONFIGURED and GUEST_STARTING. @throws UserError when one refuses */
export function startGuest(vm: Vm): void {
  vm.context.phase = PHASE.running;
  vm.growth.guestStarts();
  vm.races?.begin();
  controlEach(vm, { callback: "GUEST_CONFIGURED", ctrl: VDEV_CTRL_GUEST_CONFIGURED });
  controlEach(vm, { callback: "GUEST_STARTING", ctrl: VDEV_CTRL_GUEST_STARTING });
  vm.races?.guestStarts();
  vm.pulses.open();
}

/** Does a part of the startup. @throws UserError when it fails; the VM has ended then */
function orNothing(vm: Vm, part: () => void): void {
  try {
    part();
  } catch (error) {
    // A module that cannot give the host memory fails outside any callback of its own.
    const isModules = error instanceof EndOfVm || error instanceof AssemblyAbort;
    const sentence = isModules ? new UserError(error.message) : error;
    vm.end(EXIT.fatalBeforeStart, error instanceof Error ? error.message : String(error));
    vm.terminate();
    throw sentence;
  }
}

/** VDEV_CTRL_ASSIGN of every vdev, between the places the user gave and those that nobody chose. */
function assign(vm: Vm): void {
  const placement = new Placement(vm);
  for (const vdev of vm.vdevs) placement.settle(vdev);
  for (const vdev of vm.vdevs) {
    control(vm, vdev, { callback: "ASSIGN", ctrl: VDEV_CTRL_ASSIGN });
    placement.settle(vdev);
  }
  placement.assignRest();
  assignInterrupts(vm, (vdev, intr) => applyIntr(vm, vdev, intr));
}

function addRam(vm: Vm, options: CreateOptions): void {
  const allocate = options.ramBytes ?? ((_start: bigint, length: bigint) => new Uint8Array(Number(length)));
  for (const range of vm.plan.ram) {
    const owner = range.writable ? "ram" : "rom";
    const conflict = vm.spaces.memory.conflict(range.start, range.length, owner);
    if (conflict !== undefined) throw new UserError(conflict, range.place);
    vm.ram.add({ start: range.start, bytes: allocate(range.start, range.length), writable: range.writable });
    vm.spaces.memory.add({ start: range.start, length: range.length, owner, what: { kind: owner } });
  }
}

// ------------------------------------------------------------------------------------------------------- modules

/** Loads modules for one start: a file that many vdevs name is read once. */
function moduleReader(
  limits: LimitsPlan = {},
  given: LoadOptions,
  buildOf: (file: string) => Pick<LoadOptions, "resumable" | "shared">,
): (file: string) => LoadedModule {
  const { steps, stackBytes } = limits;
  const own = {
    ...(steps !== undefined && { startBudget: steps }),
    ...(stackBytes !== undefined && { recursionBytes: stackBytes }),
  };
  const options = { ...given, passes: given.passes ?? defaultPasses(own) };
  const loaded = new Map<string, LoadedModule>();
  return (file) => {
    const module = loaded.get(file) ?? loadModule(file, { ...options, ...buildOf(file) });
    loaded.set(file, module);
    return module;
  };
}

/** Calls that make threads. */
const MAKES_THREADS = ["vdev_thread_create", "pthread_create"];
/** Calls that wait for other threads, beside those that may block. */
const WAITS = ["gasp_lock", "sched_yield"];

const makesThreads = ({ name }: GateEntry): boolean => MAKES_THREADS.includes(name);

/**
 * Whether a module that makes this call may have to be left in the middle of one, in a VM where turns change over only
 * where threads wait. One that only locks its own mutexes never is: none of its callbacks waits while it holds one.
 */
const mayWaitIn = (entry: GateEntry): boolean =>
  makesThreads(entry) || WAITS.includes(entry.name) || entry.mayBlock.value === "yes";

/** Whether a module imports such a call. */
function imports(file: string, options: LoadOptions, which: (entry: GateEntry) => boolean): boolean {
  try {
    return loadModule(file, options).calls.some(which);
  } catch (error) {
    if (error instanceof UserError) return false; // told with its place when its vdev is made
    throw error;
  }
}

function scheduleOf(plan: VmPlan): Schedule {
  return plan.seed === undefined ? IN_ORDER : seededSchedule(plan.seed);
}

/** The module instance a vdev runs in, made or shared. Its top level has run and registered factories. */
function instanceFor(vm: Vm, plan: VdevPlan, module: LoadedModule): ModuleInstance {
  const shared = vm.instances.find((instance) => instance.module === module);
  if (shared !== undefined && vm.plan.instances === "shared") return shared;
  const instance = new ModuleInstance(module, vm.instances.length, (self) => importsOf(vm, self));
  if (module.isResumable) instance.coroutines = new Coroutines(instance);
  vm.instances.push(instance);
  vm.races?.add(instance);
  instance.slots = vm.dispatcher.addThunks(
    instance.exports.__vdevbox_vread,
    instance.exports.__vdevbox_vwrite,
    instance.exports.__vdevbox_operand,
  );
  // By its name only: what a run says must not depend on where its modules lie.
  for (const note of shared === undefined ? module.notes : []) {
    vm.log("warn", undefined, note.replaceAll(module.file, basename(module.file)));
  }
  if (!vm.activations.startModule(instance))
    throw stoppedError(vm, instance, `the start of ${module.file}`, plan.place);
  if (instance.factories.length === 0) {
    throw new UserError(
      `${module.file} registers no factory: its top level must call vdev_register_factory()`,
      plan.place,
    );
  }
  return instance;
}

/** The factory named like the type, or the only one. */
function factoryFor(instance: ModuleInstance, plan: VdevPlan): Factory {
  const named = instance.factories.find((factory) => factory.name === plan.type);
  if (named !== undefined) return named;
  if (instance.factories.length === 1) return instance.factories[0]!;
  const names = instance.factories.map((factory) => factory.name || "one without a name").join(", ");
  throw new UserError(`${instance.module.file} has no factory named ${plan.type}, but ${names}`, plan.place);
}

// --------------------------------------------------------------------------------------------------------- vdevs

function configureVdev(vm: Vm, plan: VdevPlan, names: VdevNames, modules: (file: string) => LoadedModule): void {
  const module = modules(plan.file);
  const instance = startedInstance(vm, plan, module);
  const factory = factoryFor(instance, plan);
  if (factory.control === 0) {
    throw new UserError(`the factory of ${plan.type} has no control function, which every vdev needs`, plan.place);
  }
  checkGivenOptions(plan, factory, () => exampleInterrupt(vm, plan));
  const vdev = addVdev(vm, plan, names.take(plan), instance, factory);
  control(vm, vdev, { callback: "OPTIONS_START", ctrl: VDEV_CTRL_OPTIONS_START });
  applyLoc(vdev);
  applyIntr(vm, vdev);
  checkMorePins(vm, vdev);
  for (const option of plan.options(factory.optionList)) {
    const takesNone = factory.optionList[option.index]!.startsWith(QVM_OPTION_NO_ARG_PREFIX);
    const argument = takesNone ? undefined : option.argument;
    vdev.optionPlace = option.place;
    control(vm, vdev, {
      callback: "OPTION",
      ctrl: VDEV_CTRL_FIRST_OPTIDX + option.index,
      arg: argument === undefined ? 0 : instance.allocCString(argument),
      argument,
      place: option.place,
      option: option.name,
    });
  }
  vdev.optionPlace = undefined;
  control(vm, vdev, { callback: "OPTIONS_END", ctrl: VDEV_CTRL_OPTIONS_END });
  completeController(vm, vdev);
}

/** @throws UserError when the module's top level ended the VM */
function startedInstance(vm: Vm, plan: VdevPlan, module: LoadedModule): ModuleInstance {
  try {
    return instanceFor(vm, plan, module);
  } catch (error) {
    if (!(error instanceof EndOfVm)) throw error;
    throw new UserError(
      `the module of vdev ${plan.type} ended the VM when it was loaded: ${error.message}`,
      plan.place,
    );
  }
}

/** Makes the vdev_t with its private state behind it. */
function addVdev(vm: Vm, plan: VdevPlan, name: string, instance: ModuleInstance, factory: Factory): Vdev {
  const state = (vdev_s.SIZEOF + 15) & ~15;
  const vdp = instance.alloc(state + factory.extraSpace);
  instance.gsp ??= instance.alloc(16);
  instance.setU32(vdp + vdev_s.v_device, factory.extraSpace === 0 ? 0 : vdp + state);
  instance.setU32(vdp + vdev_s.v_factory, factory.address);
  instance.setU32(vdp + vdev_s.v_gsp, instance.gsp);
  instance.setU64(vdp + vdev_s.v_block + qvm_state_block.location, QSL_NO_LOCATION);
  instance.setU16(vdp + vdev_s.v_block + qvm_state_block.type, QST_NO_TYPE);
  instance.setU32(vdp + vdev_s.v_sched + qvm_sched_info.policy, -1);
  instance.setU32(vdp + vdev_s.v_sched + qvm_sched_info.sched, plan.sched ?? -1);
  const index = vm.vdevs.length;
  const vdev: Vdev = {
    index,
    name,
    type: plan.type,
    plan,
    policy: plan.policy ?? vm.plan.policy,
    instance,
    factory,
    vdp,
    regions: [],
  };
  instance.vdevs.push(index);
  vm.vdevs.push(vdev);
  if ((factory.flags & VFF_MUTEX) !== 0) {
    const kind = (factory.flags & VFF_MUTEX_RECURSIVE) !== 0 ? "recursive" : "normal";
    vm.mutexes.init(instance, vdp + vdev_s.v_mtx, kind, `v_mtx of ${vdev.name}`);
  }
  if (factory.controller !== undefined) vm.interrupts.controllers.add(vdev, factory.controller);
  return vdev;
}

/** `loc`: where the user wants the vdev. The vdev has set its default kind of space in OPTIONS_START. */
function applyLoc(vdev: Vdev): void {
  const { loc } = vdev.plan;
  if (loc === undefined) return;
  const block = vdev.vdp + vdev_s.v_block;
  const { instance } = vdev;
  const preset = instance.view.getUint16(block + qvm_state_block.type, true);
  const kind = loc.space ?? (preset === QST_X86_IO ? "io" : "memory");
  const refusal = kindRefusal(vdev.name, vdev.factory, kind);
  if (refusal !== undefined) throw new UserError(refusal, loc.place ?? vdev.plan.place);
  const fixed = loc.space === "pci" ? loc.function : undefined;
  const location =
    loc.space !== "pci" ? loc.address : fixed === undefined ? QSL_NO_LOCATION : locationOfFunction(fixed);
  const type = { memory: QST_MEMORY, io: QST_X86_IO, pci: QST_PCI }[kind];
  instance.setU64(block + qvm_state_block.location, location);
  instance.setU16(block + qvm_state_block.type, loc.space === undefined && preset !== QST_NO_TYPE ? preset : type);
}
