import { EOK } from "../../abi/generated/constants.ts";
import { StopModule } from "../gate/finding.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { WaitObject } from "../threads/conditions.ts";
import { runInside } from "../threads/run-inside.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, violation } from "./body.ts";
import { popCleanup, pushCleanup } from "./posix-ending.ts";

/** How far a pthread_once() has come. Zeroed bytes are PTHREAD_ONCE_INIT: no call is needed to make one. */
const ONCE = { not: 0, running: 1, done: 2 } as const;

export const posixOnceBodies = bodies({
  pthread_once(vm, instance, control, routine) {
    const at = control! >>> 0;
    const known = vm.waitObjects.find("once", instance, at);
    if (known === undefined && instance.u32(at) !== 0) {
      const text = "a pthread_once_t begins as PTHREAD_ONCE_INIT, zeroed bytes, and is left alone from then on";
      const advice = "Make it with pthread_once_t.alloc(), and do not copy it.";
      violation(vm, instance, "argument", "pthread_once", "was given bytes that are no pthread_once_t", text, advice);
      return EOK;
    }
    return once(vm, known ?? vm.waitObjects.init("once", instance, at), routine!);
  },
});

function once(vm: Vm, object: WaitObject, routine: number): number | Suspended {
  if (object.value === ONCE.done) {
    vm.races?.acquire(object);
    return EOK;
  }
  if (object.value === ONCE.running) return waitForOther(vm, object, routine);
  const settle = (value: number) => {
    object.value = value;
    object.owner = undefined;
    vm.races?.release(object);
    vm.threads?.wakeWaiting(object, true);
  };
  vm.races?.acquire(object);
  object.value = ONCE.running;
  object.owner = vm.threads?.acting;
  pushCleanup(vm, { undo: () => settle(ONCE.not) });
  return runInside(vm, object.instance, routine, SHAPE.void, 0, () => {
    popCleanup(vm);
    settle(ONCE.done);
    return EOK;
  });
}

function waitForOther(vm: Vm, object: WaitObject, routine: number): Suspended {
  const { threads } = vm;
  if (threads === undefined || object.owner === threads.acting) throw callsItself(vm, object.instance);
  const name = `the function of pthread_once() at 0x${object.address.toString(16)}`;
  const wait = { for: "mutex", of: object, name, owner: () => object.owner } as const;
  return threads.wait(wait, () => once(vm, object, routine));
}

function callsItself(vm: Vm, instance: ModuleInstance): StopModule {
  return new StopModule(
    vm.findings.record(instance, {
      severity: "fault",
      rule: "lock",
      message: "deadlock: pthread_once() was called again by the function it calls",
      call: { name: "pthread_once", arguments: [] },
      advice: "What is made once must not ask for itself.",
    }),
  );
}
