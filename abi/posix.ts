/**
 * What C authors take from libc and POSIX threads, for vdevs in AssemblyScript. Generated from abi/definition by
 * build/generators: do not edit.
 */

import { NO_ARGUMENT, stack_alloc, stack_release } from "./runtime/frame";
import { cstring } from "./string";
import { vdev_thread_create_func_t } from "./vdev-core";

/**
 * A thread.
 * Seen in no release. Source: https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/sys_types.h.html
 */
export type pthread_t = u32;

/**
 * A timer of timer_create().
 * Seen in no release. Source: https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/sys_types.h.html
 */
export type timer_t = u32;

/** No error. (inferred) */
export const EOK: i32 = 0;

/** Operation not permitted. (inferred) */
export const EPERM: i32 = 1;

/** No such file. (inferred) */
export const ENOENT: i32 = 2;

/** No such thread. (inferred) */
export const ESRCH: i32 = 3;

/** Interrupted. (inferred) */
export const EINTR: i32 = 4;

/** Input or output error. (inferred) */
export const EIO: i32 = 5;

/** No such device or address. (inferred) */
export const ENXIO: i32 = 6;

/** Bad file descriptor. (inferred) */
export const EBADF: i32 = 9;

/** Try again. (inferred) */
export const EAGAIN: i32 = 11;

/** Not enough memory. (inferred) */
export const ENOMEM: i32 = 12;

/** Permission denied. (inferred) */
export const EACCES: i32 = 13;

/** Bad address. (inferred) */
export const EFAULT: i32 = 14;

/** Busy. (inferred) */
export const EBUSY: i32 = 16;

/** Exists already. (inferred) */
export const EEXIST: i32 = 17;

/** No such device. (inferred) */
export const ENODEV: i32 = 19;

/** Invalid argument. (inferred) */
export const EINVAL: i32 = 22;

/** No space left. (inferred) */
export const ENOSPC: i32 = 28;

/** Result too large. (inferred) */
export const ERANGE: i32 = 34;

/** Would deadlock. (vdevbox) */
export const EDEADLK: i32 = 35;

/** Not implemented. (vdevbox) */
export const ENOSYS: i32 = 38;

/** Value too large. (vdevbox) */
export const EOVERFLOW: i32 = 75;

/** Not supported. (vdevbox) */
export const ENOTSUP: i32 = 95;

/** Timed out. (vdevbox) */
export const ETIMEDOUT: i32 = 110;

/** Mapping: no access. (vdevbox) */
export const PROT_NONE: i32 = 0;

/** Mapping: read. (vdevbox) */
export const PROT_READ: i32 = 1;

/** Mapping: write. (vdevbox) */
export const PROT_WRITE: i32 = 2;

/** Mapping: execute. (vdevbox) */
export const PROT_EXEC: i32 = 4;

/** A mutex that deadlocks when locked twice. (vdevbox) */
export const PTHREAD_MUTEX_NORMAL: i32 = 0;

/** A mutex its owner may lock again. (vdevbox) */
export const PTHREAD_MUTEX_RECURSIVE: i32 = 1;

/** A mutex that answers EDEADLK when locked twice. (vdevbox) */
export const PTHREAD_MUTEX_ERRORCHECK: i32 = 2;

/** What pthread_join() gives of a thread that was cancelled. (vdevbox) */
export const PTHREAD_CANCELED: i32 = -1;

/** The thread may be cancelled: the default. (vdevbox) */
export const PTHREAD_CANCEL_ENABLE: i32 = 0;

/** A request waits until it may be again. (vdevbox) */
export const PTHREAD_CANCEL_DISABLE: i32 = 1;

/** At cancellation points: the default. (vdevbox) */
export const PTHREAD_CANCEL_DEFERRED: i32 = 0;

/** At any time; here as PTHREAD_CANCEL_DEFERRED. (vdevbox) */
export const PTHREAD_CANCEL_ASYNCHRONOUS: i32 = 2;

/** Somebody joins the thread: the default. (vdevbox) */
export const PTHREAD_CREATE_JOINABLE: i32 = 0;

/** Nobody joins the thread. (vdevbox) */
export const PTHREAD_CREATE_DETACHED: i32 = 1;

/** Scheduling as of whoever made the thread: the default. (vdevbox) */
export const PTHREAD_INHERIT_SCHED: i32 = 0;

/** Scheduling as the attributes say. (vdevbox) */
export const PTHREAD_EXPLICIT_SCHED: i32 = 2;

/** First in, first out. (vdevbox) */
export const SCHED_FIFO: i32 = 1;

