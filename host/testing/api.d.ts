/** What `import … from "vdevbox/testing"` gives: VMs for tests. See docs/testing.md. */

/** An address, a value or a time: numbers up to 2^53 - 1, bigint beyond. */
export type Amount = number | bigint;
export type Width = 1 | 2 | 4 | 8;
export type Space = "memory" | "io";

export interface TestVmOptions {
  /** A qvmconf file. */
  readonly config?: string;
  /** The text of a configuration, instead of a file or behind it. */
  readonly text?: string;
  /** A module to make a VM for that vdev alone, instead of a configuration. */
  readonly module?: string;
  /** Options of that vdev: `"loc 0x9000000 intr gic:33"`. Without `loc` it is put at 0x10000000 if it wants a place. */
  readonly options?: string;
  /** Folders in which modules are looked for first. */
  readonly modulePath?: readonly string[];
  /** What a broken rule does; that of the configuration, or strict, unless given. */
  readonly policy?: "strict" | "report";
  /** Scripts may have `together`, which makes accesses of several vCPUs at the same time. */
  readonly atOnce?: boolean;
}

/** What a vdev did wrong. */
export interface TestFinding {
  readonly severity: "violation" | "warning" | "fault";
  readonly rule: string;
  readonly message: string;
  readonly vdev: string | undefined;
  /** `file:line:column` of the innermost frame with a source; undefined without. */
  readonly where: string | undefined;
  /** All that `vdevbox run` prints of it. */
  readonly text: string;
}

export interface Access {
  readonly space?: Space;
  /** Bytes, default 4. */
  readonly width?: Width;
  /** Default 0. */
  readonly vcpu?: number;
}

/** How an access ended. */
export interface AccessResult {
  readonly status: "ok" | "bus-error" | "stop" | "no-advance";
  /** What a read got; 0 for a write. */
  readonly value: bigint;
}

/** Registers by name: reading a property reads the register, assigning writes it. */
export type Registers<Names extends string> = { [Name in Names]: Amount };

/** A VM that a test drives as its guest and its host. */
export interface TestVm {
  /** What vdevs did wrong so far, advice of the manual left out. */
  readonly findings: readonly TestFinding[];
  /** Everything vdevs wrote to their character devices, by vdev. */
  output(vdev: string): string;
  /** Lines vdevs logged. */
  readonly logs: readonly string[];
  /** @throws Error when the access does not end well; `tryRead` says how it ended instead */
  read(address: Amount, access?: Access): bigint;
  /** @param value negative numbers are two's complement; what does not fit is an Error */
  write(address: Amount, value: Amount, access?: Access): void;
  tryRead(address: Amount, access?: Access): AccessResult;
  tryWrite(address: Amount, value: Amount, access?: Access): AccessResult;
  /** Registers from `base` on, by name and offset. Reads give bigint; a misspelt name is an Error. */
  registers<Names extends string>(
    base: Amount,
    offsets: Readonly<Record<Names, number>>,
    access?: Access,
  ): Registers<Names>;
  /** Virtual nanoseconds since the VM was made. */
  readonly nowNs: bigint;
  /** Lets virtual time pass; up to the next timer without `ns`. @returns false when no timer is armed */
  step(ns?: Amount): boolean;
  /** Level of a line, as in `gic:42`. @throws Error when there is no such line */
  irq(pin: string): boolean;
  /** How often something happened on a line. */
  irqCount(pin: string, what: "raised" | "merged" | "masked" | "lost" | "spurious" | "taken" | "storms"): number;
  /** The guest lets a line in, masks it, or takes what waits on it. @returns whether something was taken */
  irqAct(pin: string, act: "enable" | "enable-edge" | "enable-level" | "disable" | "take"): boolean;
  /** Bytes or text for a vdev's character device. */
  input(vdev: string, bytes: Uint8Array | string): void;
  /** Guest memory. @throws Error unless all of it is RAM */
  readMemory(address: Amount, length: number): Uint8Array;
  writeMemory(address: Amount, bytes: Uint8Array): void;
  /** What vdevs say to VDEV_CTRL_STATUS, a line each. */
  status(): readonly string[];
  pressButton(): void;
  /** Runs a script file as `vdevbox run --guest` does. @throws Error when an expectation does not hold */
  runScript(file: string): Promise<void>;
  /** The same for a text. */
  script(text: string): Promise<void>;
  /** The VM as it is now, to be put back as often as wanted. */
  snapshot(): { restore(): void };
  /** SHA-256 of all that vdevs and host keep: equal states have equal digests. */
  digest(): string;
  /** Ends the VM: every vdev gets VDEV_CTRL_TERMINATE. */
  terminate(): { readonly exitCode: number; readonly reason: string };
}

