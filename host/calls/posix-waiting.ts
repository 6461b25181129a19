import {
  CLOCK_MONOTONIC,
  CLOCK_REALTIME,
  EAGAIN,
  EBUSY,
  EINVAL,
  EOK,
  EOVERFLOW,
  EPERM,
  ETIMEDOUT,
  TIMER_ABSTIME,
} from "../../abi/generated/constants.ts";
import { pthread_condattr_t, timespec } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { WaitObject } from "../threads/conditions.ts";
import type { Mutex } from "../threads/mutexes.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, violation } from "./body.ts";
import { isKnownClock, readDeadline, readTimespec } from "./posix-clock.ts";
import { cancellationPoint } from "./posix-ending.ts";
import { mutexAt, relock } from "./posix-mutex.ts";

/** SEM_VALUE_MAX: ours. */
const SEM_VALUE_MAX = 0x7fffffff;
const NS_PER_SECOND = 1_000_000_000n;
const FAILED = -1;

/** Condition variables, semaphores and sleeping. */
export const posixWaitingBodies = bodies({
  pthread_cond_init(vm, instance, cond, attr) {
    const clock = attr === 0 ? CLOCK_REALTIME : instance.u32((attr! >>> 0) + pthread_condattr_t.clock);
    if (!isKnownClock(clock)) return EINVAL;
    return init(vm, instance, "cond", cond!, clock, "pthread_cond_init");
  },

  pthread_cond_destroy: (vm, instance, cond) => destroy(vm, instance, "cond", cond!, "pthread_cond_destroy"),

  pthread_cond_wait: (vm, instance, cond, mutex) => condWait(vm, instance, cond!, mutex!, "pthread_cond_wait"),

  pthread_cond_timedwait(vm, instance, cond, mutex, abstime) {
    if (readTimespec(instance, abstime! >>> 0) === undefined) return EINVAL;
    return condWait(vm, instance, cond!, mutex!, "pthread_cond_timedwait", abstime! >>> 0);
  },

  pthread_cond_signal: (vm, instance, cond) => signal(vm, instance, cond!, "pthread_cond_signal", false),
  pthread_cond_broadcast: (vm, instance, cond) => signal(vm, instance, cond!, "pthread_cond_broadcast", true),

  sem_init(vm, instance, sem, _pshared, value) {
    if (value! >>> 0 > SEM_VALUE_MAX) return fail(vm, EINVAL);
    return fail(vm, init(vm, instance, "sem", sem!, value! >>> 0, "sem_init"));
  },

  sem_destroy: (vm, instance, sem) => fail(vm, destroy(vm, instance, "sem", sem!, "sem_destroy")),

  sem_post(vm, instance, sem) {
    const object = objectAt(vm, instance, "sem", sem!, "sem_post");
    if (object === undefined) return fail(vm, EINVAL);
    if (object.value === SEM_VALUE_MAX) return fail(vm, EOVERFLOW);
    object.value++;
    vm.races?.release(object);
    vm.threads?.wakeWaiting(object, true);
    return 0;
  },

  sem_getvalue(vm, instance, sem, at) {
    const object = objectAt(vm, instance, "sem", sem!, "sem_getvalue");
    if (object === undefined) return fail(vm, EINVAL);
    instance.setU32(at! >>> 0, object.value);
    return 0;
  },

  sem_trywait(vm, instance, sem) {
    const object = objectAt(vm, instance, "sem", sem!, "sem_trywait");
    if (object === undefined) return fail(vm, EINVAL);
    if (object.value === 0) return fail(vm, EAGAIN);
    object.value--;
    vm.races?.acquire(object);
    return 0;
  },

  sem_wait: (vm, instance, sem) => semWait(vm, instance, sem!, "sem_wait", undefined),

  sem_timedwait(vm, instance, sem, abstime) {
    const until = readDeadline(vm, instance, abstime! >>> 0, CLOCK_REALTIME);
    return until === undefined ? fail(vm, EINVAL) : semWait(vm, instance, sem!, "sem_timedwait", until);
  },

  nanosleep(vm, instance, request, remaining) {
    const ns = readTimespec(instance, request! >>> 0);
    if (ns === undefined) return fail(vm, EINVAL);
    clearRemaining(instance, remaining!);
    return sleep(vm, vm.nowNs + ns);
  },

  clock_nanosleep(vm, instance, clock, flags, request, remaining) {
    const ns = readTimespec(instance, request! >>> 0);
    if (ns === undefined || !isKnownClock(clock!)) return EINVAL;
    if ((flags! & TIMER_ABSTIME) !== 0) return sleep(vm, clock === CLOCK_MONOTONIC ? ns : ns - vm.startTimeNs);
    clearRemaining(instance, remaining!);
    return sleep(vm, vm.nowNs + ns);
  },

  sleep: (vm, _instance, seconds) => sleep(vm, vm.nowNs + BigInt(seconds! >>> 0) * NS_PER_SECOND),
  usleep: (vm, _instance, microseconds) => sleep(vm, vm.nowNs + BigInt(microseconds! >>> 0) * 1000n),
  delay: (vm, _instance, milliseconds) => sleep(vm, vm.nowNs + BigInt(milliseconds! >>> 0) * 1_000_000n),

  sched_yield: (vm) => (vm.threads?.current === undefined ? 0 : vm.threads.giveTurn(() => 0)),
});

