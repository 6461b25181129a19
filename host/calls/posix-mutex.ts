import { CLOCK_REALTIME, EBUSY, EDEADLK, EINVAL, EOK, EPERM, ETIMEDOUT } from "../../abi/generated/constants.ts";
import { pthread_mutexattr_t, vdev_s } from "../../abi/generated/layouts.ts";
import { StopModule } from "../gate/finding.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Mutex, MutexKind } from "../threads/mutexes.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Wait } from "../threads/thread.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, violation } from "./body.ts";
import { readDeadline } from "./posix-clock.ts";

/** By PTHREAD_MUTEX_NORMAL, _RECURSIVE, _ERRORCHECK. */
const KINDS: readonly MutexKind[] = ["normal", "recursive", "errorcheck"];
/** Type of an attributes object that pthread_mutexattr_destroy() has ended. */
const DESTROYED = -1;

/** The mutexes of POSIX, as far as callbacks that run one after another can tell. */
export const posixMutexBodies = bodies({
  pthread_mutex_init(vm, instance, address, attr) {
    const type = attr === 0 ? 0 : instance.view.getInt32((attr! >>> 0) + pthread_mutexattr_t.type, true);
    const kind = KINDS[type];
    if (kind === undefined) return EINVAL;
    if (vm.mutexes.init(instance, address! >>> 0, kind)) return EOK;
    broken(
      vm,
      instance,
      "pthread_mutex_init",
      "was called for a mutex that is locked",
      "Make a mutex once, at startup.",
    );
    return EBUSY;
  },

  pthread_mutex_destroy(vm, instance, address) {
    const mutex = mutexAt(vm, instance, address!, "pthread_mutex_destroy");
    if (mutex === undefined) return EINVAL;
    if (vm.mutexes.destroy(mutex) === "done") return EOK;
    broken(vm, instance, "pthread_mutex_destroy", `was called while ${mutex.name} is locked`, "Unlock it first.");
    return EBUSY;
  },

  pthread_mutex_lock(vm, instance, address) {
    const mutex = mutexAt(vm, instance, address!, "pthread_mutex_lock");
    if (mutex === undefined) return EINVAL;
    const outcome = vm.mutexes.lock(mutex);
    if (outcome === "done") return EOK;
    if (outcome === "deadlock") return EDEADLK;
    if (outcome === "wait") return waitFor(vm, mutex, () => EOK);
    throw new StopModule(
      vm.findings.record(instance, {
        severity: "fault",
        rule: "lock",
        message: `deadlock: ${mutex.name} was locked again by the thread that holds it`,
        call: {
          name: "pthread_mutex_lock",
          arguments: [{ name: "mutex", value: `0x${(address! >>> 0).toString(16)}` }],
        },
        advice: "Unlock it first, or make the mutex recursive (VFF_MUTEX_RECURSIVE for v_mtx).",
      }),
    );
  },

  pthread_mutex_timedlock(vm, instance, address, abstime) {
    const mutex = mutexAt(vm, instance, address!, "pthread_mutex_timedlock");
    const until = readDeadline(vm, instance, abstime! >>> 0, CLOCK_REALTIME);
    if (mutex === undefined) return EINVAL;
    return lockUntil(vm, mutex, until);
  },

  pthread_mutex_trylock(vm, instance, address) {
    const mutex = mutexAt(vm, instance, address!, "pthread_mutex_trylock");
    if (mutex === undefined) return EINVAL;
    return vm.mutexes.tryLock(mutex) === "done" ? EOK : EBUSY;
  },

  pthread_mutex_unlock(vm, instance, address) {
    const mutex = mutexAt(vm, instance, address!, "pthread_mutex_unlock");
    if (mutex === undefined) return EINVAL;
    if (vm.mutexes.unlock(mutex) === "done") return EOK;
    broken(
      vm,
      instance,
      "pthread_mutex_unlock",
      `was called for ${mutex.name}, which ${heldBy(mutex)}`,
      "Lock and unlock in pairs, on the same thread.",
    );
    return EPERM;
  },

  pthread_mutexattr_init(_vm, instance, attr) {
    instance.setU32((attr! >>> 0) + pthread_mutexattr_t.type, 0);
    return EOK;
  },

  pthread_mutexattr_settype(_vm, instance, attr, type) {
    if (KINDS[type!] === undefined) return EINVAL;
    instance.setU32((attr! >>> 0) + pthread_mutexattr_t.type, type!);
    return EOK;
  },

  pthread_mutexattr_destroy(_vm, instance, attr) {
    instance.setU32((attr! >>> 0) + pthread_mutexattr_t.type, DESTROYED);
    return EOK;
  },
});

