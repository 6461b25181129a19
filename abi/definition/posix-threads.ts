import {
  callback,
  constantsOf,
  cookie,
  cstring,
  documented,
  ERRNO,
  i32,
  inferred,
  intResult,
  mayBlock,
  NONE,
  NULLABLE,
  outInt,
  struct,
  u32,
  VOID,
} from "./builders.ts";
import { type PosixSpec, posixFunction, posixStruct } from "./posix-family.ts";
import type { CallbackEntry, Entry, FunctionEntry } from "./schema.ts";
import { POSIX } from "./sources.ts";

const PTHREAD_H = [`${POSIX}basedefs/pthread.h.html`];
const chosen = constantsOf("posix", { versions: NONE, sources: PTHREAD_H, type: "i32", status: "vdevbox" });
const attr = struct("attr", "pthread_attr_t", "inout");
const attrIn = struct("attr", "pthread_attr_t", "in");
const threadId = u32("thread", "pthread_t");
const FROM_CONFIGURED = documented("running" as const, "threads may be made from VDEV_CTRL_GUEST_CONFIGURED on");
const NO_EFFECT =
  "Kept and without effect: threads of a VM take turns whatever their priority, and stacks are the host's.";

/** A call the host serves. */
function fn(c: string, summary: string, page: string, spec: PosixSpec): FunctionEntry {
  return posixFunction(c, summary, page, { body: "complete", ...spec });
}