/** POSIX's way to fail: -1, and errno says why. @returns 0 for EOK */
function fail(vm: Vm, errno: number): number {
  if (errno === EOK) return 0;
  vm.threadStates.set({ errno });
  return FAILED;
}

/** No signal ends a sleep early: nothing of it remains. */
function clearRemaining(instance: ModuleInstance, remaining: number): void {
  if (remaining !== 0) instance.fill(remaining >>> 0, timespec.SIZEOF);
}

function sleep(vm: Vm, untilNs: bigint): number | Suspended {
  const { threads } = vm;
  if (threads?.current === undefined) return 0;
  return cancellationPoint(vm) ?? threads.wait({ for: "time" }, () => cancellationPoint(vm) ?? 0, untilNs);
}

function objectAt(
  vm: Vm,
  instance: ModuleInstance,
  kind: "cond" | "sem",
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

/** Whoever waits for the object that was here would never be woken: nobody could name it any more. */
function init(
  vm: Vm,
  instance: ModuleInstance,
  kind: "cond" | "sem",
  pointer: number,
  value: number,
  call: string,
): number {
  const before = vm.waitObjects.madeAt(kind, instance, pointer >>> 0);
  if (before !== undefined && (vm.threads?.waitingFor(before).length ?? 0) > 0) {
    const text = "what a thread waits for must not be made anew";
    violation(vm, instance, "lock", call, "was called while a thread waits for it", text, "Make it once, at startup.");
    return EBUSY;
  }
  vm.waitObjects.init(kind, instance, pointer >>> 0, value);
  return EOK;
}

function destroy(vm: Vm, instance: ModuleInstance, kind: "cond" | "sem", pointer: number, call: string): number {
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
  vm.races?.touch(object);
  vm.threads?.wakeWaiting(object, all);
  return EOK;
}

/** Gives the mutex back, waits, takes it again. @param abstime where the time stands up to which it waits */
function condWait(
  vm: Vm,
  instance: ModuleInstance,
  cond: number,
  mutexPointer: number,
  call: string,
  abstime?: number,
): number | Suspended {
  const object = objectAt(vm, instance, "cond", cond, call);
  const mutex = object === undefined ? undefined : mutexAt(vm, instance, mutexPointer, call);
  if (object === undefined || mutex === undefined) return EINVAL;
  vm.races?.touch(object);
  const { threads } = vm;
  if (threads?.current === undefined) return EINVAL;
  const ending = cancellationPoint(vm);
  if (ending !== undefined) return ending;
  if (!isOwn(vm, mutex)) {
    const text = "the calling thread holds the mutex";
    violation(vm, instance, "lock", call, `was called without holding ${mutex.name}`, text, "Lock the mutex first.");
    return EPERM;
  }
  if (isWaitedForWithAnother(vm, object, mutex)) {
    const what = `was called with ${mutex.name} while a thread waits for the condition variable with another mutex`;
    const text = "all threads that wait for a condition variable at one time use the same mutex";
    violation(vm, instance, "lock", call, what, text, "Have a condition variable for each mutex.");
    return EINVAL;
  }
  if (vm.mutexes.unlock(mutex) !== "done" || mutex.holder !== undefined) return EINVAL;
  const name = `the condition variable at 0x${object.address.toString(16)}`;
  const wait = { for: "cond", of: object, name, mutex } as const;
  const woken = (): number | Suspended => {
    const result = threads.current!.timedOut ? ETIMEDOUT : EOK;
    return relock(vm, mutex, () => cancellationPoint(vm) ?? result);
  };
  return threads.wait(
    wait,
    woken,
    abstime === undefined ? undefined : readDeadline(vm, instance, abstime, object.value),
  );
}

function isWaitedForWithAnother(vm: Vm, object: WaitObject, { instance, address }: Mutex): boolean {
  const waiting = vm.threads?.waitingFor(object) ?? [];
  return waiting.some(
    ({ wait }) => wait?.for === "cond" && (wait.mutex.instance !== instance || wait.mutex.address !== address),
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
  if (object === undefined) return fail(vm, EINVAL);
  const { threads } = vm;
  const name = `the semaphore at 0x${object.address.toString(16)}`;
  const take = (): number | Suspended => {
    const ending = cancellationPoint(vm);
    if (ending !== undefined) return ending;
    if (object.value > 0) {
      object.value--;
      vm.races?.acquire(object);
      return 0;
    }
    if (threads?.current === undefined) return fail(vm, EAGAIN);
    if (threads.current.timedOut) return fail(vm, ETIMEDOUT);
    return threads.wait({ for: "sem", of: object, name }, take, until);
  };
  return take();
}
