import { EAGAIN, EBUSY, EINVAL, EOK, EOVERFLOW, EPERM, ETIMEDOUT } from "../../abi/generated/constants.ts";
import { timespec } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { WaitObject } from "../threads/conditions.ts";
import type { Mutex } from "../threads/mutexes.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, violation } from "./body.ts";
import { mutexAt, relock } from "./posix-mutex.ts";
import { cancellationPoint } from "./posix-threads.ts";

/** SEM_VALUE_MAX: ours. */
const SEM_VALUE_MAX = 0x7fffffff;
const NS_PER_SECOND = 1_000_000_000n;
const FAILED = -1;

/** Condition variables, semaphores and sleeping. */
export const posixWaitingBodies = bodies({
  pthread_cond_init(vm, instance, cond) {
    vm.waitObjects.init("cond", instance, cond! >>> 0);
    return EOK;
  },

  pthread_cond_destroy: (vm, instance, cond) => destroy(vm, instance, "cond", cond!, "pthread_cond_destroy"),

  pthread_cond_wait: (vm, instance, cond, mutex) =>
    condWait(vm, instance, cond!, mutex!, "pthread_cond_wait", undefined),

  pthread_cond_timedwait(vm, instance, cond, mutex, abstime) {
    const until = readTime(instance, abstime! >>> 0);
    if (until === undefined) return EINVAL;
    return condWait(vm, instance, cond!, mutex!, "pthread_cond_timedwait", until);
  },

  pthread_cond_signal: (vm, instance, cond) => signal(vm, instance, cond!, "pthread_cond_signal", false),
  pthread_cond_broadcast: (vm, instance, cond) => signal(vm, instance, cond!, "pthread_cond_broadcast", true),

  sem_init(vm, instance, sem, _pshared, value) {
    if (value! >>> 0 > SEM_VALUE_MAX) return fail(instance, EINVAL);
    vm.waitObjects.init("sem", instance, sem! >>> 0, value! >>> 0);
    return 0;
  },

  sem_destroy: (vm, instance, sem) => fail(instance, destroy(vm, instance, "sem", sem!, "sem_destroy")),

  sem_post(vm, instance, sem) {
    const object = objectAt(vm, instance, "sem", sem!, "sem_post");
    if (object === undefined) return fail(instance, EINVAL);
    if (object.value === SEM_VALUE_MAX) return fail(instance, EOVERFLOW);
    object.value++;
    vm.races?.release(object);
    vm.threads?.wakeWaiting(object, true);
    return 0;
  },

  sem_trywait(vm, instance, sem) {
    const object = objectAt(vm, instance, "sem", sem!, "sem_trywait");
    if (object === undefined) return fail(instance, EINVAL);
    if (object.value === 0) return fail(instance, EAGAIN);
    object.value--;
    vm.races?.acquire(object);
    return 0;
  },

  sem_wait: (vm, instance, sem) => semWait(vm, instance, sem!, "sem_wait", undefined),

  sem_timedwait(vm, instance, sem, abstime) {
    const until = readTime(instance, abstime! >>> 0);
    return until === undefined ? fail(instance, EINVAL) : semWait(vm, instance, sem!, "sem_timedwait", until);
  },

  nanosleep(vm, instance, request, remaining) {
    const ns = readTime(instance, request! >>> 0);
    if (ns === undefined) return fail(instance, EINVAL);
    if (remaining !== 0) instance.bytes.fill(0, remaining! >>> 0, (remaining! >>> 0) + timespec.SIZEOF);
    return sleep(vm, ns);
  },

  usleep: (vm, _instance, microseconds) => sleep(vm, BigInt(microseconds! >>> 0) * 1000n),
  delay: (vm, _instance, milliseconds) => sleep(vm, BigInt(milliseconds! >>> 0) * 1_000_000n),

  sched_yield: (vm) => (vm.threads?.current === undefined ? 0 : vm.threads.giveTurn(() => 0)),
});

/** POSIX's way to fail: -1, and errno says why. @returns 0 for EOK */
function fail(instance: ModuleInstance, errno: number): number {
  if (errno === EOK) return 0;
  instance.errno = errno;
  return FAILED;
}

/** Nanoseconds of a struct timespec; undefined when its nanoseconds are no such number. */
function readTime(instance: ModuleInstance, address: number): bigint | undefined {
  const seconds = instance.view.getBigInt64(address + timespec.tv_sec, true);
  const ns = instance.view.getInt32(address + timespec.tv_nsec, true);
  if (ns < 0 || ns >= Number(NS_PER_SECOND) || seconds < 0n) return undefined;
  return seconds * NS_PER_SECOND + BigInt(ns);
}

