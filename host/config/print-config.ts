import { ALL_WORDS } from "./grammar.ts";
import type {
  CpuItem,
  IntrPin,
  LoadItem,
  LocationItem,
  LogFilter,
  MemoryItem,
  PassItem,
  PassLocation,
  PassPin,
  PciLocation,
  ReservedLocation,
  ReserveItem,
  Setting,
  VdevItem,
  VmConfig,
} from "./vm-config.ts";

/**
 * The canonical text of a configuration: reading it again gives the same configuration, places and notes apart. What
 * belongs to the VM stands first, then vCPUs, vdevs, passes and what is reserved.
 */
export function printConfig(config: VmConfig): string {
  const { system, cmdline, dump, safety } = config;
  const lines = [
    ...(system ? [`system ${quote(system.text)}`] : []),
    ...config.settings.map(printSetting),
    ...config.memory.map((item) => `${item.kind} ${formatRange(item)}`),
    ...config.loads.map(printLoad),
    ...(cmdline ? [`cmdline ${quote(cmdline.text)}`] : []),
    ...config.loggers.map((filter) => `logger ${formatLogFilter(filter)}`),
    ...(dump ? [`dump ${quote(dump.text)}`] : []),
    ...(safety ? [`safety ${safety}`] : []),
    ...config.unsupported.map(({ kind, action }) => `unsupported ${kind} ${action}`),
    ...(config.debug ? ["debug"] : []),
    ...(config.dryrun ? ["dryrun"] : []),
    ...config.cpus.flatMap(printCpu),
    ...config.vdevs.flatMap(printVdev),
    ...config.passes.flatMap(printPass),
    ...config.reserves.flatMap(printReserve),
  ];
  return lines.map((line) => `${line}\n`).join("");
}

/** `0x1c090000`, `mem:0x1c090000`, `io:0x3f8` or `pci:0:3.0`. */
export function formatLocation(loc: LocationItem): string {
  if (loc.space === "pci") return formatPci(loc.pci);
  const prefix = { memory: "mem:", io: "io:", default: "" }[loc.space];
  return `${prefix}${hex(loc.address)}`;
}

function formatPci(pci: PciLocation): string {
  if (pci.by === "function") return `pci:${pci.bus}:${pci.device}.${pci.function}`;
  const ids = [hexNumber(pci.vendor), hexNumber(pci.device), ...(pci.index === undefined ? [] : [pci.index])];
  return `pci:${ids.join("/")}`;
}

/** `mem:0xfe200000,0x1000,rw=0xfe200000` */
function formatPassLocation(loc: PassLocation): string {
  if (loc.space === "pci") return [loc.pci, ...(loc.host ? [loc.host] : [])].map(formatPci).join("=");
  const permissions = loc.permissions === undefined ? "" : `,${loc.permissions}`;
  return `${formatSpan(loc)}${permissions}${loc.host === undefined ? "" : `=${hex(loc.host)}`}`;
}

/** `mem:0xfe200000,0x1000` */
function formatSpan({ space, address, length }: Exclude<ReservedLocation, { space: "pci" }>): string {
  return `${space === "io" ? "io" : "mem"}:${hex(address)},${hex(length)}`;
}

/** `gic:44=150` */
function formatPassPin(pin: PassPin): string {
  const attributes = (pin.attributes ?? []).map((attribute) => `,${attribute}`).join("");
  return `${formatPins([pin])}${attributes}${pin.vector === undefined ? "" : `=${pin.vector}`}`;
}

/** `gic:42` or a list joined by commas. */
export function formatPins(pins: readonly IntrPin[]): string {
  return pins.map(({ pic, line }) => (line === undefined ? pic : `${pic}:${line}`)).join(",");
}

/** `info,debug stderr`. */
export function formatLogFilter({ severities, destination }: LogFilter): string {
  return `${severities.join(",")} ${destination}`;
}

function printCpu(cpu: CpuItem): string[] {
  return [
    "cpu",
    ...(cpu.sched === undefined ? [] : [`    sched ${cpu.sched}`]),
    ...(cpu.runmask === undefined ? [] : [`    runmask ${cpu.runmask.join(",")}`]),
    ...(cpu.partition === undefined ? [] : [`    partition ${quote(cpu.partition)}`]),
    ...(cpu.cluster === undefined ? [] : [`    cluster ${quote(cpu.cluster)}`]),
    ...cpu.settings.map((setting) => `    ${printSetting(setting)}`),
  ];
}

function printVdev(vdev: VdevItem): string[] {
  const own = vdev.own.map(({ text, quoted }) => (quoted ? inQuotes(text) : quote(text)));
  return [
    `vdev ${quote(vdev.type)}`,
    ...(vdev.loc ? [`    loc ${formatLocation(vdev.loc)}`] : []),
    ...(vdev.intr.length > 0 ? [`    intr ${quote(formatPins(vdev.intr))}`] : []),
    ...(vdev.name ? [`    name ${quote(vdev.name.text)}`] : []),
    ...(vdev.log ? [`    log ${formatLogFilter(vdev.log)}`] : []),
    ...(vdev.sched ? [`    sched ${vdev.sched.value}`] : []),
    ...(vdev.hostvector ? [`    hostvector ${vdev.hostvector.value}`] : []),
    ...vdev.settings.map((setting) => `    ${printSetting(setting)}`),
    ...(own.length > 0 ? [`    ${own.join(" ")}`] : []),
  ];
}

function printPass(pass: PassItem): string[] {
  return [
    "pass",
    ...pass.locs.map((loc) => `    loc ${formatPassLocation(loc)}`),
    ...(pass.intr.length === 0 ? [] : [`    intr ${quote(pass.intr.map(formatPassPin).join(","))}`]),
    ...pass.settings.map((setting) => `    ${printSetting(setting)}`),
  ];
}

function printReserve({ locs, intr }: ReserveItem): string[] {
  return [
    "reserve",
    ...locs.map((loc) => `    loc ${loc.space === "pci" ? formatPci(loc.pci) : formatSpan(loc)}`),
    ...intr.map(({ value }) => `    intr ${value}`),
  ];
}

function printSetting({ name, value }: Setting): string {
  return `set ${quote(name)} ${quote(value)}`;
}

function printLoad({ kind, file }: LoadItem): string {
  return kind === "image" ? `load ${quote(file)}` : `initrd load ${quote(file)}`;
}

function formatRange({ address, length }: MemoryItem): string {
  return address === undefined ? hex(length) : `${hex(address)},${hex(length)}`;
}

function hex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

function hexNumber(value: number): string {
  return `0x${value.toString(16)}`;
}

/** A word as it must be written to be read back: in quotes only where it needs them. */
function quote(text: string): string {
  const plain = /^[^\s"#\\$]+$/.test(text) && !ALL_WORDS.has(text);
  return plain ? text : inQuotes(text);
}

function inQuotes(text: string): string {
  return `"${text.replace(/["\\]/g, "\\$&")}"`;
}