/** Round robin. (vdevbox) */
export const SCHED_RR: i32 = 2;

/** The system's own policy. (vdevbox) */
export const SCHED_OTHER: i32 = 3;

/** The time of day, in virtual time. (vdevbox) */
export const CLOCK_REALTIME: i32 = 0;

/** Time since start, in virtual time. (vdevbox) */
export const CLOCK_MONOTONIC: i32 = 1;

/** timer_settime(): it_value is a time of the clock. (vdevbox) */
export const TIMER_ABSTIME: i32 = 1;

/**
 * A cleanup handler of pthread_cleanup_push().
 * C: `void pthread_cleanup_routine_t(void *arg)`
 * Seen in no release. Source: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cleanup_pop.html
 */
export type pthread_cleanup_routine_t = (arg: usize) => void;

/**
 * What pthread_once() calls.
 * C: `void pthread_once_routine_t(void)`
 * Seen in no release. Source: https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_once.html
 */
export type pthread_once_routine_t = () => void;

/**
 * A mutex: 16 opaque bytes.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_mutex_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_mutex_t {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<pthread_mutex_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_mutex_t {
    return changetype<pthread_mutex_t>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_mutex_t {
    return changetype<pthread_mutex_t>(changetype<usize>(this) + index * 16);
  }

  /** Address of the 4 elements. */
  get opaque(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `opaque[index]`, index below 4. */
  opaque_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 0);
  }
  set_opaque_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 0);
  }
}

/**
 * Attributes of a mutex.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_mutexattr_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 8;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_mutexattr_t {
    const address = heap.alloc(8);
    memory.fill(address, 0, 8);
    return changetype<pthread_mutexattr_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_mutexattr_t {
    return changetype<pthread_mutexattr_t>(stack_alloc(8));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_mutexattr_t {
    return changetype<pthread_mutexattr_t>(changetype<usize>(this) + index * 8);
  }

  /** PTHREAD_MUTEX_* */
  get type(): i32 {
    return load<i32>(changetype<usize>(this), 0);
  }
  set type(value: i32) {
    store<i32>(changetype<usize>(this), value, 0);
  }

  get reserved(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set reserved(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }
}

/**
 * A condition variable: 16 opaque bytes.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_cond_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_cond_t {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<pthread_cond_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_cond_t {
    return changetype<pthread_cond_t>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_cond_t {
    return changetype<pthread_cond_t>(changetype<usize>(this) + index * 16);
  }

  /** Address of the 4 elements. */
  get opaque(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `opaque[index]`, index below 4. */
  opaque_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 0);
  }
  set_opaque_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 0);
  }
}

/**
 * A semaphore: 16 opaque bytes.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class sem_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): sem_t {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<sem_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): sem_t {
    return changetype<sem_t>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): sem_t {
    return changetype<sem_t>(changetype<usize>(this) + index * 16);
  }

  /** Address of the 4 elements. */
  get opaque(): usize {
    return changetype<usize>(this) + 0;
  }
  /** `opaque[index]`, index below 4. */
  opaque_at(index: u32): u32 {
    return load<u32>(changetype<usize>(this) + index * 4, 0);
  }
  set_opaque_at(index: u32, value: u32): void {
    store<u32>(changetype<usize>(this) + index * 4, value, 0);
  }
}

/**
 * Attributes of a condition variable.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_condattr_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 8;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_condattr_t {
    const address = heap.alloc(8);
    memory.fill(address, 0, 8);
    return changetype<pthread_condattr_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_condattr_t {
    return changetype<pthread_condattr_t>(stack_alloc(8));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_condattr_t {
    return changetype<pthread_condattr_t>(changetype<usize>(this) + index * 8);
  }

  /** CLOCK_* */
  get clock(): i32 {
    return load<i32>(changetype<usize>(this), 0);
  }
  set clock(value: i32) {
    store<i32>(changetype<usize>(this), value, 0);
  }

  get reserved(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set reserved(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }
}

