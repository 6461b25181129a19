import { basename } from "node:path";
import type { CallbackName } from "../../abi/definition/schema.ts";
import {
  QSL_NO_LOCATION,
  QST_MEMORY,
  QST_NO_TYPE,
  QST_X86_IO,
  QVM_OPTION_NO_ARG_PREFIX,
  VDEV_CTRL_ASSIGN,
  VDEV_CTRL_FIRST_OPTIDX,
  VDEV_CTRL_GUEST_CONFIGURED,
  VDEV_CTRL_GUEST_STARTING,
  VDEV_CTRL_OPTIONS_END,
  VDEV_CTRL_OPTIONS_START,
  VFF_MANUAL_REGION,
  VFF_MUTEX,
  VFF_MUTEX_RECURSIVE,
  VFF_VDEV_LOC_TYPES,
  VFF_VDEV_MEM,
  VFF_VDEV_X86_IO,
} from "../../abi/generated/constants.ts";
import { qvm_state_block, vdev_s } from "../../abi/generated/layouts.ts";
import { importsOf } from "../calls/imports.ts";
import { type SourcePlace, UserError } from "../errors.ts";
import { EndOfVm, formatFinding } from "../gate/finding.ts";
import { CALLBACK, PHASE, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import { AssemblyAbort } from "../sandbox/fault.ts";
import { ModuleInstance } from "../sandbox/instance.ts";
import { type LoadedModule, type LoadOptions, loadModule } from "../sandbox/load.ts";
import { errnoName } from "./errno.ts";
import { applyIntr, completeController, declareControllers, settleInterrupts } from "./interrupt-options.ts";
import { locationOf } from "./location.ts";
import type { VdevPlan, VmPlan } from "./plan.ts";
import { claimRegion, DEFAULT_REGION_FLAGS } from "./regions.ts";
import type { Factory, Vdev } from "./vdev.ts";
import { EXIT, Vm, type VmOptions } from "./vm.ts";

export interface CreateOptions extends VmOptions, LoadOptions {}

/**
 * Assembles a VM and brings it to the point where its guest may run: the whole startup of qvm, in its order.
 * Nothing half-started stays: on an error every vdev that got as far as OPTIONS_START gets VDEV_CTRL_TERMINATE.
 * @throws UserError with one sentence when a module or vdev refuses to start
 */
export function createVm(plan: VmPlan, options: CreateOptions = {}): Vm {
  const vm = new Vm(plan, options);
  try {
    addRam(vm, options);
    const modules = moduleReader(options);
    for (const [index, vdevPlan] of plan.vdevs.entries()) {
      declareControllers(vm, index);
      configureVdev(vm, vdevPlan, modules);
    }
    declareControllers(vm, plan.vdevs.length);
    controlEach(vm, "ASSIGN", VDEV_CTRL_ASSIGN);
    for (const vdev of vm.vdevs) createRegion(vm, vdev);
    settleInterrupts(vm);
    vm.context.phase = PHASE.running;
    controlEach(vm, "GUEST_CONFIGURED", VDEV_CTRL_GUEST_CONFIGURED);
    controlEach(vm, "GUEST_STARTING", VDEV_CTRL_GUEST_STARTING);
    return vm;
  } catch (error) {
    // A module that cannot give the host memory fails outside any callback of its own.
    const isModules = error instanceof EndOfVm || error instanceof AssemblyAbort;
    const sentence = isModules ? new UserError(error.message) : error;
    vm.end(EXIT.fatalBeforeStart, error instanceof Error ? error.message : String(error));
    vm.terminate();
    throw sentence;
  }
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
function moduleReader(options: LoadOptions): (file: string) => LoadedModule {
  const loaded = new Map<string, LoadedModule>();
  return (file) => {
    const module = loaded.get(file) ?? loadModule(file, options);
    loaded.set(file, module);
    return module;
  };
}

/** The module instance a vdev runs in, made or shared. Its top level has run and registered factories. */
function instanceFor(vm: Vm, plan: VdevPlan, module: LoadedModule): ModuleInstance {
  const shared = vm.instances.find((instance) => instance.module === module);
  if (shared !== undefined && vm.plan.instances === "shared") return shared;
  const instance = new ModuleInstance(module, vm.instances.length, (self) => importsOf(vm, self));
  vm.instances.push(instance);
  instance.slots = vm.dispatcher.addThunks(
    instance.exports.__vdevbox_vread,
    instance.exports.__vdevbox_vwrite,
    instance.exports.__vdevbox_operand,
  );
  for (const note of shared === undefined ? module.notes : []) vm.log("warn", undefined, note);
  if (!vm.activations.startModule(instance)) throw stopped(vm, instance, `the start of ${module.file}`, plan.place);
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

function configureVdev(vm: Vm, plan: VdevPlan, modules: (file: string) => LoadedModule): void {
  const module = modules(plan.file);
  const instance = instanceFor(vm, plan, module);
  const factory = factoryFor(instance, plan);
  if (factory.control === 0) {
    throw new UserError(`the factory of ${plan.type} has no control function, which every vdev needs`, plan.place);
  }
  const vdev = addVdev(vm, plan, instance, factory);
  control(vm, vdev, "OPTIONS_START", VDEV_CTRL_OPTIONS_START, 0, plan.place);
  applyLoc(vdev);
  applyIntr(vm, vdev);
  for (const option of plan.options(factory.optionList)) {
    const takesNone = factory.optionList[option.index]!.startsWith(QVM_OPTION_NO_ARG_PREFIX);
    const argument = takesNone || option.argument === undefined ? 0 : instance.allocCString(option.argument);
    control(vm, vdev, "OPTION", VDEV_CTRL_FIRST_OPTIDX + option.index, argument, option.place, option.name);
  }
  control(vm, vdev, "OPTIONS_END", VDEV_CTRL_OPTIONS_END, 0, plan.place);
  completeController(vm, vdev);
}

/** Makes the vdev_t with its private state behind it. */
function addVdev(vm: Vm, plan: VdevPlan, instance: ModuleInstance, factory: Factory): Vdev {
  const state = (vdev_s.SIZEOF + 15) & ~15;
  const vdp = instance.alloc(state + factory.extraSpace);
  instance.gsp ??= instance.alloc(16);
  instance.setU32(vdp + vdev_s.v_device, factory.extraSpace === 0 ? 0 : vdp + state);
  instance.setU32(vdp + vdev_s.v_factory, factory.address);
  instance.setU32(vdp + vdev_s.v_gsp, instance.gsp);
  instance.setU64(vdp + vdev_s.v_block + qvm_state_block.location, QSL_NO_LOCATION);
  instance.view.setUint16(vdp + vdev_s.v_block + qvm_state_block.type, QST_NO_TYPE, true);
  instance.view.setInt32(vdp + vdev_s.v_sched, -1, true);
  const index = vm.vdevs.length;
  const vdev: Vdev = {
    index,
    name: plan.name ?? uniqueName(vm, plan.type),
    type: plan.type,
    plan,
    policy: plan.policy ?? vm.plan.policy,
    instance,
    factory,
    vdp,
    regions: [],
  };
  const twin = vm.vdevs.find((other) => other.name === vdev.name);
  if (twin !== undefined) throw new UserError(`two vdevs are named ${vdev.name}; give one another name`, plan.place);
  instance.vdevs.push(index);
  vm.vdevs.push(vdev);
  if ((factory.flags & VFF_MUTEX) !== 0) {
    const kind = (factory.flags & VFF_MUTEX_RECURSIVE) !== 0 ? "recursive" : "normal";
    vm.mutexes.init(instance, vdp + vdev_s.v_mtx, kind, `v_mtx of ${vdev.name}`);
  }
  if (factory.controller !== undefined) vm.interrupts.controllers.add(vdev, factory.controller);
  return vdev;
}

/** The type, with a number when an earlier vdev has that name. */
function uniqueName(vm: Vm, type: string): string {
  const base = basename(type, ".wasm");
  let name = base;
  for (let n = 1; vm.vdevs.some((vdev) => vdev.name === name); n++) name = `${base}-${n}`;
  return name;
}

/** `loc`: where the user wants the vdev. The vdev has set its default kind of space in OPTIONS_START. */
function applyLoc(vdev: Vdev): void {
  const { loc } = vdev.plan;
  if (loc === undefined) return;
  const block = vdev.vdp + vdev_s.v_block;
  const { instance } = vdev;
  const preset = instance.view.getUint16(block + qvm_state_block.type, true);
  const type =
    loc.space === "io"
      ? QST_X86_IO
      : loc.space === "memory"
        ? QST_MEMORY
        : preset === QST_NO_TYPE
          ? QST_MEMORY
          : preset;
  const allowed = vdev.factory.flags & VFF_VDEV_LOC_TYPES;
  const wanted = type === QST_X86_IO ? VFF_VDEV_X86_IO : VFF_VDEV_MEM;
  if (allowed !== 0 && (allowed & wanted) === 0) {
    const kinds = [(allowed & VFF_VDEV_MEM) !== 0 ? "memory" : "", (allowed & VFF_VDEV_X86_IO) !== 0 ? "x86 port" : ""];
    const place = loc.place ?? vdev.plan.place;
    throw new UserError(
      `${vdev.name} takes ${kinds.filter(Boolean).join(" and ") || "PCI"} locations only, and this is ${type === QST_X86_IO ? "an x86 port" : "memory"}`,
      place,
    );
  }
  instance.setU64(block + qvm_state_block.location, loc.address);
  instance.view.setUint16(block + qvm_state_block.type, type, true);
}

/** The trapped region qvm makes when it has finished creating a vdev, unless the vdev makes its own. */
function createRegion(vm: Vm, vdev: Vdev): void {
  if ((vdev.factory.flags & VFF_MANUAL_REGION) !== 0) return;
  const { address, length, type } = locationOf(vdev);
  const { place } = vdev.plan;
  if (address === QSL_NO_LOCATION) {
    if (vdev.factory.vread === 0 && vdev.factory.vwrite === 0) return;
    throw new UserError(`${vdev.name} has no location: give it one with \`loc ADDRESS\``, place);
  }
  if (length === 0) {
    throw new UserError(
      `${vdev.name} left v_block.length at 0; a vdev says in OPTIONS_START how many bytes its registers take`,
      place,
    );
  }
  if (type !== QST_MEMORY && type !== QST_X86_IO) {
    throw new UserError(
      `${vdev.name} has a location of type 0x${type.toString(16)}, which nothing here can trap`,
      place,
    );
  }
  const refused = claimRegion(
    vm,
    vdev,
    type === QST_X86_IO ? "io" : "memory",
    address,
    BigInt(length),
    0,
    DEFAULT_REGION_FLAGS,
  );
  if (refused !== undefined) throw new UserError(refused, place);
}

// ------------------------------------------------------------------------------------------------ control callbacks

function controlEach(vm: Vm, callback: CallbackName, ctrl: number): void {
  for (const vdev of vm.vdevs) control(vm, vdev, callback, ctrl, 0, vdev.plan.place);
}

/** One control callback at startup: anything but EOK stops the start. */
function control(
  vm: Vm,
  vdev: Vdev,
  callback: CallbackName,
  ctrl: number,
  arg: number,
  place: SourcePlace | undefined,
  option?: string,
): void {
  const { instance, factory } = vdev;
  const what = option === undefined ? `VDEV_CTRL_${callback}` : `option ${option}`;
  const result = vm.activations.invoke(
    vdev,
    CALLBACK[callback],
    THREAD.main,
    factory.control,
    SHAPE.intIII,
    vdev.vdp,
    ctrl,
    arg,
  );
  if (result === undefined) throw stopped(vm, instance, `${vdev.name} in ${what}`, place);
  if (vm.ended !== undefined) throw new UserError(`${vdev.name} ended the VM in ${what}: ${vm.ended.reason}`, place);
  if (result !== 0) throw new UserError(`${vdev.name} refused ${what} with ${errnoName(result | 0)}`, place);
}

function stopped(vm: Vm, instance: ModuleInstance, what: string, place: SourcePlace | undefined): UserError {
  const finding = vm.findings.all.findLast((one) => one.module === instance.module.file && one.severity !== "warning");
  const detail = finding === undefined ? (instance.stopped ?? "") : `\n${formatFinding(finding)}`;
  return new UserError(`the VM cannot start: ${what} was stopped${detail === "" ? "" : `:${detail}`}`, place);
}