function sleep(vm: Vm, ns: bigint): number | Suspended {
  const { threads } = vm;
  if (threads?.current === undefined) return 0;
  cancellationPoint(vm);
  return threads.wait(
    { for: "time" },
    () => {
      cancellationPoint(vm);
      return 0;
    },
    vm.nowNs + ns,
  );
}

function objectAt(
  vm: Vm,
  instance: ModuleInstance,
  kind: WaitObject["kind"],
  pointer: number,
  call: string,
): WaitObject | undefined {
  const object = vm.waitObjects.find(kind, instance, pointer >>> 0);
  if (object !== undefined) return object;
  const what = kind === "cond" ? "condition variable" : "semaphore";
  const made = kind === "cond" ? "pthread_cond_init()" : "sem_init()";
  const advice = `Call ${made} at startup, and do not copy or clear it.`;
  violation(
    vm,
    instance,
    "argument",
    call,
    `was given bytes that are no ${what}`,
    `a ${what} is made with ${made}`,
    advice,
  );
  return undefined;
}

function destroy(vm: Vm, instance: ModuleInstance, kind: WaitObject["kind"], pointer: number, call: string): number {
  const object = objectAt(vm, instance, kind, pointer, call);
  if (object === undefined) return EINVAL;
  if (vm.waitObjects.destroy(object)) return EOK;
  const text = "what a thread waits for must not be destroyed";
  violation(
    vm,
    instance,
    "lock",
    call,
    "was called while a thread waits for it",
    text,
    "Wake and join the thread first.",
  );
  return EBUSY;
}

function signal(vm: Vm, instance: ModuleInstance, pointer: number, call: string, all: boolean): number {
  const object = objectAt(vm, instance, "cond", pointer, call);
  if (object === undefined) return EINVAL;
  vm.threads?.wakeWaiting(object, all);
  return EOK;
}

/** Gives the mutex back, waits, takes it again. */
function condWait(
  vm: Vm,
  instance: ModuleInstance,
  cond: number,
  mutexPointer: number,
  call: string,
  until: bigint | undefined,
): number | Suspended {
  const object = objectAt(vm, instance, "cond", cond, call);
  const mutex = object === undefined ? undefined : mutexAt(vm, instance, mutexPointer, call);
  if (object === undefined || mutex === undefined) return EINVAL;
  const { threads } = vm;
  if (threads?.current === undefined) return EINVAL;
  cancellationPoint(vm);
  if (!isOwn(vm, mutex)) {
    const text = "the calling thread holds the mutex";
    violation(vm, instance, "lock", call, `was called without holding ${mutex.name}`, text, "Lock the mutex first.");
    return EPERM;
  }
  if (vm.mutexes.unlock(mutex) !== "done" || mutex.holder !== undefined) return EINVAL;
  const wait = { for: "cond", of: object, name: `the condition variable at 0x${object.address.toString(16)}` } as const;
  return threads.wait(
    wait,
    () => {
      const result = threads.current!.timedOut ? ETIMEDOUT : EOK;
      return relock(vm, mutex, () => {
        cancellationPoint(vm);
        return result;
      });
    },
    until,
  );
}

function isOwn(vm: Vm, mutex: Mutex): boolean {
  return mutex.holder !== undefined && mutex.holder.owner === vm.threads?.acting;
}

function semWait(
  vm: Vm,
  instance: ModuleInstance,
  pointer: number,
  call: string,
  until: bigint | undefined,
): number | Suspended {
  const object = objectAt(vm, instance, "sem", pointer, call);
  if (object === undefined) return fail(instance, EINVAL);
  const { threads } = vm;
  if (threads?.current !== undefined) cancellationPoint(vm);
  const name = `the semaphore at 0x${object.address.toString(16)}`;
  const take = (): number | Suspended => {
    if (threads?.current !== undefined) cancellationPoint(vm);
    if (object.value > 0) {
      object.value--;
      vm.races?.acquire(object);
      return 0;
    }
    if (threads?.current === undefined) return fail(instance, EAGAIN);
    if (threads.current.timedOut) return fail(instance, ETIMEDOUT);
    return threads.wait({ for: "sem", of: object, name }, take, until);
  };
  return take();
}