/**
 * Whether pthread_once() has called its function; begins zeroed.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_once_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 4;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_once_t {
    const address = heap.alloc(4);
    memory.fill(address, 0, 4);
    return changetype<pthread_once_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_once_t {
    return changetype<pthread_once_t>(stack_alloc(4));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_once_t {
    return changetype<pthread_once_t>(changetype<usize>(this) + index * 4);
  }

  get state(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set state(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }
}

/**
 * Attributes of a thread: opaque, filled by pthread_attr_init().
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class pthread_attr_t {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): pthread_attr_t {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<pthread_attr_t>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): pthread_attr_t {
    return changetype<pthread_attr_t>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): pthread_attr_t {
    return changetype<pthread_attr_t>(changetype<usize>(this) + index * 16);
  }

  get magic(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set magic(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }

  get detachstate(): u8 {
    return load<u8>(changetype<usize>(this), 4);
  }
  set detachstate(value: u8) {
    store<u8>(changetype<usize>(this), value, 4);
  }

  get inheritsched(): u8 {
    return load<u8>(changetype<usize>(this), 5);
  }
  set inheritsched(value: u8) {
    store<u8>(changetype<usize>(this), value, 5);
  }

  get policy(): u16 {
    return load<u16>(changetype<usize>(this), 6);
  }
  set policy(value: u16) {
    store<u16>(changetype<usize>(this), value, 6);
  }

  get priority(): i32 {
    return load<i32>(changetype<usize>(this), 8);
  }
  set priority(value: i32) {
    store<i32>(changetype<usize>(this), value, 8);
  }

  get stacksize(): u32 {
    return load<u32>(changetype<usize>(this), 12);
  }
  set stacksize(value: u32) {
    store<u32>(changetype<usize>(this), value, 12);
  }
}

/**
 * Scheduling parameters.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class sched_param {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 4;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): sched_param {
    const address = heap.alloc(4);
    memory.fill(address, 0, 4);
    return changetype<sched_param>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): sched_param {
    return changetype<sched_param>(stack_alloc(4));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): sched_param {
    return changetype<sched_param>(changetype<usize>(this) + index * 4);
  }

  /** -1: not set */
  get sched_priority(): i32 {
    return load<i32>(changetype<usize>(this), 0);
  }
  set sched_priority(value: i32) {
    store<i32>(changetype<usize>(this), value, 0);
  }
}

/**
 * A time.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class timespec {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 16;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): timespec {
    const address = heap.alloc(16);
    memory.fill(address, 0, 16);
    return changetype<timespec>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): timespec {
    return changetype<timespec>(stack_alloc(16));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): timespec {
    return changetype<timespec>(changetype<usize>(this) + index * 16);
  }

  /** seconds */
  get tv_sec(): i64 {
    return load<i64>(changetype<usize>(this), 0);
  }
  set tv_sec(value: i64) {
    store<i64>(changetype<usize>(this), value, 0);
  }

  /** nanoseconds */
  get tv_nsec(): i32 {
    return load<i32>(changetype<usize>(this), 8);
  }
  set tv_nsec(value: i32) {
    store<i32>(changetype<usize>(this), value, 8);
  }
}

/**
 * When a timer expires.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class itimerspec {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 32;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): itimerspec {
    const address = heap.alloc(32);
    memory.fill(address, 0, 32);
    return changetype<itimerspec>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): itimerspec {
    return changetype<itimerspec>(stack_alloc(32));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): itimerspec {
    return changetype<itimerspec>(changetype<usize>(this) + index * 32);
  }

  /** between expiries after the first; 0: there is one only */
  get it_interval(): timespec {
    return changetype<timespec>(changetype<usize>(this) + 0);
  }

  /** the first; 0: the timer is disarmed */
  get it_value(): timespec {
    return changetype<timespec>(changetype<usize>(this) + 16);
  }
}

/**
 * How an event is delivered; vdev_pulse() fills it.
 *
 * Layout: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/basedefs/V1_chap02.html
 */
@unmanaged
@final
export class sigevent {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 24;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): sigevent {
    const address = heap.alloc(24);
    memory.fill(address, 0, 24);
    return changetype<sigevent>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): sigevent {
    return changetype<sigevent>(stack_alloc(24));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): sigevent {
    return changetype<sigevent>(changetype<usize>(this) + index * 24);
  }

  get sigev_notify(): i32 {
    return load<i32>(changetype<usize>(this), 0);
  }
  set sigev_notify(value: i32) {
    store<i32>(changetype<usize>(this), value, 0);
  }

  get sigev_code(): i32 {
    return load<i32>(changetype<usize>(this), 4);
  }
  set sigev_code(value: i32) {
    store<i32>(changetype<usize>(this), value, 4);
  }

  get sigev_priority(): i32 {
    return load<i32>(changetype<usize>(this), 8);
  }
  set sigev_priority(value: i32) {
    store<i32>(changetype<usize>(this), value, 8);
  }

  get sigev_coid(): i32 {
    return load<i32>(changetype<usize>(this), 12);
  }
  set sigev_coid(value: i32) {
    store<i32>(changetype<usize>(this), value, 12);
  }

  get sigev_value(): u64 {
    return load<u64>(changetype<usize>(this), 16);
  }
  set sigev_value(value: u64) {
    store<u64>(changetype<usize>(this), value, 16);
  }
}

