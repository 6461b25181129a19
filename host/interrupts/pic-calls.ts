import { guest_intr } from "../../abi/generated/layouts.ts";
import { StopModule } from "../gate/finding.ts";
import { CALLBACK } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { TEXT_BYTES, type VdevPic } from "./controllers.ts";

/** Controllers that may signal each other in a row. */
const CHAIN_LIMIT = 8;
/** Calls into controllers that one callback of a vdev, or one guest access, may cause in all. */
const CALLS_LIMIT = 2000;
/** `enum guest_table_spec_component`: its names and values are not public, so that one number has to stand for all. */
const TABLE_SPEC_COMPONENT = 0;

/** What a controller is told about one of its lines. */
export interface LineRef {
  /** guest_intr.param: the line, and flags where the controller has such. */
  readonly param: number;
  readonly srcId: number;
}

interface InProgress {
  readonly pic: VdevPic;
  readonly param: number;
  readonly gis: number;
}

/**
 * Calls of vdev_pic_functions. The controller's guest_intr stands in the frame of the activation, so that it lasts as
 * long as the call. Chains of controllers are bounded: a vdev that signals in a circle, or without end, is stopped.
 */
export class PicCalls {
  readonly #vm: Vm;
  readonly #chain: InProgress[] = [];
  #calls = 0;
  #countedIn = "";

  constructor(vm: Vm) {
    this.#vm = vm;
  }

