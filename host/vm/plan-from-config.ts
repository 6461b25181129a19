import { existsSync, readdirSync, statSync } from "node:fs";
import { dirname, join, resolve } from "node:path";
import { bindOptions } from "../config/bind-options.ts";
import { checkControllers } from "../config/check-controllers.ts";
import { checkPassInterrupts } from "../config/check-passes.ts";
import { type VdevboxSettings, vdevboxSettings } from "../config/settings.ts";
import { type IntrPin, type UnsupportedAction, type VdevItem, type VmConfig, vcpuCount } from "../config/vm-config.ts";
import { UserError } from "../errors.ts";
import { controllerPlan, isHalf, isOtherHalf } from "../interrupts/controller-options.ts";
import { isHostPicType } from "../interrupts/host-pics.ts";
import { didYouMean } from "../nearest-word.ts";
import { builtFile } from "../paths.ts";
import { numberOfFunction } from "./pci-functions.ts";
import type {
  ControllerPlan,
  IntrPlan,
  LimitsPlan,
  LocPlan,
  RamPlan,
  Unsupported,
  UnsupportedKind,
  VdevPlan,
  VmPlan,
} from "./plan.ts";
import { findUnreserved, type ReservedRange, reservedOf, reservesOfPasses } from "./reserved.ts";

export interface PlanOptions {
  /** Folders to look for modules in, first match wins; the folder of the configuration and build/out/vdevs come after. */
  readonly modulePath?: readonly string[];
  /** Virtual nanoseconds one guest access takes, when the configuration does not say. */
  readonly accessNs?: number;
  /** Kind of the guest: x86 code (`rom`) makes the VM a PC, when the configuration does not say. */
  readonly guest?: string;
}

const SPACE_END = 1n << 64n;
/** Host RAM a VM may have. */
const RAM_LIMIT_BYTES = 4n << 30n;

/** What a configuration asks for, with its modules found. @throws UserError with the place of what cannot be had */
export function planFromConfig(config: VmConfig, options: PlanOptions = {}): VmPlan {
  const settings = vdevboxSettings(config.settings);
  const reserved = reservedOf([...config.reserves, ...reservesOfPasses(config.passes)]);
  checkControllers(config.vdevs);
  const vdevs = vdevsOf(config, options);
  checkPassInterrupts(config, vdevs.controllers);
  const architecture = settings.architecture ?? (options.guest === "rom" ? "x86" : undefined);
  return {
    system: config.system?.text ?? "vdevbox",
    cpus: vcpuCount(config),
    ram: ramOf(config, reserved.memory),
    reserved,
    passed: config.passes.flatMap(({ locs }) => locs.flatMap((loc) => (loc.space === "pci" ? [] : [loc]))),
    ...vdevs,
    policy: settings.policy ?? "strict",
    instances: settings.instances ?? "shared",
    onFault: settings.onFault ?? "continue",
    unsupported: "fail",
    ...(config.dump && { dump: config.dump.text }),
    accessNs: Number(settings.accessNs ?? BigInt(options.accessNs ?? 0)),
    unsupportedKinds: unsupportedKindsOf(config),
    ...(architecture && { architecture }),
    limits: limitsOf(settings),
    dryrun: config.dryrun,
    ...(settings.time && { time: settings.time }),
    ...(settings.threads && { threads: settings.threads }),
    ...(settings.races && { races: true }),
    ...(settings.invariants && { invariants: true }),
    ...(settings.restless !== undefined && { restless: Number(settings.restless) }),
    ...(settings.growth !== undefined && { growth: Number(settings.growth) }),
    ...(settings.seed !== undefined && { seed: Number(settings.seed) }),
    ...(settings.startTimeNs !== undefined && { startTimeNs: settings.startTimeNs }),
  };
}

/** RAM and ROM with addresses: what has none is right behind the highest in front of it, past what is reserved. */
function ramOf(config: VmConfig, reserved: readonly ReservedRange[]): RamPlan[] {
  const ranges: RamPlan[] = [];
  let highest = 0n;
  for (const { kind, address, length, place } of config.memory) {
    const start = address ?? findUnreserved(reserved, length, highest, (first) => first)!;
    const end = start + length;
    if (end > SPACE_END) {
      throw new UserError(`this ${kind} would reach past the end of the memory space: give it an address`, place);
    }
    ranges.push({ start, length, writable: kind === "ram", place });
    if (end > highest) highest = end;
  }
  const total = ranges.reduce((sum, one) => sum + one.length, 0n);
  if (total > RAM_LIMIT_BYTES) {
    const largest = config.memory.reduce((most, one) => (one.length > most.length ? one : most));
    throw new UserError(
      `the VM asks for ${total >> 20n} MiB of memory, and at most ${RAM_LIMIT_BYTES >> 20n} MiB can be had`,
      largest.lengthPlace ?? largest.place,
    );
  }
  return ranges;
}

const ACTIONS: Record<UnsupportedAction, Unsupported> = { ignore: "ignore", fail: "fail", abort: "terminate" };

/** The kinds of accesses guests of vdevbox make; no guest traps registers or instructions. */
const KINDS: readonly UnsupportedKind[] = ["mem", "io", "reference"];

function unsupportedKindsOf(config: VmConfig): Partial<Record<UnsupportedKind, Unsupported>> {
  const kinds: Partial<Record<UnsupportedKind, Unsupported>> = {};
  for (const { kind, action } of config.unsupported) {
    const known = KINDS.find((one) => one === kind);
    if (known !== undefined) kinds[known] = ACTIONS[action];
  }
  return kinds;
}