/**
 * Makes a mutex.
 *
 * C: `int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_init")
export declare function pthread_mutex_init(mutex: pthread_mutex_t, attr: pthread_mutexattr_t | null): i32;

/**
 * Ends a mutex.
 *
 * C: `int pthread_mutex_destroy(pthread_mutex_t *mutex)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_destroy.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_destroy")
export declare function pthread_mutex_destroy(mutex: pthread_mutex_t): i32;

/**
 * Locks a mutex.
 *
 * C: `int pthread_mutex_lock(pthread_mutex_t *mutex)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_lock.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_lock")
export declare function pthread_mutex_lock(mutex: pthread_mutex_t): i32;

/**
 * Locks a mutex, or answers EBUSY.
 *
 * C: `int pthread_mutex_trylock(pthread_mutex_t *mutex)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_trylock.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_trylock")
export declare function pthread_mutex_trylock(mutex: pthread_mutex_t): i32;

/**
 * Locks a mutex, waiting up to a time of CLOCK_REALTIME.
 *
 * C: `int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_timedlock.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_timedlock")
export declare function pthread_mutex_timedlock(mutex: pthread_mutex_t, abstime: timespec): i32;

/**
 * Unlocks a mutex.
 *
 * C: `int pthread_mutex_unlock(pthread_mutex_t *mutex)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutex_unlock.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutex_unlock")
export declare function pthread_mutex_unlock(mutex: pthread_mutex_t): i32;

/**
 * Fills attr with the defaults.
 *
 * C: `int pthread_mutexattr_init(pthread_mutexattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutexattr_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutexattr_init")
export declare function pthread_mutexattr_init(attr: pthread_mutexattr_t): i32;

/**
 * Chooses the kind of mutex, PTHREAD_MUTEX_*.
 *
 * C: `int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutexattr_settype.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutexattr_settype")
export declare function pthread_mutexattr_settype(attr: pthread_mutexattr_t, type: i32): i32;

/**
 * Ends the use of attr.
 *
 * C: `int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_mutexattr_destroy.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_mutexattr_destroy")
export declare function pthread_mutexattr_destroy(attr: pthread_mutexattr_t): i32;

/**
 * Makes a condition variable.
 *
 * C: `int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_init")
export declare function pthread_cond_init(cond: pthread_cond_t, attr: pthread_condattr_t | null): i32;

/**
 * Ends a condition variable.
 *
 * C: `int pthread_cond_destroy(pthread_cond_t *cond)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_destroy.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_destroy")
export declare function pthread_cond_destroy(cond: pthread_cond_t): i32;

/**
 * Waits for a signal, the mutex unlocked meanwhile.
 *
 * C: `int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_wait.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_wait")
export declare function pthread_cond_wait(cond: pthread_cond_t, mutex: pthread_mutex_t): i32;

/**
 * pthread_cond_wait() up to a point in time of the condition variable's clock.
 *
 * C: `int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *abstime)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_timedwait.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_timedwait")
export declare function pthread_cond_timedwait(cond: pthread_cond_t, mutex: pthread_mutex_t, abstime: timespec): i32;

/**
 * Fills attr with the defaults: CLOCK_REALTIME.
 *
 * C: `int pthread_condattr_init(pthread_condattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_condattr_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_condattr_init")
export declare function pthread_condattr_init(attr: pthread_condattr_t): i32;

/**
 * Ends the use of attr.
 *
 * C: `int pthread_condattr_destroy(pthread_condattr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_condattr_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_condattr_destroy")
export declare function pthread_condattr_destroy(attr: pthread_condattr_t): i32;

/**
 * Chooses the clock of pthread_cond_timedwait(): CLOCK_REALTIME or CLOCK_MONOTONIC.
 *
 * C: `int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock_id)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_condattr_setclock.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_condattr_setclock")
export declare function pthread_condattr_setclock(attr: pthread_condattr_t, clock_id: i32): i32;

/**
 * Wakes one waiting thread.
 *
 * C: `int pthread_cond_signal(pthread_cond_t *cond)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_signal.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_signal")
export declare function pthread_cond_signal(cond: pthread_cond_t): i32;

/**
 * Wakes all waiting threads.
 *
 * C: `int pthread_cond_broadcast(pthread_cond_t *cond)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cond_broadcast.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cond_broadcast")
export declare function pthread_cond_broadcast(cond: pthread_cond_t): i32;

/**
 * Makes a semaphore.
 *
 * C: `int sem_init(sem_t *sem, int pshared, unsigned value)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_init.html
 */