/** @param options or just a configuration file @throws Error with one sentence when the VM cannot be had */
export declare function createVm(options: TestVmOptions | string): TestVm;

/** A file beside the test: `fileBeside(import.meta.url, "vm.qvmconf")`. */
export declare function fileBeside(url: string, name: string): string;

/** An access of a vdev's registers, of a width that the vdev takes. */
export interface ReferenceAccess {
  readonly space: Space;
  readonly address: bigint;
  /** From where the vdev's region begins. */
  readonly offset: number;
  readonly width: Width;
  readonly vcpu: number;
  /** Name of the vdev. */
  readonly vdev: string;
}

/**
 * A model of devices: it is told all that happens to them, in order, and says how they must answer. Whatever it answers
 * `undefined` to is not judged.
 */
export interface ReferenceModel {
  /** The guest is about to start: whatever was told before has not happened. */
  reset(): void;
  /** What the read must get: bits above the width do not count. */
  read(access: ReferenceAccess): Amount | "bus-error" | undefined;
  /** How the write must end. @param value without bits above the width */
  // biome-ignore lint/suspicious/noConfusingVoidType: a model that judges no writes has nothing to return
  write(access: ReferenceAccess, value: bigint): "ok" | "bus-error" | undefined | void;
  /** Virtual nanoseconds have passed. */
  step?(ns: bigint): void;
  /** Whether an interrupt line, as in `gic:40`, must be high now. Asked after everything that happens. */
  level?(pin: string): boolean | undefined;
  /** Guest memory has these bytes: the guest wrote them, or the device found them there. Until then it is zero. */
  memory?(address: bigint, bytes: Uint8Array): void;
  /** The host sends bytes to a character device. */
  input?(vdev: string, bytes: Uint8Array): void;
}

export interface FuzzOptions extends TestVmOptions {
  /** How the guest resets the devices: accesses as in a script, `"writel 0x10000010 1"`. */
  readonly reset?: string | readonly string[];
  /** Registers that a reset leaves alone: their addresses. */
  readonly notReset?: readonly Amount[];
  /** What the vdevs must answer as: a model, or other vdevs at the same places in a VM of their own. */
  readonly reference?: ReferenceModel | TestVmOptions;
  /** Default 20,000. */
  readonly executions?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Scripts to begin with: files and folders. */
  readonly seeds?: readonly string[];
}

export interface FuzzFinding extends TestFinding {
  /** The shortest program that makes it, as a script. */
  readonly script: string;
  readonly executions: number;
}

export interface FuzzResult {
  readonly findings: readonly FuzzFinding[];
  readonly executions: number;
  /** Edges of the modules' control flow that were taken, and all there are. */
  readonly edges: { readonly taken: number; readonly all: number };
}

/** Fuzzes the vdevs of a VM for so many executions. Depends on nothing but its options. */
export declare function fuzzDevice(options: FuzzOptions | string): Promise<FuzzResult>;

export interface ExploreOptions extends TestVmOptions {
  /** A script that says what the guest does; drawn for each schedule unless given. */
  readonly guest?: string;
  /** Default 2000. */
  readonly schedules?: number;
  /** Default 1. */
  readonly seed?: number;
  /** Where threads lose their turn: at calls to the host (default), or also where they touch memory that others touch. */
  readonly preempt?: "calls" | "memory";
}

export interface ExploreFinding extends TestFinding {
  /** The schedule that leads to it, as text with a column for each thread. */
  readonly schedule: string;
  /** What `vdevbox replay` runs. */
  readonly recording: string;
}

export interface ExploreResult {
  readonly findings: readonly ExploreFinding[];
  readonly schedules: number;
}

/**
 * Searches schedules of vCPUs, timers and threads as `vdevbox explore` does. An expectation of the script that does not
 * hold in every order is a finding of rule `expectation`. Depends on nothing but its options.
 */
export declare function exploreDevice(options: ExploreOptions | string): Promise<ExploreResult>;

export interface ConformanceOptions {
  /** Programs each rule is tried with, default 200. */
  readonly programs?: number;
  readonly seed?: number;
  /** How the guest resets the device: what it then reads from registers must be what it read at first. */
  readonly reset?: (vm: TestVm) => void;
  /** Registers that a reset leaves alone, or whose reading changes something: their addresses. */
  readonly notReset?: readonly Amount[];
}

/**
 * Runs the rules every device must keep: the same guest gets the same answers; a snapshot put back is as it was; accesses
 * of sizes the device does not take are refused and change nothing; no rule of the API is broken, at the end neither;
 * and, when it is said how to reset, a reset gives the state of the start.
 * @throws Error that says which rule was broken, with a script that shows it
 */
export declare function deviceConformance(options: TestVmOptions | string, more?: ConformanceOptions): void;