/** A function that sets or reads one attribute of threads. */
function attribute(c: string, summary: string, value: PosixSpec["params"][number], spec: Partial<PosixSpec> = {}) {
  const name = /(\w+)\(/.exec(c)![1]!;
  const first = name.includes("_get") ? attrIn : attr;
  return fn(c, summary, name, { params: [first, value], result: ERRNO, ...spec });
}

const lifecycle: readonly Entry[] = [
  fn(
    "int pthread_create(pthread_t *thread, const pthread_attr_t *attr, void *(*start_routine)(void *), void *arg)",
    "Makes a thread. vdev_thread_create() also names it.",
    "pthread_create",
    {
      params: [
        outInt("thread", 32, NULLABLE),
        struct("attr", "pthread_attr_t", "in", NULLABLE),
        callback("start_routine", "vdev_thread_create_func_t"),
        cookie("arg"),
      ],
      result: ERRNO,
      returns: "EOK; EAGAIN when there are too many threads.",
      phase: FROM_CONFIGURED,
    },
  ),
  fn("int pthread_join(pthread_t thread, void **value_ptr)", "Waits for a thread to end.", "pthread_join", {
    params: [threadId, outInt("value_ptr", 32, NULLABLE)],
    result: ERRNO,
    phase: inferred("running"),
    mayBlock: mayBlock("it waits for the thread to end"),
  }),
  fn("int pthread_detach(pthread_t thread)", "Lets a thread end without pthread_join().", "pthread_detach", {
    params: [threadId],
    result: ERRNO,
    phase: inferred("running"),
  }),
  fn("pthread_t pthread_self(void)", "The calling thread.", "pthread_self", {
    params: [],
    result: intResult("pthread_t", false),
  }),
  posixFunction("int pthread_equal(pthread_t t1, pthread_t t2)", "Compares two threads.", "pthread_equal", {
    params: [u32("t1", "pthread_t"), u32("t2", "pthread_t")],
    result: intResult("int"),
    returns: "0 when they are not the same.",
    body: "assembly",
  }),
  fn("int pthread_setname_np(pthread_t thread, const char *name)", "Names a thread.", "pthread_create", {
    params: [threadId, cstring("name")],
    result: ERRNO,
    returns: "EOK; ESRCH for a thread that is not the vdev's; ERANGE for more than 99 bytes (our number).",
    notes: "Not POSIX, but everywhere; vdev_thread_create() names a thread as it makes it. Reports say the name.",
  }),
  fn("void pthread_exit(void *value_ptr)", "Ends the calling thread.", "pthread_exit", {
    params: [cookie("value_ptr")],
    result: VOID,
    phase: inferred("running"),
    returns: "never: cleanup handlers run, the last pushed first, and the thread ends.",
    notes: "On a thread the vdev did not make it is a violation: those are qvm's to end.",
  }),
  fn(
    "int pthread_once(pthread_once_t *once_control, void (*init_routine)(void))",
    "Calls a function once, whoever asks.",
    "pthread_once",
    {
      params: [struct("once_control", "pthread_once_t", "inout"), callback("init_routine", "pthread_once_routine_t")],
      result: ERRNO,
      mayBlock: inferred("no", "it may wait for another thread that runs the function; like a mutex"),
      notes:
        "once_control is PTHREAD_ONCE_INIT in C: zeroed bytes, as alloc() gives them. A thread that is cancelled in the function leaves it to the next one.",
    },
  ),
];

const cancelling: readonly Entry[] = [
  fn("int pthread_cancel(pthread_t thread)", "Asks a thread to end at its next cancellation point.", "pthread_cancel", {
    params: [threadId],
    result: ERRNO,
    phase: inferred("running"),
    notes:
      "Cancellation points are pthread_testcancel(), pthread_join(), pthread_cond_wait(), sem_wait(), nanosleep() and their kin; a wait for a mutex is none.",
  }),
  fn("void pthread_testcancel(void)", "A cancellation point.", "pthread_setcancelstate", { params: [], result: VOID }),
  fn(
    "int pthread_setcancelstate(int state, int *oldstate)",
    "Whether the calling thread lets itself be cancelled.",
    "pthread_setcancelstate",
    { params: [i32("state"), outInt("oldstate", 32, NULLABLE)], result: ERRNO },
  ),
  fn(
    "int pthread_setcanceltype(int type, int *oldtype)",
    "When the calling thread lets itself be cancelled.",
    "pthread_setcancelstate",
    {
      params: [i32("type"), outInt("oldtype", 32, NULLABLE)],
      result: ERRNO,
      notes: "PTHREAD_CANCEL_ASYNCHRONOUS is kept and without effect: a thread ends at cancellation points only.",
    },
  ),
  fn(
    "void pthread_cleanup_push(void (*routine)(void*), void *arg)",
    "Names a function to be called when the calling thread is cancelled or calls pthread_exit().",
    "pthread_cleanup_pop",
    {
      params: [callback("routine", "pthread_cleanup_routine_t"), cookie("arg")],
      result: VOID,
      phase: inferred("running"),
      notes:
        "A macro in C, a function here. Push and pop in pairs, in one function: a thread whose function returns with handlers left is told.",
    },
  ),
  fn(
    "void pthread_cleanup_pop(int execute)",
    "Takes the last cleanup handler back, and calls it when execute is not 0.",
    "pthread_cleanup_pop",
    { params: [i32("execute")], result: VOID, phase: inferred("running"), notes: "A macro in C, a function here." },
  ),
];

const attributes: readonly Entry[] = [
  fn("int pthread_attr_init(pthread_attr_t *attr)", "Fills attr with the defaults.", "pthread_attr_init", {
    params: [attr],
    result: ERRNO,
  }),
  fn("int pthread_attr_destroy(pthread_attr_t *attr)", "Ends the use of attr.", "pthread_attr_destroy", {
    params: [attr],
    result: ERRNO,
  }),
  attribute(
    "int pthread_attr_setdetachstate(pthread_attr_t *attr, int detachstate)",
    "Whether threads are made detached.",
    i32("detachstate"),
  ),
  attribute(
    "int pthread_attr_getdetachstate(const pthread_attr_t *attr, int *detachstate)",
    "Whether threads are made detached.",
    outInt("detachstate", 32),
  ),
  attribute(
    "int pthread_attr_setstacksize(pthread_attr_t *attr, size_t stacksize)",
    "Bytes of a thread's stack.",
    u32("stacksize", "size_t"),
    { notes: NO_EFFECT },
  ),
  attribute(
    "int pthread_attr_getstacksize(const pthread_attr_t *attr, size_t *stacksize)",
    "Bytes of a thread's stack, as they were set.",
    outInt("stacksize", 32),
  ),
  attribute(
    "int pthread_attr_setinheritsched(pthread_attr_t *attr, int inheritsched)",
    "Where a thread's scheduling comes from.",
    i32("inheritsched"),
    { notes: NO_EFFECT },
  ),
  attribute(
    "int pthread_attr_setschedpolicy(pthread_attr_t *attr, int policy)",
    "A thread's scheduling policy, SCHED_*.",
    i32("policy"),
    { notes: NO_EFFECT },
  ),
  attribute(
    "int pthread_attr_setschedparam(pthread_attr_t *attr, const struct sched_param *param)",
    "A thread's priority.",
    struct("param", "sched_param", "in"),
    { notes: NO_EFFECT },
  ),
  attribute(
    "int pthread_attr_getschedparam(const pthread_attr_t *attr, struct sched_param *param)",
    "A thread's priority, as it was set.",
    struct("param", "sched_param", "out"),
  ),
];

const ROUTINES = { header: "posix", versions: NONE, result: VOID } as const;
const routines: readonly CallbackEntry[] = [
  {
    kind: "callback",
    ...ROUTINES,
    name: "pthread_cleanup_routine_t",
    summary: "A cleanup handler of pthread_cleanup_push().",
    sources: [`${POSIX}functions/pthread_cleanup_pop.html`],
    c: { vdevbox: "void pthread_cleanup_routine_t(void *arg)" },
    params: [cookie("arg")],
    phase: inferred("running"),
    thread: inferred("caller"),
    notes: "POSIX gives the type no name: this one is ours.",
  },
  {
    kind: "callback",
    ...ROUTINES,
    name: "pthread_once_routine_t",
    summary: "What pthread_once() calls.",
    sources: [`${POSIX}functions/pthread_once.html`],
    c: { vdevbox: "void pthread_once_routine_t(void)" },
    params: [],
    phase: inferred("both"),
    thread: inferred("caller"),
    notes: "POSIX gives the type no name: this one is ours.",
  },
];

const types: readonly Entry[] = [
  posixStruct("pthread_once_t", "Whether pthread_once() has called its function; begins zeroed.", [
    { name: "state", type: "u32" },
  ]),
  posixStruct("pthread_attr_t", "Attributes of a thread: opaque, filled by pthread_attr_init().", [
    { name: "magic", type: "u32" },
    { name: "detachstate", type: "u8" },
    { name: "inheritsched", type: "u8" },
    { name: "policy", type: "u16" },
    { name: "priority", type: "i32" },
    { name: "stacksize", type: "u32" },
  ]),
  posixStruct("sched_param", "Scheduling parameters.", [{ name: "sched_priority", type: "i32", doc: "-1: not set" }]),
  {
    kind: "type",
    name: "pthread_t",
    header: "posix",
    versions: NONE,
    summary: "A thread.",
    sources: [`${POSIX}basedefs/sys_types.h.html`],
    c: "pthread_t",
    as: "u32",
  },
  chosen("PTHREAD_CANCELED", -1, "What pthread_join() gives of a thread that was cancelled."),
  chosen("PTHREAD_CANCEL_ENABLE", 0, "The thread may be cancelled: the default."),
  chosen("PTHREAD_CANCEL_DISABLE", 1, "A request waits until it may be again."),
  chosen("PTHREAD_CANCEL_DEFERRED", 0, "At cancellation points: the default."),
  chosen("PTHREAD_CANCEL_ASYNCHRONOUS", 2, "At any time; here as PTHREAD_CANCEL_DEFERRED."),
  chosen("PTHREAD_CREATE_JOINABLE", 0, "Somebody joins the thread: the default."),
  chosen("PTHREAD_CREATE_DETACHED", 1, "Nobody joins the thread."),
  chosen("PTHREAD_INHERIT_SCHED", 0, "Scheduling as of whoever made the thread: the default."),
  chosen("PTHREAD_EXPLICIT_SCHED", 2, "Scheduling as the attributes say."),
  chosen("SCHED_FIFO", 1, "First in, first out."),
  chosen("SCHED_RR", 2, "Round robin."),
  chosen("SCHED_OTHER", 3, "The system's own policy."),
];

/** Threads as C vdevs use them: making, naming, ending, cancelling, attributes. */
export const entries: readonly Entry[] = [...lifecycle, ...cancelling, ...attributes, ...routines, ...types];