// @ts-ignore: decorator
@external("posix", "sem_init")
export declare function sem_init(sem: sem_t, pshared: i32, value: u32): i32;

/**
 * Ends a semaphore.
 *
 * C: `int sem_destroy(sem_t *sem)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_destroy.html
 */
// @ts-ignore: decorator
@external("posix", "sem_destroy")
export declare function sem_destroy(sem: sem_t): i32;

/**
 * Adds one to a semaphore.
 *
 * C: `int sem_post(sem_t *sem)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_post.html
 */
// @ts-ignore: decorator
@external("posix", "sem_post")
export declare function sem_post(sem: sem_t): i32;

/**
 * What can be taken from a semaphore now.
 *
 * C: `int sem_getvalue(sem_t *sem, int *sval)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_getvalue.html
 */
// @ts-ignore: decorator
@external("posix", "sem_getvalue")
export declare function sem_getvalue(sem: sem_t, sval: usize): i32;

/**
 * Takes one from a semaphore, or fails.
 *
 * C: `int sem_trywait(sem_t *sem)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_trywait.html
 */
// @ts-ignore: decorator
@external("posix", "sem_trywait")
export declare function sem_trywait(sem: sem_t): i32;

/**
 * Takes one from a semaphore, waiting for it.
 *
 * C: `int sem_wait(sem_t *sem)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_wait.html
 */
// @ts-ignore: decorator
@external("posix", "sem_wait")
export declare function sem_wait(sem: sem_t): i32;

/**
 * sem_wait() up to a time of CLOCK_REALTIME.
 *
 * C: `int sem_timedwait(sem_t *sem, const struct timespec *abstime)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sem_timedwait.html
 */
// @ts-ignore: decorator
@external("posix", "sem_timedwait")
export declare function sem_timedwait(sem: sem_t, abstime: timespec): i32;

/**
 * Sleeps.
 *
 * C: `int nanosleep(const struct timespec *rqtp, struct timespec *rmtp)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/nanosleep.html
 */
// @ts-ignore: decorator
@external("posix", "nanosleep")
export declare function nanosleep(rqtp: timespec, rmtp: timespec | null): i32;

/**
 * Sleeps, for a time or up to one.
 * flags: TIMER_ABSTIME for a time of the clock.
 *
 * C: `int clock_nanosleep(clockid_t clock_id, int flags, const struct timespec *rqtp, struct timespec *rmtp)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/clock_nanosleep.html
 */
// @ts-ignore: decorator
@external("posix", "clock_nanosleep")
export declare function clock_nanosleep(clock_id: i32, flags: i32, rqtp: timespec, rmtp: timespec | null): i32;

/**
 * Sleeps for seconds.
 *
 * C: `unsigned sleep(unsigned seconds)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sleep.html
 */
// @ts-ignore: decorator
@external("posix", "sleep")
export declare function sleep(seconds: u32): u32;

/**
 * Sleeps for microseconds.
 * Gone from POSIX since Issue 7; C authors still use it.
 *
 * C: `int usleep(useconds_t useconds)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/usleep.html
 */
// @ts-ignore: decorator
@external("posix", "usleep")
export declare function usleep(useconds: u32): i32;

/**
 * Sleeps for milliseconds.
 * Not POSIX: what QNX authors use.
 *
 * C: `unsigned delay(unsigned duration)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/nanosleep.html
 */
// @ts-ignore: decorator
@external("posix", "delay")
export declare function delay(duration: u32): u32;

/**
 * Lets another thread run.
 *
 * C: `int sched_yield(void)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/sched_yield.html
 */
// @ts-ignore: decorator
@external("posix", "sched_yield")
export declare function sched_yield(): i32;

/**
 * The calling thread's errno, which C reads as a variable.
 *
 * C: `int errno_get(void)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/errno.html
 */
// @ts-ignore: decorator
@external("posix", "errno_get")
export declare function errno_get(): i32;

// @ts-ignore: decorator
@external("posix", "snprintf")
declare function raw_snprintf(s: usize, n: u32, format: cstring, args: usize): i32;

function snprintf_slots(s: usize, n: u32, format: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): i32 {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  const _result = raw_snprintf(s, n, format, _slots);
  stack_release(_slots);
  return _result;
}