  /**
   * Changes a line of a controller that is a vdev.
   * @param caller the instance of the vdev that does it, to be stopped when it goes round in a circle
   * @returns what the controller answered; undefined when it has stopped
   */
  signal(caller: ModuleInstance, pic: VdevPic, line: LineRef, gis: number): number | undefined {
    this.checkLimits(caller);
    const again = this.#chain.findIndex((one) => one.pic === pic && one.param === line.param && one.gis === gis);
    const name = (one: { pic: VdevPic; param: number }) => `${one.pic.name}:${one.param}`;
    if (again >= 0) {
      const circle = [...this.#chain.slice(again).map(name), `${pic.name}:${line.param}`].join(" -> ");
      stop(this.#vm, caller, `guest_intr_signal() goes round in a circle: ${circle}`);
    }
    if (this.#chain.length >= CHAIN_LIMIT) {
      const row = this.#chain.map(name).join(" -> ");
      stop(this.#vm, caller, `more than ${CHAIN_LIMIT} interrupt controllers signal each other in a row: ${row}`);
    }
    this.#chain.push({ pic, param: line.param, gis });
    try {
      return this.#call(pic, "pic-signal", line, (frame) => [pic.functions.signal, SHAPE.intII, frame, gis, 0, 0]);
    } finally {
      this.#chain.pop();
    }
  }

  /** Asks a controller to report what the guest does with a line; nothing when it cannot. */
  notify(pic: VdevPic, line: LineRef, gin: number): void {
    const { notify } = pic.functions;
    if (notify !== 0) this.#call(pic, "pic-notify", line, (frame) => [notify, SHAPE.voidII, frame, gin, 0, 0]);
  }

  /**
   * Turns the text of a line into its param.
   * @returns the param and the characters taken; undefined when the controller knows no such line, and when it has
   * stopped
   */
  parse(pic: VdevPic, text: string): { readonly param: number; readonly length: number } | undefined {
    const { parse } = pic.functions;
    const bytes = new TextEncoder().encode(text);
    if (parse === 0 || bytes.length >= TEXT_BYTES) return undefined;
    const at = pic.text;
    const { instance } = pic.vdev;
    instance.fill(at, TEXT_BYTES);
    instance.write(at, bytes);
    let param = 0;
    const result = this.#call(
      pic,
      "pic-parse",
      { param: 0, srcId: 0 },
      (frame) => [parse, SHAPE.intII, frame, at, 0, 0],
      (frame, result) => {
        param = instance.u32(frame + guest_intr.param);
        if (result !== 0 && (result < at || result > at + bytes.length)) this.#reportStray(pic, result, text);
      },
    );
    const length = (result ?? 0) - at;
    return length > 0 && length <= bytes.length ? { param, length } : undefined;
  }

  /** `parse` answered a pointer to anything but the text it was given. */
  #reportStray(pic: VdevPic, pointer: number, text: string): void {
    const given = `the ${text.length + 1} bytes of ${JSON.stringify(text)}`;
    this.#vm.findings.report(pic.vdev.instance, {
      severity: "violation",
      rule: "result",
      message: `pic.parse returned 0x${(pointer >>> 0).toString(16)}, which is outside ${given}`,
      reason: { text: "parse answers where in the text it stopped, or NULL", status: "inferred" },
      advice: "Return the second argument plus the characters that were taken, and 0 for a line there is none of.",
    });
  }

  /** The text of a line as its controller gives it; undefined when it gives none. */
  string(pic: VdevPic, line: LineRef): string | undefined {
    const { string } = pic.functions;
    if (string === 0) return undefined;
    const at = pic.text;
    pic.vdev.instance.fill(at, TEXT_BYTES);
    const result = this.#call(pic, "pic-string", line, (frame) => [string, SHAPE.intIII, frame, at, TEXT_BYTES, 0]);
    return result === undefined ? undefined : pic.vdev.instance.cstring(at, TEXT_BYTES);
  }

  /**
   * What a controller says of a line for a firmware table.
   * @returns its answer, and the bytes it wrote when that is a number of bytes that fit; undefined when it says nothing
   */
  tableSpec(pic: VdevPic, line: LineRef): { readonly result: number; readonly bytes: Uint8Array } | undefined {
    const { tableSpec } = pic.functions;
    if (tableSpec === 0) return undefined;
    const at = pic.text;
    const { instance } = pic.vdev;
    instance.fill(at, TEXT_BYTES);
    const call = (frame: number) => [tableSpec, SHAPE.intIIII, frame, TABLE_SPEC_COMPONENT, at, TEXT_BYTES] as const;
    const result = this.#call(pic, "pic-table-spec", line, call);
    if (result === undefined) return undefined;
    const length = result >= 0 && result <= TEXT_BYTES ? result : 0;
    return { result, bytes: instance.bytes.slice(at, at + length) };
  }

  /** Delivers a message to a controller that has registered for it. */
  deliver(pic: VdevPic, fn: number, src: number, address: bigint, data: number, cookie: number): void {
    const { activations } = this.#vm;
    const { instance, vdp } = pic.vdev;
    activations.nested(pic.vdev, CALLBACK["msi-deliver"], (frame) => {
      instance.setU64(frame, address);
      instance.setU32(frame + 8, data);
      return instance.exports.__vdevbox_call(frame, fn, SHAPE.msi, vdp, src, frame, cookie);
    });
  }

  /** Counts a call into a controller. @throws StopModule when the callback in progress has caused too many */
  checkLimits(caller: ModuleInstance): void {
    const { activations, context } = this.#vm;
    const countedIn = `${activations.outermost} ${context.trap}`;
    if (countedIn !== this.#countedIn) {
      this.#countedIn = countedIn;
      this.#calls = 0;
    }
    this.#calls++;
    if (this.#calls <= CALLS_LIMIT) return;
    stop(this.#vm, caller, `one callback caused more than ${CALLS_LIMIT} calls into interrupt controllers`);
  }

  #call(
    pic: VdevPic,
    callback: "pic-signal" | "pic-notify" | "pic-parse" | "pic-string" | "pic-table-spec",
    line: LineRef,
    arguments_: (frame: number) => readonly [number, number, number, number, number, number],
    after: (frame: number, result: number) => void = () => {},
  ): number | undefined {
    const { instance, vdp } = pic.vdev;
    return this.#vm.activations.nested(pic.vdev, CALLBACK[callback], (frame) => {
      instance.setU32(frame + guest_intr.pic, vdp);
      instance.setU32(frame + guest_intr.param, line.param);
      instance.setU32(frame + guest_intr.src_id, line.srcId);
      const result = instance.exports.__vdevbox_call(frame, ...arguments_(frame));
      after(frame, result);
      return result;
    });
  }
}

/** The vdev that signals has to be stopped: it would never come to an end. */
function stop(vm: Vm, caller: ModuleInstance, message: string): never {
  const finding = vm.findings.record(caller, {
    severity: "fault",
    rule: "limit",
    message,
    advice:
      "A controller passes an interrupt on once: keep what it last told the controller above, and signal changes only.",
  });
  throw new StopModule(finding);
}
