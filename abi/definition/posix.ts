import {
  buffer,
  constantsOf,
  cstring,
  ERRNO,
  i32,
  inferred,
  intResult,
  mayBlock,
  NONE,
  NULLABLE,
  outInt,
  pointerResult,
  struct,
  U64,
  u32,
  varargs,
} from "./builders.ts";
import { posixFunction as fn, nameOf, type PosixSpec, posixStruct } from "./posix-family.ts";
import type { Entry, Field, FunctionEntry } from "./schema.ts";
import { POSIX } from "./sources.ts";

const mutex = struct("mutex", "pthread_mutex_t", "inout");
const cond = struct("cond", "pthread_cond_t", "inout");
const condAttr = struct("attr", "pthread_condattr_t", "inout");
const mutexAttr = struct("attr", "pthread_mutexattr_t", "inout");
const sem = struct("sem", "sem_t", "inout");
const abstime = struct("abstime", "timespec", "in");
const text = cstring("s");

const LIKE_LOCK = inferred(
  "no" as const,
  "it may wait for another thread; the manual's own examples lock in vread and vwrite",
);

/** A call the host serves. */
function hostFn(c: string, summary: string, page: string, spec: PosixSpec): FunctionEntry {
  return fn(c, summary, page, { body: "complete", ...spec });
}

const mutexes: readonly Entry[] = [
  hostFn(
    "int pthread_mutex_init(pthread_mutex_t *mutex, const pthread_mutexattr_t *attr)",
    "Makes a mutex.",
    "pthread_mutex_init",
    { params: [mutex, struct("attr", "pthread_mutexattr_t", "in", NULLABLE)], result: ERRNO },
  ),
  hostFn("int pthread_mutex_destroy(pthread_mutex_t *mutex)", "Ends a mutex.", "pthread_mutex_destroy", {
    params: [mutex],
    result: ERRNO,
  }),
  hostFn("int pthread_mutex_lock(pthread_mutex_t *mutex)", "Locks a mutex.", "pthread_mutex_lock", {
    params: [mutex],
    result: ERRNO,
    mayBlock: LIKE_LOCK,
  }),
  hostFn(
    "int pthread_mutex_trylock(pthread_mutex_t *mutex)",
    "Locks a mutex, or answers EBUSY.",
    "pthread_mutex_trylock",
    {
      params: [mutex],
      result: ERRNO,
    },
  ),
  hostFn(
    "int pthread_mutex_timedlock(pthread_mutex_t *mutex, const struct timespec *abstime)",
    "Locks a mutex, waiting up to a time of CLOCK_REALTIME.",
    "pthread_mutex_timedlock",
    { params: [mutex, abstime], result: ERRNO, mayBlock: LIKE_LOCK },
  ),
  hostFn("int pthread_mutex_unlock(pthread_mutex_t *mutex)", "Unlocks a mutex.", "pthread_mutex_unlock", {
    params: [mutex],
    result: ERRNO,
  }),
  hostFn(
    "int pthread_mutexattr_init(pthread_mutexattr_t *attr)",
    "Fills attr with the defaults.",
    "pthread_mutexattr_init",
    { params: [mutexAttr], result: ERRNO },
  ),
  hostFn(
    "int pthread_mutexattr_settype(pthread_mutexattr_t *attr, int type)",
    "Chooses the kind of mutex, PTHREAD_MUTEX_*.",
    "pthread_mutexattr_settype",
    { params: [mutexAttr, i32("type")], result: ERRNO },
  ),
  hostFn(
    "int pthread_mutexattr_destroy(pthread_mutexattr_t *attr)",
    "Ends the use of attr.",
    "pthread_mutexattr_destroy",
    {
      params: [mutexAttr],
      result: ERRNO,
    },
  ),
];