function limitsOf({ steps, stackBytes }: VdevboxSettings): LimitsPlan {
  return {
    ...(steps !== undefined && { steps: Number(steps) }),
    ...(stackBytes !== undefined && { stackBytes: Number(stackBytes) }),
  };
}

/** The vdevs, and apart from them the controllers of the host's own: those for which there is no module. */
function vdevsOf(config: VmConfig, options: PlanOptions): Required<Pick<VmPlan, "vdevs" | "controllers">> {
  const vdevs: VdevPlan[] = [];
  const controllers: ControllerPlan[] = [];
  const findModule = moduleFinder(options);
  /** An 8259 that may be one of a pair, and where its plan is. */
  let half: { readonly item: VdevItem; readonly index: number } | undefined;
  for (const item of config.vdevs) {
    if (isHostPicType(item.type) && moduleFile(item, moduleFolders(item, options)) === undefined) {
      const plan = controllerPlan(item, item.type, vdevs.length);
      if (half !== undefined && isOtherHalf(item, half.item)) {
        controllers[half.index] = withIgnored(controllers[half.index]!, plan.ignored);
        half = undefined;
      } else {
        if (isHalf(item)) half = { item, index: controllers.length };
        controllers.push(plan);
      }
    } else vdevs.push(vdevPlan(item, findModule));
  }
  return { vdevs, controllers };
}

function withIgnored(plan: ControllerPlan, more: readonly string[]): ControllerPlan {
  return { ...plan, ignored: [...new Set([...plan.ignored, ...more])] };
}

function vdevPlan(item: VdevItem, findModule: (item: VdevItem) => string): VdevPlan {
  const settings = vdevboxSettings(item.settings);
  const [intr, ...morePins] = item.intr.map(pinPlan);
  const upstream = item.intr.find(({ line }) => line === undefined)?.place;
  return {
    type: item.type,
    file: findModule(item),
    name: item.name?.text,
    loc: locOf(item),
    intr,
    morePins: morePins.filter((pin) => pin !== undefined),
    ...(upstream && { upstream }),
    policy: settings.policy,
    ...(item.sched && { sched: item.sched.value }),
    ...(item.hostvector && { hostvector: item.hostvector.place }),
    place: item.place,
    options: (optionList) => bindOptions(item, optionList),
  };
}

/** `apic`, the upstream of an I/O APIC, is no line. */
function pinPlan({ pic, line, place }: IntrPin): IntrPlan | undefined {
  return line === undefined ? undefined : { pic, line, place };
}

function locOf({ loc }: VdevItem): LocPlan | undefined {
  if (loc === undefined) return undefined;
  if (loc.space === "pci") {
    const { pci, place } = loc;
    // There is no bus to look for an id on: such a vdev gets the next free function.
    const fixed = pci.by === "function" ? numberOfFunction(pci) : undefined;
    return { space: "pci", function: fixed, place };
  }
  return { space: loc.space === "default" ? undefined : loc.space, address: loc.address, place: loc.place };
}

/** Looks for each module once. */
function moduleFinder(options: PlanOptions): (item: VdevItem) => string {
  for (const folder of options.modulePath ?? []) {
    if (statSync(folder, { throwIfNoEntry: false })?.isDirectory() !== true)
      throw new UserError("there is no such folder to look for modules in (--module-path)", { file: folder });
  }
  const found = new Map<string, string>();
  return (item) => {
    const key = `${item.type}\n${dirname(item.place.file)}`;
    const file = found.get(key) ?? findModule(item, options);
    found.set(key, file);
    return file;
  };
}

/**
 * The module of `vdev TYPE`: TYPE.wasm or vdev-TYPE.wasm in the module path, the folders of VDEVBOX_PATH, the folder of
 * the configuration, and what `vdevbox build` makes.
 */
function findModule(item: VdevItem, options: PlanOptions): string {
  const folders = moduleFolders(item, options);
  const file = moduleFile(item, folders);
  if (file !== undefined) return file;
  const looked = [...new Set(folders)].join(", ");
  const hint = didYouMean(item.type, folders.flatMap(typesIn));
  throw new UserError(
    `there is no module for vdev ${item.type}${hint}; looked for ${item.type}.wasm and vdev-${item.type}.wasm in ${looked}`,
    item.place,
  );
}

/** Types of vdev a folder has modules of. */
function typesIn(folder: string): string[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder).flatMap((name) => /^(?:vdev-)?(.+)\.wasm$/.exec(name)?.[1] ?? []);
}

function moduleFolders(item: VdevItem, options: PlanOptions): string[] {
  const folder = dirname(resolve(item.place.file));
  const fromEnvironment = (process.env.VDEVBOX_PATH ?? "").split(":").filter((part) => part !== "");
  return [
    ...(options.modulePath ?? []),
    ...fromEnvironment,
    folder,
    join(process.cwd(), "build/out/vdevs"),
    builtFile("vdevs"),
  ];
}

function moduleFile(item: VdevItem, folders: readonly string[]): string | undefined {
  for (const candidate of folders) {
    for (const name of [`${item.type}.wasm`, `vdev-${item.type}.wasm`]) {
      const file = join(candidate, name);
      if (existsSync(file)) return file;
    }
  }
  return undefined;
}
