import type { CallbackName, GateEntry, Phase, ThreadKind } from "../../abi/definition/schema.ts";
import {
  GIN_ACK,
  GPSC_WAIT,
  QST_CPUREGS,
  QST_MEMORY,
  QVM_VDEV_ABI,
  WDOG_ACTION_INTR,
} from "../../abi/generated/constants.ts";
import { gasp_walk_state, guest_intr, qvm_state_block, wdog_state } from "../../abi/generated/layouts.ts";
import { fillAttributes } from "../../host/calls/posix-attributes.ts";
import { EndOfVm, type Finding } from "../../host/gate/finding.ts";
import { CALLBACK, PHASE, THREAD } from "../../host/gate/situation.ts";
import { SHAPE } from "../../host/sandbox/contract.ts";
import type { ModuleInstance } from "../../host/sandbox/instance.ts";
import type { Policy } from "../../host/vm/plan.ts";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import type { Vdev } from "../../host/vm/vdev.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { vmOf } from "../support/vm.ts";
import { AT, TABLE, watVdev } from "../support/wat-vdev.ts";
import { CALLABLE, callText, importText } from "./calls.ts";

/** Where the probe finds its raw arguments, and where the things they point at are: one stretch a parameter. */
const ARGUMENTS = 0x17000;
const AREA = 0x18000;
const AREA_BYTES = 512;
/** Where a u64 result goes, and what the slot holds before. */
const RESULT = 0x1f000;

/** Guest RAM of the bench. */
export const RAM = { start: 0x1000n, length: 0x10000n } as const;
export const DEVICE = 0x1c000000n;

export interface Where {
  readonly callback: CallbackName;
  readonly phase: Phase;
  readonly thread: ThreadKind;
}

export interface Outcome {
  /** What the gate and the bodies said, in order. */
  readonly findings: readonly Finding[];
  /** The result, 64 bits of it where the function has them; undefined when the module was stopped or the VM ended. */
  readonly result: bigint | undefined;
  readonly ended: boolean;
  readonly stopped: boolean;
}

/** One module that can make every call of the ABI, in a VM that puts it into any situation. */
export class Bench {
  readonly vm: Vm;
  readonly vdev: Vdev;
  readonly #start: VmSnapshot;
  #seen: Finding[] = [];

  constructor(policy: Policy) {
    const intr = { pic: "gic", line: 40 };
    const { vm } = vmOf(probeModule(), { policy, ram: [{ ...RAM, writable: true }] }, { vdev: { intr } });
    this.vm = vm;
    this.vdev = vm.vdevs[0]!;
    const { findings } = vm;
    const record = findings.record.bind(findings);
    findings.record = (instance, remark) => {
      const finding = record(instance, remark);
      this.#seen.push(finding);
      return finding;
    };
    this.#start = new VmSnapshot(vm);
  }

  get instance(): ModuleInstance {
    return this.vdev.instance;
  }

  /** Makes one call. `prepare` runs before it and may change arguments; by default they are all good. */
  call(entry: GateEntry, where: Where, prepare: (args: number[]) => void = () => {}): Outcome {
    this.#start.restore();
    this.#seen = [];
    const args = this.#arguments(entry);
    prepare(args);
    args.forEach((value, i) => {
      this.instance.setU32(ARGUMENTS + 4 * i, value);
    });
    const slot = entry.result.kind === "u64" ? args[entry.rawParams - 1]! >>> 0 : undefined;
    const outcome = this.#run(CALLABLE.indexOf(entry), where);
    const wide = slot === undefined || slot + 8 > this.instance.bytes.length ? outcome.result : this.instance.u64(slot);
    return { ...outcome, result: outcome.result === undefined ? undefined : wide };
  }