const waiting: readonly Entry[] = [
  hostFn(
    "int pthread_cond_init(pthread_cond_t *cond, const pthread_condattr_t *attr)",
    "Makes a condition variable.",
    "pthread_cond_init",
    { params: [cond, struct("attr", "pthread_condattr_t", "in", NULLABLE)], result: ERRNO },
  ),
  hostFn("int pthread_cond_destroy(pthread_cond_t *cond)", "Ends a condition variable.", "pthread_cond_destroy", {
    params: [cond],
    result: ERRNO,
  }),
  hostFn(
    "int pthread_cond_wait(pthread_cond_t *cond, pthread_mutex_t *mutex)",
    "Waits for a signal, the mutex unlocked meanwhile.",
    "pthread_cond_wait",
    { params: [cond, mutex], result: ERRNO, mayBlock: mayBlock("it waits for a signal") },
  ),
  hostFn(
    "int pthread_cond_timedwait(pthread_cond_t *cond, pthread_mutex_t *mutex, const struct timespec *abstime)",
    "pthread_cond_wait() up to a point in time of the condition variable's clock.",
    "pthread_cond_timedwait",
    { params: [cond, mutex, abstime], result: ERRNO, mayBlock: mayBlock("it waits for a signal") },
  ),
  hostFn(
    "int pthread_condattr_init(pthread_condattr_t *attr)",
    "Fills attr with the defaults: CLOCK_REALTIME.",
    "pthread_condattr_init",
    { params: [condAttr], result: ERRNO },
  ),
  hostFn("int pthread_condattr_destroy(pthread_condattr_t *attr)", "Ends the use of attr.", "pthread_condattr_init", {
    params: [condAttr],
    result: ERRNO,
  }),
  hostFn(
    "int pthread_condattr_setclock(pthread_condattr_t *attr, clockid_t clock_id)",
    "Chooses the clock of pthread_cond_timedwait(): CLOCK_REALTIME or CLOCK_MONOTONIC.",
    "pthread_condattr_setclock",
    { params: [condAttr, i32("clock_id", "clockid_t")], result: ERRNO },
  ),
  hostFn("int pthread_cond_signal(pthread_cond_t *cond)", "Wakes one waiting thread.", "pthread_cond_signal", {
    params: [cond],
    result: ERRNO,
  }),
  hostFn("int pthread_cond_broadcast(pthread_cond_t *cond)", "Wakes all waiting threads.", "pthread_cond_broadcast", {
    params: [cond],
    result: ERRNO,
  }),
  hostFn("int sem_init(sem_t *sem, int pshared, unsigned value)", "Makes a semaphore.", "sem_init", {
    params: [sem, i32("pshared"), u32("value")],
    result: intResult("int"),
  }),
  hostFn("int sem_destroy(sem_t *sem)", "Ends a semaphore.", "sem_destroy", {
    params: [sem],
    result: intResult("int"),
  }),
  hostFn("int sem_post(sem_t *sem)", "Adds one to a semaphore.", "sem_post", {
    params: [sem],
    result: intResult("int"),
  }),
  hostFn("int sem_getvalue(sem_t *sem, int *sval)", "What can be taken from a semaphore now.", "sem_getvalue", {
    params: [sem, outInt("sval", 32)],
    result: intResult("int"),
  }),
  hostFn("int sem_trywait(sem_t *sem)", "Takes one from a semaphore, or fails.", "sem_trywait", {
    params: [sem],
    result: intResult("int"),
  }),
  hostFn("int sem_wait(sem_t *sem)", "Takes one from a semaphore, waiting for it.", "sem_wait", {
    params: [sem],
    result: intResult("int"),
    mayBlock: mayBlock("it waits for sem_post()"),
  }),
  hostFn(
    "int sem_timedwait(sem_t *sem, const struct timespec *abstime)",
    "sem_wait() up to a time of CLOCK_REALTIME.",
    "sem_timedwait",
    { params: [sem, abstime], result: intResult("int"), mayBlock: mayBlock("it waits for sem_post()") },
  ),
];