/**
 * Formats into a buffer.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `int snprintf(char *s, size_t n, const char *format, ...)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/fprintf.html
 * vdevbox does not have this call yet: it answers ENOSYS.
 */
// @ts-ignore: decorator
@inline
export function snprintf(
  s: usize,
  n: u32,
  format: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): i32 {
  return snprintf_slots(s, n, format, a0, a1, a2, a3, a4, a5);
}

/**
 * Length of a string.
 *
 * C: `size_t strlen(const char *s)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/strlen.html
 */
export { strlen } from "./assembly/posix";

/**
 * Compares two strings.
 *
 * C: `int strcmp(const char *s1, const char *s2)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/strcmp.html
 */
export { strcmp } from "./assembly/posix";

/**
 * Reads a number of 32 bits.
 *
 * C: `unsigned long strtoul(const char *str, char **endptr, int base)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/strtoul.html
 */
export { strtoul } from "./assembly/posix";

/**
 * Reads a number of 64 bits.
 *
 * C: `unsigned long long strtoull(const char *str, char **endptr, int base)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/strtoul.html
 */
export { strtoull } from "./assembly/posix";

/**
 * Copies bytes.
 *
 * C: `void *memcpy(void *s1, const void *s2, size_t n)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/memcpy.html
 */
export { memcpy } from "./assembly/posix";

/**
 * Copies bytes that may overlap.
 *
 * C: `void *memmove(void *s1, const void *s2, size_t n)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/memmove.html
 */
export { memmove } from "./assembly/posix";

/**
 * Fills bytes.
 *
 * C: `void *memset(void *s, int c, size_t n)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/memset.html
 */
export { memset } from "./assembly/posix";

/**
 * Compares bytes.
 *
 * C: `int memcmp(const void *s1, const void *s2, size_t n)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/memcmp.html
 */
export { memcmp } from "./assembly/posix";

// @ts-ignore: decorator
@external("posix", "pthread_create")
declare function raw_pthread_create(thread: usize, attr: pthread_attr_t | null, start_routine: u32, arg: usize): i32;

/**
 * Makes a thread. vdev_thread_create() also names it.
 *
 * C: `int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start_routine)(void *), void
 * *arg)`
 * Phase: running (documented). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_create.html
 * @returns EOK; EAGAIN when there are too many threads.
 */
export function pthread_create(
  thread: usize,
  attr: pthread_attr_t | null,
  start_routine: vdev_thread_create_func_t,
  arg: usize,
): i32 {
  return raw_pthread_create(thread, attr, start_routine.index, arg);
}

/**
 * Waits for a thread to end.
 *
 * C: `int pthread_join(pthread_t thread, void **value_ptr)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: yes (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_join.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_join")
export declare function pthread_join(thread: pthread_t, value_ptr: usize): i32;

/**
 * Lets a thread end without pthread_join().
 *
 * C: `int pthread_detach(pthread_t thread)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_detach.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_detach")
export declare function pthread_detach(thread: pthread_t): i32;

/**
 * The calling thread.
 *
 * C: `pthread_t pthread_self(void)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_self.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_self")
export declare function pthread_self(): pthread_t;

/**
 * Compares two threads.
 *
 * C: `int pthread_equal(pthread_t t1, pthread_t t2)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_equal.html
 * @returns 0 when they are not the same.
 */
export { pthread_equal } from "./assembly/posix";

/**
 * Names a thread.
 * Not POSIX, but everywhere; vdev_thread_create() names a thread as it makes it. Reports say the name.
 *
 * C: `int pthread_setname_np(pthread_t thread, const char *name)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_create.html
 * @returns EOK; ESRCH for a thread that is not the vdev's; ERANGE for more than 99 bytes (our number).
 */
// @ts-ignore: decorator
@external("posix", "pthread_setname_np")
export declare function pthread_setname_np(thread: pthread_t, name: cstring): i32;

/**
 * Ends the calling thread.
 * On a thread the vdev did not make it is a violation: those are qvm's to end.
 *
 * C: `void pthread_exit(void *value_ptr)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_exit.html
 * @returns never: cleanup handlers run, the last pushed first, and the thread ends.
 */
// @ts-ignore: decorator
@external("posix", "pthread_exit")
export declare function pthread_exit(value_ptr: usize): void;

// @ts-ignore: decorator
@external("posix", "pthread_once")
declare function raw_pthread_once(once_control: pthread_once_t, init_routine: u32): i32;

