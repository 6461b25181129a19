import type { CallbackName } from "../../abi/definition/schema.ts";
import { type SourcePlace, UserError } from "../errors.ts";
import { EndOfVm, formatFinding } from "../gate/finding.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { errnoName } from "./errno.ts";
import type { Vdev } from "./vdev.ts";
import type { Vm } from "./vm.ts";

/** What a control callback at startup is called with, beside the vdev. */
export interface ControlCall {
  readonly callback: CallbackName;
  /** VDEV_CTRL_*, or VDEV_CTRL_FIRST_OPTIDX + n. */
  readonly ctrl: number;
  /** Address in module memory, or an integer. */
  readonly arg?: number;
  /** What an error points at; the vdev's own place unless given. */
  readonly place?: SourcePlace | undefined;
  /** Name of the option, for VDEV_CTRL_FIRST_OPTIDX. */
  readonly option?: string;
  /** The option's argument as the user wrote it; undefined when it has none. */
  readonly argument?: string | undefined;
}

/**
 * One control callback at startup that may refuse.
 * @throws UserError for any answer but EOK, and when the vdev stopped or ended the VM
 */
export function control(vm: Vm, vdev: Vdev, call: ControlCall): void {
  const result = askControl(vm, vdev, call);
  if (result === 0) return;
  const place = call.place ?? vdev.plan.place;
  const argument = call.argument === undefined ? "" : `; its argument is ${JSON.stringify(call.argument)}`;
  throw new UserError(`${vdev.name} refused ${nameOf(call)} with ${errnoName(result)}${argument}`, place);
}

/** The same for every vdev in turn. */
export function controlEach(vm: Vm, call: ControlCall): void {
  for (const vdev of vm.vdevs) control(vm, vdev, call);
}

/** One control callback at startup whose answer is no errno. @returns it, signed; @throws UserError as `control` */
export function askControl(vm: Vm, vdev: Vdev, call: ControlCall): number {
  const { instance } = vdev;
  const place = call.place ?? vdev.plan.place;
  const result = invoke(vm, vdev, call, place);
  if (result === undefined) throw stoppedError(vm, instance, `${vdev.name} in ${nameOf(call)}`, place);
  if (vm.ended !== undefined)
    throw new UserError(`${vdev.name} ended the VM in ${nameOf(call)}: ${vm.ended.reason}`, place);
  return result | 0;
}

function invoke(vm: Vm, vdev: Vdev, call: ControlCall, place: SourcePlace | undefined): number | undefined {
  const { control } = vdev.factory;
  const { main } = THREAD;
  try {
    return vm.activations.invoke(
      vdev,
      CALLBACK[call.callback],
      main,
      control,
      SHAPE.intIII,
      vdev.vdp,
      call.ctrl,
      call.arg ?? 0,
    );
  } catch (error) {
    if (!(error instanceof EndOfVm)) throw error;
    throw new UserError(`${vdev.name} ended the VM in ${nameOf(call)}: ${error.message}`, place);
  }
}

function nameOf({ callback, option }: ControlCall): string {
  return option === undefined ? `VDEV_CTRL_${callback}` : `option ${option}`;
}

/** Why a VM cannot start whose module was stopped, with the report. */
export function stoppedError(
  vm: Vm,
  instance: ModuleInstance,
  what: string,
  place: SourcePlace | undefined,
): UserError {
  const finding = vm.findings.all.findLast((one) => one.module === instance.module.file && one.severity !== "warning");
  const detail = finding === undefined ? (instance.stopped ?? "") : `\n${formatFinding(finding)}`;
  return new UserError(`the VM cannot start: ${what} was stopped${detail === "" ? "" : `:${detail}`}`, place);
}