const time: readonly Entry[] = [
  hostFn("int nanosleep(const struct timespec *rqtp, struct timespec *rmtp)", "Sleeps.", "nanosleep", {
    params: [struct("rqtp", "timespec", "in"), struct("rmtp", "timespec", "out", NULLABLE)],
    result: intResult("int"),
    mayBlock: mayBlock("it sleeps"),
  }),
  hostFn(
    "int clock_nanosleep(clockid_t clock_id, int flags, const struct timespec *rqtp, struct timespec *rmtp)",
    "Sleeps, for a time or up to one.",
    "clock_nanosleep",
    {
      params: [
        i32("clock_id", "clockid_t"),
        i32("flags"),
        struct("rqtp", "timespec", "in"),
        struct("rmtp", "timespec", "out", NULLABLE),
      ],
      arguments: "flags: TIMER_ABSTIME for a time of the clock.",
      result: ERRNO,
      mayBlock: mayBlock("it sleeps"),
    },
  ),
  hostFn("unsigned sleep(unsigned seconds)", "Sleeps for seconds.", "sleep", {
    params: [u32("seconds")],
    result: intResult("unsigned", false),
    mayBlock: mayBlock("it sleeps"),
  }),
  hostFn("int usleep(useconds_t useconds)", "Sleeps for microseconds.", "usleep", {
    params: [u32("useconds", "useconds_t")],
    result: intResult("int"),
    mayBlock: mayBlock("it sleeps"),
    notes: "Gone from POSIX since Issue 7; C authors still use it.",
  }),
  hostFn("unsigned delay(unsigned duration)", "Sleeps for milliseconds.", "nanosleep", {
    params: [u32("duration")],
    result: intResult("unsigned", false),
    mayBlock: mayBlock("it sleeps"),
    notes: "Not POSIX: what QNX authors use.",
  }),
  hostFn("int sched_yield(void)", "Lets another thread run.", "sched_yield", { params: [], result: intResult("int") }),
];

const strings: readonly Entry[] = [
  fn("int errno_get(void)", "The calling thread's errno, which C reads as a variable.", "errno", {
    params: [],
    result: intResult("int"),
    prototype: "vdevbox",
    body: "complete",
  }),
  fn("int snprintf(char *s, size_t n, const char *format, ...)", "Formats into a buffer.", "fprintf", {
    params: [buffer("s", "out", "n", NULLABLE), u32("n", "size_t"), cstring("format"), varargs()],
    result: intResult("int"),
  }),
  pure("size_t strlen(const char *s)", "Length of a string.", { params: [text], result: intResult("size_t", false) }),
  pure("int strcmp(const char *s1, const char *s2)", "Compares two strings.", {
    params: [cstring("s1"), cstring("s2")],
    result: intResult("int"),
  }),
  pure("unsigned long strtoul(const char *str, char **endptr, int base)", "Reads a number of 32 bits.", {
    params: [cstring("str"), outInt("endptr", 32, NULLABLE), i32("base")],
    result: intResult("unsigned long", false),
  }),
  pure("unsigned long long strtoull(const char *str, char **endptr, int base)", "Reads a number of 64 bits.", {
    params: [cstring("str"), outInt("endptr", 32, NULLABLE), i32("base")],
    result: U64,
  }),
  pure("void *memcpy(void *s1, const void *s2, size_t n)", "Copies bytes.", {
    params: [buffer("s1", "out", "n"), buffer("s2", "in", "n"), u32("n", "size_t")],
    result: pointerResult("void *"),
  }),
  pure("void *memmove(void *s1, const void *s2, size_t n)", "Copies bytes that may overlap.", {
    params: [buffer("s1", "out", "n"), buffer("s2", "in", "n"), u32("n", "size_t")],
    result: pointerResult("void *"),
  }),
  pure("void *memset(void *s, int c, size_t n)", "Fills bytes.", {
    params: [buffer("s", "out", "n"), i32("c"), u32("n", "size_t")],
    result: pointerResult("void *"),
  }),
  pure("int memcmp(const void *s1, const void *s2, size_t n)", "Compares bytes.", {
    params: [buffer("s1", "in", "n"), buffer("s2", "in", "n"), u32("n", "size_t")],
    result: intResult("int"),
  }),
];

