import { closeSync, ftruncateSync, openSync, rmSync, statSync, writeSync } from "node:fs";
import { getSystemErrorName } from "node:util";
import { EEXIST, EIO, ENOENT, ENOTSUP, EOK } from "../../abi/generated/constants.ts";
import type { X86Registers } from "../guests/x86-registers.ts";
import { CORE_RANGES_MAX, type CoreFile, type CoreNote, coreFile, EM_386, EM_NONE } from "./core-file.ts";
import type { Vm } from "./vm.ts";
import { prstatusNote, systemRegisters } from "./x86-notes.ts";

/** Dumps one run may write: a vdev that asks for one with every access must not fill the disk. */
export const DUMPS_MAX = 8;

/** Host work of asking for one: each is told in a message, also when none is written. */
export const DUMP_WORK = 1000;

/** Owner of the notes that no debugger knows; the text of each is UTF-8. */
const NOTE_OWNER = "vdevbox";
/** Types of them: what the VM was (JSON), system registers of a CPU (JSON), what vdevs said to VDEV_CTRL_STATUS. */
const NOTE_TYPE = { vm: 0x564d, cpu: 0x5643, status: 0x5653 } as const;
/** The one CPU of a guest that has registers. */
const VCPU = 0;

/**
 * Stands in for writing a dump, in a replay.
 * @param write writes it all the same, and gives EOK or an errno
 * @returns what the vdev is told: EOK or an errno
 */
export type DumpSource = (file: string, write: () => number) => number;

/**
 * The guest's core file, as `dump FILE` of the configuration names it. The first dump of a run goes to FILE, further
 * ones to FILE.1, FILE.2 and so on, so that none overwrites what an earlier one of the run shows. Whether it could be
 * written is an input of the run: recorded, and taken from the recording in a replay.
 */
export class GuestDump {
  readonly #vm: Vm;
  /** Dumps begun, successful or not. */
  #count = 0;
  source: DumpSource | undefined;
  /** The registers of the guest's processor; undefined when it has none. Set by who runs such a guest. */
  registers: (() => X86Registers | undefined) | undefined;

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  get count(): number {
    return this.#count;
  }

  /** For putting a VM back. Files that were written stay. */
  restore(count: number): void {
    this.#count = count;
  }

  /**
   * Writes guest memory as it is now, what vdevs changed in their mappings included.
   * @param reason why, as the note in the file has it
   * @returns EOK; ENOENT when the configuration names no file; EEXIST after DUMPS_MAX; else why it cannot be written
   */
  write(reason: string): number {
    const vm = this.#vm;
    const { dump } = vm.plan;
    if (dump === undefined) {
      vm.log("warn", undefined, `no guest dump is written (${reason}): the configuration has no \`dump FILE\``);
      return ENOENT;
    }
    if (this.#count >= DUMPS_MAX) return EEXIST;
    const file = this.#count === 0 ? dump : `${dump}.${this.#count}`;
    this.#count++;
    if (vm.windows.any) vm.windows.flush();
    const writeFile = () => this.#writeFile(file, reason);
    const errno = this.source === undefined ? writeFile() : this.source(file, writeFile);
    vm.emit({ kind: "dump", errno });
    if (errno === EOK) vm.log("info", undefined, `guest dump written to ${file} (${reason})`);
    else vm.log("error", undefined, `the guest dump cannot be written to ${file}: ${getSystemErrorName(-errno)}`);
    return errno;
  }

  #writeFile(file: string, reason: string): number {
    const { ranges } = this.#vm.ram;
    if (ranges.length > CORE_RANGES_MAX) return ENOTSUP;
    try {
      const registers = this.registers?.();
      const notes = [...(registers === undefined ? [] : registerNotes(registers)), ...this.#notes(reason)];
      writeCore(file, coreFile(registers === undefined ? EM_NONE : EM_386, ranges, notes));
      return EOK;
    } catch (error) {
      return -((error as NodeJS.ErrnoException).errno ?? -EIO);
    }
  }

  /** What the VM was, and what its vdevs said when they were asked for it together with the dump. */
  #notes(reason: string): CoreNote[] {
    const vm = this.#vm;
    const facts = {
      system: vm.plan.system,
      reason,
      virtualNs: vm.nowNs.toString(),
      guestAccesses: vm.traps,
      cpus: vm.plan.cpus,
      linesHigh: vm.lines.high(),
      vdevs: vm.vdevs.map((vdev) => ({ ...vm.findings.nameOf(vdev.index), stopped: vdev.instance.stopped ?? null })),
    };
    const status = vm.statusText.now;
    return [
      note(NOTE_TYPE.vm, JSON.stringify(facts)),
      ...(status === undefined ? [] : [note(NOTE_TYPE.status, status)]),
    ];
  }
}

function note(type: number, text: string): CoreNote {
  return { name: NOTE_OWNER, type, bytes: Buffer.from(text) };
}

/** For debuggers, and what they have no place for. */
function registerNotes(registers: X86Registers): CoreNote[] {
  return [prstatusNote(VCPU, registers), note(NOTE_TYPE.cpu, JSON.stringify(systemRegisters(VCPU, registers)))];
}

/** Writes a file with holes where memory is zero. What cannot be written whole is removed. @throws what node:fs does */
function writeCore(file: string, core: CoreFile): void {
  const descriptor = openSync(file, "w");
  let whole = false;
  try {
    for (const { offset, bytes } of core.pieces) {
      for (let at = 0; at < bytes.length; ) at += writeSync(descriptor, bytes, at, bytes.length - at, offset + at);
    }
    if (statSync(file).isFile()) ftruncateSync(descriptor, core.length);
    whole = true;
  } finally {
    closeSync(descriptor);
    if (!whole && statSync(file, { throwIfNoEntry: false })?.isFile() === true) rmSync(file, { force: true });
  }
}
