import { QVM_VDEV_ABI } from "../../abi/generated/constants.ts";
import { vdev_factory } from "../../abi/generated/layouts.ts";
import { UserError } from "../errors.ts";
import { CALLBACK } from "../gate/situation.ts";
import { readPicFunctions } from "../interrupts/pic-functions.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { type FlagProblem, flagProblems } from "../vm/factory-flags.ts";
import { formatLocation } from "../vm/location.ts";
import type { Factory } from "../vm/vdev.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, vdevOf, violation, writeText } from "./body.ts";

/** Options a factory may list. */
const OPTION_LIMIT = 256;
/** Bytes the name of a vdev or of an option may have, its NUL included. */
const NAME_LIMIT = 256;
/** Factories a module may register. */
const FACTORY_LIMIT = 64;

export const vdevCoreBodies = bodies({
  vdev_register_factory(vm, instance, address, abi) {
    // Nobody looks for factories later; the gate has already said that this is not the time.
    if (vm.context.callback !== CALLBACK["module-start"]) return 0;
    if (instance.factories.length >= FACTORY_LIMIT) {
      throw new UserError(`${instance.module.file} registers more than ${FACTORY_LIMIT} factories; register each once`);
    }
    if (abi! >>> 0 !== QVM_VDEV_ABI) {
      throw new UserError(
        `${instance.module.file} was built for vdev ABI ${abi! >>> 0}, and this host has ${QVM_VDEV_ABI}: pass QVM_VDEV_ABI to vdev_register_factory()`,
      );
    }
    const factory = readFactory(instance, address! >>> 0);
    if (typeof factory === "string") {
      violation(
        vm,
        instance,
        "argument",
        "vdev_register_factory",
        `was given a factory with ${factory}`,
        "a factory's members are functions of the module's table and C strings",
        "Look at how the factory is filled in.",
      );
      return 0;
    }
    if (instance.factories.some((known) => known.address === factory.address)) return registeredTwice(vm, instance);
    instance.factories.push(factory);
    for (const problem of flagProblems(factory.flags)) remarkFlags(vm, instance, problem);
    return 0;
  },

  vdev_string(vm, instance, buffer, size, vdp) {
    const vdev = vdevOf(vm, instance, vdp!);
    if (vdev === undefined) return 0;
    return writeText(instance, buffer!, size! >>> 0, `${vdev.name} at ${formatLocation(vdev)}`);
  },

  vdev_path(vm, instance, buffer, size, vdp) {
    const vdev = vdevOf(vm, instance, vdp!);
    if (vdev === undefined) return 0;
    return writeText(instance, buffer!, size! >>> 0, `/dev/qvm/${vm.plan.system}/${vdev.name}`);
  },
});

/** qvm chains factories through their `next`; what registering one twice does there, no page says. */
function registeredTwice(vm: Vm, instance: ModuleInstance): number {
  vm.findings.report(instance, {
    severity: "warning",
    rule: "argument",
    message: "vdev_register_factory() was given a factory that is registered already",
    advice: "Register each factory once.",
  });
  return 0;
}

function remarkFlags(vm: Vm, instance: ModuleInstance, { message, rule, advice, documented }: FlagProblem): void {
  const text = `was given a factory whose factory_flags have ${message}`;
  if (documented) violation(vm, instance, "argument", "vdev_register_factory", text, rule, advice);
  else {
    const remark = {
      severity: "warning",
      rule: "argument",
      message: `vdev_register_factory() ${text}`,
      advice,
    } as const;
    vm.findings.report(instance, remark);
  }
}

/** A vdev_factory out of module memory, or what is wrong with it. The gate has checked that the struct is in bounds. */
function readFactory(instance: ModuleInstance, address: number): Factory | string {
  const word = (offset: number) => instance.u32(address + offset);
  for (const name of ["control", "vread", "vwrite", "pulse", "timer"] as const) {
    const index = word(vdev_factory[name]);
    if (index !== 0 && (index >= instance.table.length || instance.table.get(index) === null)) {
      return `${name} = ${index}, which is no function of the module's table`;
    }
  }
  const optionList = readOptionList(instance, word(vdev_factory.option_list));
  if (typeof optionList === "string") return optionList;
  const name = word(vdev_factory.name);
  if (name !== 0 && !isString(instance, name)) return "a name that is no C string";
  if (word(vdev_factory.extra_space) > instance.module.wasm.memories[0]!.maximum! * 65536) {
    return `extra_space of ${word(vdev_factory.extra_space)} bytes, more than the module's memory`;
  }
  const pic = word(vdev_factory.pic);
  const functions = pic === 0 ? undefined : readPicFunctions(instance, pic);
  if (typeof functions === "string") return functions;
  return {
    address,
    name: name === 0 ? "" : instance.cstring(name),
    control: word(vdev_factory.control),
    vread: word(vdev_factory.vread),
    vwrite: word(vdev_factory.vwrite),
    pulse: word(vdev_factory.pulse),
    timer: word(vdev_factory.timer),
    pic,
    controller: functions,
    optionList,
    flags: word(vdev_factory.factory_flags),
    sizes: word(vdev_factory.acc_sizes),
    extraSpace: word(vdev_factory.extra_space),
  };
}

function readOptionList(instance: ModuleInstance, address: number): string[] | string {
  const names: string[] = [];
  if (address === 0) return names;
  for (let i = 0; i < OPTION_LIMIT; i++) {
    if (address % 4 !== 0 || address + 4 * i + 4 > instance.bytes.length) return "an option_list outside its memory";
    const pointer = instance.u32(address + 4 * i);
    if (pointer === 0) return names;
    if (!isString(instance, pointer)) return `an option_list whose entry ${i} is no C string`;
    names.push(instance.cstring(pointer));
  }
  return `an option_list without NULL in its first ${OPTION_LIMIT} entries`;
}

function isString(instance: ModuleInstance, pointer: number): boolean {
  return instance.bytes.subarray(pointer, pointer + NAME_LIMIT).includes(0);
}