/**
 * Calls a function once, whoever asks.
 * once_control is PTHREAD_ONCE_INIT in C: zeroed bytes, as alloc() gives them. A thread that is cancelled in the
 * function leaves it to the next one.
 *
 * C: `int pthread_once(pthread_once_t *once_control, void (*init_routine)(void))`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_once.html
 */
export function pthread_once(once_control: pthread_once_t, init_routine: pthread_once_routine_t): i32 {
  return raw_pthread_once(once_control, init_routine.index);
}

/**
 * Asks a thread to end at its next cancellation point.
 * Cancellation points are pthread_testcancel(), pthread_join(), pthread_cond_wait(), sem_wait(), nanosleep() and
 * their kin; a wait for a mutex is none.
 *
 * C: `int pthread_cancel(pthread_t thread)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cancel.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cancel")
export declare function pthread_cancel(thread: pthread_t): i32;

/**
 * A cancellation point.
 *
 * C: `void pthread_testcancel(void)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_setcancelstate.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_testcancel")
export declare function pthread_testcancel(): void;

/**
 * Whether the calling thread lets itself be cancelled.
 *
 * C: `int pthread_setcancelstate(int state, int *oldstate)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_setcancelstate.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_setcancelstate")
export declare function pthread_setcancelstate(state: i32, oldstate: usize): i32;

/**
 * When the calling thread lets itself be cancelled.
 * PTHREAD_CANCEL_ASYNCHRONOUS is kept and without effect: a thread ends at cancellation points only.
 *
 * C: `int pthread_setcanceltype(int type, int *oldtype)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_setcancelstate.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_setcanceltype")
export declare function pthread_setcanceltype(type: i32, oldtype: usize): i32;

// @ts-ignore: decorator
@external("posix", "pthread_cleanup_push")
declare function raw_pthread_cleanup_push(routine: u32, arg: usize): void;

/**
 * Names a function to be called when the calling thread is cancelled or calls pthread_exit().
 * A macro in C, a function here. Push and pop in pairs, in one function: a thread whose function returns with
 * handlers left is told.
 *
 * C: `void pthread_cleanup_push(void (*routine)(void*), void *arg)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cleanup_pop.html
 */
export function pthread_cleanup_push(routine: pthread_cleanup_routine_t, arg: usize): void {
  raw_pthread_cleanup_push(routine.index, arg);
}

/**
 * Takes the last cleanup handler back, and calls it when execute is not 0.
 * A macro in C, a function here.
 *
 * C: `void pthread_cleanup_pop(int execute)`
 * Phase: running (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_cleanup_pop.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_cleanup_pop")
export declare function pthread_cleanup_pop(execute: i32): void;

/**
 * Fills attr with the defaults.
 *
 * C: `int pthread_attr_init(pthread_attr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_init.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_init")
export declare function pthread_attr_init(attr: pthread_attr_t): i32;

/**
 * Ends the use of attr.
 *
 * C: `int pthread_attr_destroy(pthread_attr_t *attr)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_destroy.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_destroy")
export declare function pthread_attr_destroy(attr: pthread_attr_t): i32;

/**
 * Whether threads are made detached.
 *
 * C: `int pthread_attr_setdetachstate(pthread_attr_t *attr, int detachstate)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_setdetachstate.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_setdetachstate")
export declare function pthread_attr_setdetachstate(attr: pthread_attr_t, detachstate: i32): i32;

/**
 * Whether threads are made detached.
 *
 * C: `int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *detachstate)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_getdetachstate.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_getdetachstate")
export declare function pthread_attr_getdetachstate(attr: pthread_attr_t, detachstate: usize): i32;

/**
 * Bytes of a thread's stack.
 * Kept and without effect: threads of a VM take turns whatever their priority, and stacks are the host's.
 *
 * C: `int pthread_attr_setstacksize(pthread_attr_t *attr, size_t stacksize)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_setstacksize.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_setstacksize")
export declare function pthread_attr_setstacksize(attr: pthread_attr_t, stacksize: u32): i32;

/**
 * Bytes of a thread's stack, as they were set.
 *
 * C: `int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *stacksize)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_getstacksize.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_getstacksize")
export declare function pthread_attr_getstacksize(attr: pthread_attr_t, stacksize: usize): i32;

/**
 * Where a thread's scheduling comes from.
 * Kept and without effect: threads of a VM take turns whatever their priority, and stacks are the host's.
 *
 * C: `int pthread_attr_setinheritsched(pthread_attr_t *attr, int inheritsched)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_setinheritsched.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_setinheritsched")
export declare function pthread_attr_setinheritsched(attr: pthread_attr_t, inheritsched: i32): i32;

/**
 * A thread's scheduling policy, SCHED_*.
 * Kept and without effect: threads of a VM take turns whatever their priority, and stacks are the host's.
 *
 * C: `int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_setschedpolicy.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_setschedpolicy")
export declare function pthread_attr_setschedpolicy(attr: pthread_attr_t, policy: i32): i32;

/**
 * A thread's priority.
 * Kept and without effect: threads of a VM take turns whatever their priority, and stacks are the host's.
 *
 * C: `int pthread_attr_setschedparam(pthread_attr_t *attr, const struct sched_param *param)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_setschedparam.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_setschedparam")
export declare function pthread_attr_setschedparam(attr: pthread_attr_t, param: sched_param): i32;

/**
 * A thread's priority, as it was set.
 *
 * C: `int pthread_attr_getschedparam(const pthread_attr_t *attr, struct sched_param *param)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/pthread_attr_getschedparam.html
 */