/** Runs inside the module: no host call. */
function pure(c: string, summary: string, spec: PosixSpec): FunctionEntry {
  const name = nameOf(c);
  return fn(c, summary, name === "strtoull" ? "strtoul" : name, { ...spec, body: "assembly" });
}

const words = (length: number): readonly Field[] => [{ name: "opaque", type: { array: "u32", length } }];

const structs: readonly Entry[] = [
  posixStruct("pthread_mutex_t", "A mutex: 16 opaque bytes.", words(4)),
  posixStruct("pthread_mutexattr_t", "Attributes of a mutex.", [
    { name: "type", type: "i32", doc: "PTHREAD_MUTEX_*" },
    { name: "reserved", type: "u32" },
  ]),
  posixStruct("pthread_cond_t", "A condition variable: 16 opaque bytes.", words(4)),
  posixStruct("sem_t", "A semaphore: 16 opaque bytes.", words(4)),
  posixStruct("pthread_condattr_t", "Attributes of a condition variable.", [
    { name: "clock", type: "i32", doc: "CLOCK_*" },
    { name: "reserved", type: "u32" },
  ]),
];

const ERRNO_PAGE = [`${POSIX}basedefs/errno.h.html`];
/** The numbers every Unix has; POSIX fixes the names only. */
const usual = constantsOf("posix", { versions: NONE, sources: ERRNO_PAGE, type: "i32", status: "inferred" });
/** Numbers in which systems differ: these are ours. */
const chosen = constantsOf("posix", { versions: NONE, sources: ERRNO_PAGE, type: "i32", status: "vdevbox" });

const numbers: readonly Entry[] = [
  usual("EOK", 0, "No error."),
  usual("EPERM", 1, "Operation not permitted."),
  usual("ENOENT", 2, "No such file."),
  usual("ESRCH", 3, "No such thread."),
  usual("EINTR", 4, "Interrupted."),
  usual("EIO", 5, "Input or output error."),
  usual("ENXIO", 6, "No such device or address."),
  usual("EBADF", 9, "Bad file descriptor."),
  usual("EAGAIN", 11, "Try again."),
  usual("ENOMEM", 12, "Not enough memory."),
  usual("EACCES", 13, "Permission denied."),
  usual("EFAULT", 14, "Bad address."),
  usual("EBUSY", 16, "Busy."),
  usual("EEXIST", 17, "Exists already."),
  usual("ENODEV", 19, "No such device."),
  usual("EINVAL", 22, "Invalid argument."),
  usual("ENOSPC", 28, "No space left."),
  usual("ERANGE", 34, "Result too large."),
  chosen("EDEADLK", 35, "Would deadlock."),
  chosen("ENOSYS", 38, "Not implemented."),
  chosen("EOVERFLOW", 75, "Value too large."),
  chosen("ENOTSUP", 95, "Not supported."),
  chosen("ETIMEDOUT", 110, "Timed out."),
  chosen("PROT_NONE", 0, "Mapping: no access."),
  chosen("PROT_READ", 1, "Mapping: read."),
  chosen("PROT_WRITE", 2, "Mapping: write."),
  chosen("PROT_EXEC", 4, "Mapping: execute."),
  chosen("PTHREAD_MUTEX_NORMAL", 0, "A mutex that deadlocks when locked twice."),
  chosen("PTHREAD_MUTEX_RECURSIVE", 1, "A mutex its owner may lock again."),
  chosen("PTHREAD_MUTEX_ERRORCHECK", 2, "A mutex that answers EDEADLK when locked twice."),
];

/** What C authors take from libc; module `posix` in WebAssembly. */
export const entries: readonly Entry[] = [...mutexes, ...waiting, ...time, ...strings, ...structs, ...numbers];