/** Takes a mutex, waiting up to a time. It is only looked at, and must be one, when the mutex is not free. */
function lockUntil(vm: Vm, mutex: Mutex, until: bigint | undefined): number | Suspended {
  const { threads } = vm;
  const outcome = vm.mutexes.lock(mutex);
  if (outcome === "done") return EOK;
  if (until === undefined) return EINVAL;
  if (outcome !== "wait") return outcome === "self" ? timeOutAlone(vm, until) : EDEADLK;
  const again = (): number | Suspended =>
    threads!.current!.timedOut && vm.mutexes.isTaken(mutex) ? ETIMEDOUT : lockUntil(vm, mutex, until);
  return threads!.wait(waitOf(mutex), again, until);
}

/** The owner of a normal mutex waits for itself, but not for ever. */
function timeOutAlone(vm: Vm, until: bigint): number | Suspended {
  const { threads } = vm;
  return threads?.current === undefined ? ETIMEDOUT : threads.wait({ for: "time" }, () => ETIMEDOUT, until);
}

function heldBy({ holder }: Mutex): string {
  return holder === undefined ? "is not locked" : `${holder.owner?.name ?? "another thread"} holds`;
}

/** The mutex a call names; undefined, and told, when there is none. */
export function mutexAt(vm: Vm, instance: ModuleInstance, pointer: number, call: string): Mutex | undefined {
  const address = pointer >>> 0;
  const mutex = vm.mutexes.find(instance, address);
  if (mutex !== undefined) return mutex;
  const owner = vm.vdevs.find((vdev) => vdev.instance === instance && vdev.vdp + vdev_s.v_mtx === address);
  const what = owner === undefined ? "bytes that are no mutex" : `v_mtx of ${owner.name}, which was never made a mutex`;
  const advice =
    owner === undefined
      ? "Call pthread_mutex_init() at startup, and do not copy or clear a mutex."
      : "Add VFF_MUTEX to the factory's factory_flags.";
  broken(vm, instance, call, `was given ${what}`, advice, "argument");
  return undefined;
}

/** Takes a mutex, waiting for it as long as it takes. @param then gives the call's result */
export function relock(vm: Vm, mutex: Mutex, then: () => number | Suspended): number | Suspended {
  return vm.mutexes.lock(mutex) === "wait" ? waitFor(vm, mutex, then) : then();
}

function waitFor(vm: Vm, mutex: Mutex, then: () => number | Suspended): Suspended {
  return vm.threads!.wait(waitOf(mutex), () => relock(vm, mutex, then));
}

function waitOf(mutex: Mutex): Wait {
  mutex.wait ??= { for: "mutex", of: mutex, name: mutex.name, holder: () => mutex.holder };
  return mutex.wait;
}

/** POSIX leaves what follows undefined; here it is a violation. */
function broken(
  vm: Vm,
  instance: ModuleInstance,
  call: string,
  message: string,
  advice: string,
  rule: "lock" | "argument" = "lock",
): void {
  const text = "a mutex is made once, locked and unlocked in pairs, and ended when nobody holds it";
  violation(vm, instance, rule, call, message, text, advice);
}