  #run(selector: number, where: Where): Outcome {
    const { vm } = this;
    vm.context.phase = PHASE[where.phase];
    // No vdev exists yet while a module starts.
    const vdev = where.callback === "module-start" ? { ...this.vdev, index: -1 } : this.vdev;
    let result: number | undefined;
    let ended = false;
    try {
      result = vm.activations.invoke(
        vdev,
        CALLBACK[where.callback],
        THREAD[where.thread],
        TABLE.extra,
        SHAPE.intIII,
        selector,
        ARGUMENTS,
      );
    } catch (error) {
      if (!(error instanceof EndOfVm)) throw error;
      ended = true;
    }
    return {
      findings: this.#seen,
      result: result === undefined ? undefined : BigInt(result >>> 0),
      ended,
      stopped: this.instance.stopped !== undefined,
    };
  }

  /** Raw arguments with which the call is right wherever it is allowed. */
  #arguments(entry: GateEntry): number[] {
    const args: number[] = new Array(entry.rawParams).fill(0);
    entry.params.forEach((param, i) => {
      args[param.at] = this.#good(entry, i, AREA + i * AREA_BYTES);
    });
    if (entry.result.kind === "u64") {
      args[entry.rawParams - 1] = RESULT;
      this.instance.setU64(RESULT, 0n);
    }
    this.#prepare(entry, args);
    return args;
  }

  #good(entry: GateEntry, index: number, area: number): number {
    const { instance, vdev } = this;
    const { type, name } = entry.params[index]!;
    switch (type.kind) {
      case "int":
        return name === "nblks" ? 1 : ["length", "data_len", "count", "buf_len", "len", "n"].includes(name) ? 16 : 0;
      case "guest-address":
        return Number(RAM.start);
      case "cookie":
        return 0;
      case "cstring":
        instance.bytes.set(new TextEncoder().encode("0x10\0"), area);
        return area;
      case "callback":
        return /_(create|once)$/.test(entry.name) ? TABLE.pulse : TABLE.extra;
      case "handle":
        if (type.of === "vdev") return vdev.vdp;
        if (type.of === "guest_system") return instance.gsp!;
        if (type.of === "guest_cpu") return instance.frames + 512;
        if (type.of === "guest_timer") return this.vm.timers.create(vdev, 0, 0).handle;
        if (type.of === "guest_power_state_notify") return this.#notification();
        return 1;
      default:
        return area;
    }
  }

  /** A notification that has been registered, as guest_power_state_current() needs one. */
  #notification(): number {
    const { instance, vdev, vm } = this;
    const handle = vm.power.createNotification(vdev);
    vm.power.register(instance, handle, { cmd: GPSC_WAIT, mask: 1n, bits: 1n, func: TABLE.extra, data: 0 });
    return handle;
  }

  /** What single functions need beside well-formed arguments. */
  #prepare(entry: GateEntry, args: number[]): void {
    const { instance, vm } = this;
    const live = instance.frames + 512 + 40;
    instance.setU32(live, entry.name === "guest_cpu_read" || entry.name === "vio_write" ? 2 : 1);
    const block = entry.params.find(({ type }) => type.kind === "struct" && type.struct === "qvm_state_block");
    if (block !== undefined) {
      const at = args[block.at]!;
      const memory = entry.name === "gasp_region_info";
      instance.setU64(at + qvm_state_block.location, memory ? DEVICE : 0n);
      instance.setU32(at + qvm_state_block.length, 4);
      instance.view.setUint16(at + qvm_state_block.type, memory ? QST_MEMORY : QST_CPUREGS, true);
    }
    const interrupt = entry.params.find(({ type }) => type.kind === "struct" && type.struct === "guest_intr");
    if (interrupt !== undefined) {
      instance.setU32(args[interrupt.at]! + guest_intr.pic, instance.picHandle("gic"));
      instance.setU32(args[interrupt.at]! + guest_intr.param, 40);
      // The line of the vdev's own intr option, whose only source it is.
      instance.setU32(args[interrupt.at]! + guest_intr.src_id, 1);
    }
    if (entry.name === "wdog_bite") {
      instance.setU32(args[0]! + wdog_state.ws_action, WDOG_ACTION_INTR);
      instance.setU32(args[0]! + wdog_state.ws_intr + guest_intr.pic, instance.picHandle("gic"));
      instance.setU32(args[0]! + wdog_state.ws_intr + guest_intr.param, 40);
      instance.setU32(args[0]! + wdog_state.ws_intr + guest_intr.src_id, 1);
    }
    if (entry.name === "guest_power_state_current") this.#notification();
    if (entry.header === "cdev" && entry.name !== "cdev_setup") vm.character.add(this.vdev, args[0]!, 1, 2);
    const number = (name: string, value: number) => {
      const param = entry.params.find((one) => one.name === name);
      if (param !== undefined) args[param.at] = value;
    };
    number("prot", 3);
    if (entry.name === "guest_timer_create") args[0] = vm.guestCpus.handleOf(instance, 0);
    if (entry.name !== "timer_create") {
      number("timerid", (vm.pulseTimers.find(instance, 1) ?? vm.pulseTimers.create(instance, undefined, false)).id);
    }
    number("num_pins", 64);
    number("policy", 1);
    number("gin", GIN_ACK);
    // Below the module's heap: a buffer of the vdev's own.
    if (entry.name === "guest_intr_string") number("buf", AT.scratch);
    if (entry.name === "guest_intr_assign") args[0] = instance.picHandle("gic");
    if (entry.name === "guest_msi_signal") number("addr", 0xfee00000);
    if (entry.name === "guest_msi_signal") number("data", 0x41);
    if (block !== undefined) number("data_len", 4);
    number("cmd", GPSC_WAIT);
    if (entry.name.startsWith("gasp_find_free")) {
      number("size", 0x1000);
      number("align", 0x1000);
      number("max_addr", 0x7fffffff);
    }
    if (entry.name.startsWith("gram_")) {
      number("size", 16);
      number("align", 16);
      number("range_end", 0xffff);
      // Each time another place, far below those that gram_find_free() takes.
      number("loc", Number(RAM.start) + 16 * vm.reservations.count);
    }
    // Nothing is left to walk, and a step may have one byte.
    if (entry.name.startsWith("gasp_walk")) instance.setU64(args[0]! + gasp_walk_state.max_length, 1n);
    // An address range of no regions: what single regions do is the address space's own test.
    number("num_regions", 0);
    if (entry.name === "vdev_register_factory") args.splice(0, 2, AT.factory, QVM_VDEV_ABI);
    if (entry.name === "gasp_map_contig") {
      instance.setU64(args[2]!, RAM.start);
      instance.setU32(args[3]!, 16);
    }
    if (entry.name === "gasp_unmap")
      args[1] = vm.windows.map(instance, RAM.start, 16, { read: true, write: true }, "gasp_map_sys")!.address;
    const attr = entry.params.find(({ type }) => type.kind === "struct" && type.struct === "pthread_attr_t");
    if (attr !== undefined) fillAttributes(instance, args[attr.at]!);
    if (/^pthread_cond_(?!init)/.test(entry.name)) vm.waitObjects.init("cond", instance, args[0]!);
    if (/^sem_(?!init)/.test(entry.name)) vm.waitObjects.init("sem", instance, args[0]!, 1);
    if (/^pthread_cond_.*wait$/.test(entry.name)) vm.mutexes.init(instance, args[1]!, "normal");
    if (/^pthread_mutex_(destroy|lock|timedlock|trylock|unlock)$/.test(entry.name)) {
      vm.mutexes.init(instance, args[0]!, "normal");
    }
    if (entry.name === "gasp_unlock") vm.locks.lock(QST_MEMORY, instance.id);
  }
}

/** Table slot 6: probe(selector, arguments, 0) makes the call number `selector` with the words at `arguments`. */
function probeModule(): Uint8Array<ArrayBuffer> {
  const cases = CALLABLE.map((entry, i) => {
    const operands = Array.from({ length: entry.rawParams }, (_, n) => `(i32.load offset=${4 * n} (local.get $at))`);
    return `(if (i32.eq (local.get $which) (i32.const ${i})) (then ${callText(entry, operands)} (return)))`;
  });
  const fields = [
    ...CALLABLE.map(importText),
    `(func $probe (param $which i32) (param $at i32) (param i32) (result i32) ${cases.join("\n")} (unreachable))`,
    `(elem (i32.const ${TABLE.extra}) $probe)`,
  ];
  // Room for the arguments; the heap of hand-written modules starts far below.
  if (AT.heap >= ARGUMENTS) throw new Error("the heap overlaps the arguments");
  // It is an interrupt controller too: some calls are for those only.
  return watVdev({ fields: fields.join("\n"), pic: { signal: TABLE.pulse, pnum_mask: 0x1f } });
}
