import { readFileSync } from "node:fs";
import { UserError } from "../errors.ts";
import { type Finding, formatFinding } from "../gate/finding.ts";
import { AccessStatus } from "../guests/bus.ts";
import { formatHex } from "../guests/script/line-format.ts";
import { parseScript } from "../guests/script/parse-script.ts";
import { runScript } from "../guests/script/run-script.ts";
import type { LineCount } from "../guests/script/step.ts";
import { firstTogether } from "../guests/script/together.ts";
import { VmScriptMachine } from "../guests/script/vm-machine.ts";
import { didYouMean } from "../nearest-word.ts";
import { counted } from "../plural.ts";
import type { LineAct, VmEvent } from "../vm/events.ts";
import { stateDigest, VmSnapshot } from "../vm/snapshot.ts";
import type { Vm } from "../vm/vm.ts";
import type { Access, AccessResult, Amount, Registers, TestFinding, TestVm } from "./api.js";

const STATUS = ["ok", "bus-error", "stop", "no-advance"] as const;
const ENCODER = new TextEncoder();

/** A VM in the hands of a test. */
export class DrivenVm implements TestVm {
  readonly vm: Vm;
  readonly logs: string[] = [];
  readonly #machine: VmScriptMachine;
  readonly #output = new Map<string, TextDecoder>();
  readonly #texts = new Map<string, string>();
  #reports: string[] | undefined;