// @ts-ignore: decorator
@external("posix", "pthread_attr_getschedparam")
export declare function pthread_attr_getschedparam(attr: pthread_attr_t, param: sched_param): i32;

/**
 * Reads a clock.
 * Both clocks show the VM's time, so they stand still within a callback. The time of day at the start is `set
 * vdevbox-start-time`.
 *
 * C: `int clock_gettime(clockid_t clock_id, struct timespec *tp)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/clock_gettime.html
 * @returns 0; -1 with errno EINVAL for a clock other than CLOCK_REALTIME and CLOCK_MONOTONIC.
 */
// @ts-ignore: decorator
@external("posix", "clock_gettime")
export declare function clock_gettime(clock_id: i32, tp: timespec): i32;

/**
 * Makes a timer that delivers a sigevent each time it expires.
 * Signals cannot be delivered to a vdev: evp is filled by vdev_pulse(), or zeroed (SIGEV_NONE).
 *
 * C: `int timer_create(clockid_t clockid, struct sigevent *evp, timer_t *timerid)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/timer_create.html
 * @returns 0; -1 with errno EINVAL for another clock or a sigevent vdev_pulse() did not fill, EAGAIN for more than
 * 1024 timers.
 */
// @ts-ignore: decorator
@external("posix", "timer_create")
export declare function timer_create(clockid: i32, evp: sigevent | null, timerid: usize): i32;

/**
 * Deletes a timer; what it delivered before still comes.
 *
 * C: `int timer_delete(timer_t timerid)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/timer_delete.html
 * @returns 0; -1 with errno EINVAL when there is no such timer.
 */
// @ts-ignore: decorator
@external("posix", "timer_delete")
export declare function timer_delete(timerid: timer_t): i32;

/**
 * Arms a timer, or disarms it with an it_value of zero.
 * flags: TIMER_ABSTIME for an it_value that is a time of the timer's clock. value: first expiry and interval.
 * ovalue: what timer_gettime() gave before.
 *
 * C: `int timer_settime(timer_t timerid, int flags, const struct itimerspec *value, struct itimerspec *ovalue)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/timer_settime.html
 * @returns 0; -1 with errno EINVAL for a wrong time or no such timer.
 */
// @ts-ignore: decorator
@external("posix", "timer_settime")
export declare function timer_settime(timerid: timer_t, flags: i32, value: itimerspec, ovalue: itimerspec | null): i32;

/**
 * The time left until a timer expires, and its interval.
 *
 * C: `int timer_gettime(timer_t timerid, struct itimerspec *value)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://pubs.opengroup.org/onlinepubs/9699919799/functions/timer_settime.html
 * @returns 0; -1 with errno EINVAL when there is no such timer.
 */
// @ts-ignore: decorator
@external("posix", "timer_gettime")
export declare function timer_gettime(timerid: timer_t, value: itimerspec): i32;

/**
 * Delivers a sigevent.
 * rcvid: 0 for the caller's own process, the only receiver here; ignored.
 * Not POSIX: how a QNX process delivers an event. The pulse comes when the callback in progress has ended.
 *
 * C: `int MsgDeliverEvent(int rcvid, const struct sigevent *event)`
 * Phase: both (inferred). Thread safe: yes (inferred). Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in no release. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.neutrino.lib_ref/topic/m/msgdeliverevent.html
 * @returns 0; -1 with errno EINVAL for a sigevent vdev_pulse() did not fill, EAGAIN when too many pulses wait.
 */
// @ts-ignore: decorator
@external("posix", "MsgDeliverEvent")
export declare function MsgDeliverEvent(rcvid: i32, event: sigevent): i32;