  /** @param make makes the VM, which tells this listener */
  constructor(make: (listener: (event: VmEvent) => void) => Vm) {
    this.vm = make((event) => this.#hear(event));
    this.#machine = new VmScriptMachine(this.vm);
  }

  get findings(): readonly TestFinding[] {
    return this.vm.findings.all.filter(({ rule }) => rule !== "advice").map(testFinding);
  }

  output(vdev: string): string {
    this.#vdev(vdev);
    return this.#texts.get(vdev) ?? "";
  }

  read(address: Amount, access: Access = {}): bigint {
    const result = this.tryRead(address, access);
    if (result.status !== "ok") throw new Error(`read of ${formatHex(BigInt(address))}: ${result.status}`);
    return result.value;
  }

  write(address: Amount, value: Amount, access: Access = {}): void {
    const { status } = this.tryWrite(address, value, access);
    if (status !== "ok") throw new Error(`write of ${formatHex(BigInt(address))}: ${status}`);
  }

  tryRead(address: Amount, { space = "memory", width = 4, vcpu = 0 }: Access = {}): AccessResult {
    this.#checkVcpu(vcpu);
    const { status, value } = this.#machine.read(space, BigInt(address), width, vcpu);
    return { status: STATUS[status], value: status === AccessStatus.done ? value : 0n };
  }

  tryWrite(address: Amount, value: Amount, { space = "memory", width = 4, vcpu = 0 }: Access = {}): AccessResult {
    this.#checkVcpu(vcpu);
    const bits = BigInt(8 * width);
    const given = BigInt(value);
    if (given >= 1n << bits || given < -(1n << (bits - 1n)))
      throw new Error(`${formatHex(given)} does not fit into ${counted(width, "byte")}`);
    const written = BigInt.asUintN(8 * width, given);
    return { status: STATUS[this.#machine.write(space, BigInt(address), width, written, vcpu)], value: 0n };
  }

  registers<Names extends string>(
    base: Amount,
    offsets: Readonly<Record<Names, number>>,
    access: Access = {},
  ): Registers<Names> {
    const registers: Partial<Registers<Names>> = {};
    for (const name of Object.keys(offsets) as Names[]) {
      const address = BigInt(base) + BigInt(offsets[name]);
      Object.defineProperty(registers, name, {
        enumerable: true,
        get: () => this.read(address, access),
        set: (value: Amount) => this.write(address, value, access),
      });
    }
    return knownOnly(registers as Registers<Names>);
  }

  get nowNs(): bigint {
    return this.vm.nowNs;
  }

  step(ns?: Amount): boolean {
    return this.vm.clockStep(ns === undefined ? undefined : BigInt(ns));
  }

  irq(pin: string): boolean {
    return known(pin, this.#machine.irqLevel(...pinOf(pin)));
  }

  irqCount(pin: string, what: LineCount): number {
    return known(pin, this.#machine.irqCount(...pinOf(pin), what));
  }

  irqAct(pin: string, act: LineAct): boolean {
    return known(pin, this.#machine.irqAct(...pinOf(pin), act));
  }

  input(vdev: string, bytes: Uint8Array | string): void {
    const refusal = this.#machine.input(vdev, typeof bytes === "string" ? ENCODER.encode(bytes) : bytes);
    if (refusal !== undefined) throw new Error(refusal);
  }

  readMemory(address: Amount, length: number): Uint8Array {
    const bytes = this.vm.ram.load(BigInt(address), length);
    if (bytes === undefined) throw new Error(`${formatHex(BigInt(address))} is not ${length} bytes of guest memory`);
    return bytes.slice();
  }

  writeMemory(address: Amount, bytes: Uint8Array): void {
    if (this.vm.ram.store(BigInt(address), bytes)) return;
    throw new Error(`${formatHex(BigInt(address))} is not ${bytes.length} bytes of guest RAM`);
  }

  status(): readonly string[] {
    const reports: string[] = [];
    this.#reports = reports;
    this.vm.control("status");
    this.#reports = undefined;
    return reports;
  }

  pressButton(): void {
    this.vm.control("button");
  }

  async runScript(file: string): Promise<void> {
    await this.#run(readFileSync(file, "utf8"), file);
  }

  async script(text: string): Promise<void> {
    await this.#run(text, "<script>");
  }

  async #run(text: string, file: string): Promise<void> {
    const steps = plainErrors(() => parseScript(text, file));
    if (this.vm.threads === undefined && firstTogether(steps) !== undefined) {
      throw new Error("a script with `together` takes a VM that was made with `atOnce: true`");
    }
    const { findings } = await runScript(steps, this.#machine, { print: () => {} });
    const lines = findings.map(({ place, message }) => `${place.file}:${place.line}: ${message}`);
    if (lines.length > 0) throw new Error(lines.join("\n"));
  }

  snapshot(): { restore(): void } {
    return new VmSnapshot(this.vm);
  }

  digest(): string {
    return stateDigest(this.vm);
  }

  terminate(): { readonly exitCode: number; readonly reason: string } {
    return this.vm.terminate();
  }

  #hear(event: VmEvent): void {
    if (event.kind === "log") this.logs.push(`${event.source}: ${event.text}`);
    else if (event.kind === "report") this.#reports?.push(`${event.source}: ${event.text}`);
    else if (event.kind === "output") {
      let decoder = this.#output.get(event.vdev);
      if (decoder === undefined) {
        decoder = new TextDecoder();
        this.#output.set(event.vdev, decoder);
      }
      const text = decoder.decode(event.bytes, { stream: true });
      this.#texts.set(event.vdev, (this.#texts.get(event.vdev) ?? "") + text);
    }
  }

  #vdev(name: string): void {
    if (!this.vm.vdevs.some((vdev) => vdev.name === name)) throw new Error(`there is no vdev ${name}`);
  }

  #checkVcpu(vcpu: number): void {
    const { cpus } = this.vm.plan;
    if (vcpu < 0 || vcpu >= cpus) throw new Error(`there is no vCPU ${vcpu}: the VM has ${cpus}`);
  }
}

/** Test runners do not check types: a misspelt register would be a property of its own, and nothing of the device. */
function knownOnly<T extends object>(registers: T): T {
  const wrong = (name: string, meant: string) => new Error(`there is no register ${name}${meant}`);
  return new Proxy(registers, {
    get(target, name) {
      // What shows and compares objects asks for names of its own.
      const meant = typeof name === "symbol" || name in target ? "" : didYouMean(name, Object.keys(target));
      if (meant !== "") throw wrong(String(name), meant);
      return Reflect.get(target, name);
    },
    set(target, name, value) {
      if (!(name in target)) throw wrong(String(name), didYouMean(String(name), Object.keys(target)));
      return Reflect.set(target, name, value);
    },
  });
}

/** A mistake of the test's author as an ordinary error, which test runners show with the test's own place. */
export function plainErrors<T>(work: () => T): T {
  try {
    return work();
  } catch (error) {
    if (error instanceof UserError) throw new Error(error.toString());
    throw error;
  }
}

export function testFinding(finding: Finding): TestFinding {
  const frame = finding.stack.find(({ line }) => line !== undefined);
  return {
    severity: finding.severity,
    rule: finding.rule,
    message: finding.message,
    vdev: finding.vdev?.name,
    where: frame === undefined ? undefined : `${frame.file}:${frame.line}:${frame.column}`,
    text: formatFinding(finding),
  };
}

function pinOf(pin: string): [string, number] {
  const at = pin.lastIndexOf(":");
  return [pin.slice(0, at), Number(pin.slice(at + 1))];
}

function known<T>(pin: string, value: T | undefined): T {
  if (value === undefined) throw new Error(`there is no interrupt line ${pin}`);
  return value;
}
