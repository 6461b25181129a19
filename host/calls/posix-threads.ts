import { EAGAIN, EDEADLK, EINVAL, EOK, ERANGE, ESRCH } from "../../abi/generated/constants.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { counted } from "../plural.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Suspended } from "../threads/suspended.ts";
import type { Thread } from "../threads/thread.ts";
import type { ThreadWork } from "../threads/threads.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, remark, vdevOf } from "./body.ts";
import { areAttributes, makesDetached } from "./posix-attributes.ts";
import { cancellationPoint, lendsItselfToCancelling } from "./posix-ending.ts";

/** What pthread_self() gives of threads the vdev did not make: no number of one it made. */
const QVM_THREADS = 0x40000000;
/** Bytes of a thread's name. */
const NAME_LIMIT = 99;

/** Threads of vdevs: making, joining, cancelling. */
export const posixThreadBodies = bodies({
  vdev_thread_create(vm, instance, vdp, name, thread, attr, routine, arg) {
    const vdev = vdevOf(vm, instance, vdp!)?.index ?? vm.context.vdev;
    const label = `thread ${instance.cstring(name!)}`;
    return create(vm, instance, "vdev_thread_create", { vdev, label, routine: routine!, arg: arg! }, thread!, attr!);
  },

  pthread_create(vm, instance, thread, attr, routine, arg) {
    const { vdev } = vm.context;
    const label = `a thread of ${vm.vdevs[vdev]?.name ?? instance.module.file}`;
    return create(vm, instance, "pthread_create", { vdev, label, routine: routine!, arg: arg! }, thread!, attr!);
  },

  pthread_join(vm, instance, id, valuePointer) {
    const { threads } = vm;
    const target = own(vm, instance, id!);
    if (threads === undefined || target === undefined || target.detached) return target === undefined ? ESRCH : EINVAL;
    if (target === threads.current) return EDEADLK;
    const finish = (): number => {
      if (valuePointer !== 0) instance.setU32(valuePointer! >>> 0, target.result ?? 0);
      threads.joined(target);
      vm.races?.join(target);
      return EOK;
    };
    if (target.state === "ended") return finish();
    if (threads.current === undefined) return EINVAL;
    const woken = (): number | Suspended => (target.state === "ended" ? finish() : (cancellationPoint(vm) ?? again()));
    const again = (): Suspended => threads.wait({ for: "join", of: target }, woken);
    return cancellationPoint(vm) ?? again();
  },

  pthread_cancel(vm, instance, id) {
    const target = own(vm, instance, id!);
    if (target === undefined) return ESRCH;
    target.cancelled = true;
    const { wait } = target;
    if (wait !== undefined && wait.for !== "mutex" && lendsItselfToCancelling(vm, target)) vm.threads!.wake(target);
    return EOK;
  },

  pthread_detach(vm, instance, id) {
    const target = own(vm, instance, id!);
    if (target === undefined) return ESRCH;
    if (target.detached) return EINVAL;
    target.detached = true;
    if (target.state === "ended") vm.threads!.joined(target);
    return EOK;
  },

  pthread_self(vm) {
    const thread = vm.threads?.acting;
    return thread?.instance === undefined ? QVM_THREADS | vm.threadStates.qvmThread : thread.id;
  },

  pthread_setname_np(vm, instance, id, name) {
    const target = own(vm, instance, id!);
    if (target === undefined) return ESRCH;
    const text = instance.cstring(name!);
    if (new TextEncoder().encode(text).length > NAME_LIMIT) return ERANGE;
    target.name = `thread ${text}`;
    return EOK;
  },
});

/** A vdev thread of this module instance; pthread_t of others mean nothing to it. */
function own(vm: Vm, instance: ModuleInstance, id: number): Thread | undefined {
  const thread = vm.threads?.find(id >>> 0);
  return thread?.instance === instance ? thread : undefined;
}

interface Work extends Omit<ThreadWork, "returned"> {
  readonly label: string;
}

function create(vm: Vm, instance: ModuleInstance, name: string, work: Work, idPointer: number, attr: number): number {
  const { threads, activations } = vm;
  if (threads === undefined) return EAGAIN;
  if (attr !== 0 && !areAttributes(vm, instance, attr >>> 0, name)) return EINVAL;
  const { call } = instance;
  const returned = () => checkCleanups(vm, instance);
  const enter = (frame: number) => {
    const result = call(frame, work.routine, SHAPE.intI, work.arg, 0, 0, 0);
    if (threads.current?.state === "running") returned();
    return result;
  };
  const start = () => activations.enter(instance, work.vdev, CALLBACK.thread!, THREAD.vdev!, 0, enter);
  const thread = threads.create(instance, work.label, start, { ...work, returned });
  if (thread === undefined) return tooMany(vm, instance, name, threads.limit);
  thread.detached = makesDetached(instance, attr >>> 0);
  vm.races?.fork(thread);
  if (idPointer !== 0) instance.setU32(idPointer >>> 0, thread.id);
  return EOK;
}

function tooMany(vm: Vm, instance: ModuleInstance, name: string, limit: number): number {
  const message = `cannot make another thread: a VM has ${limit} of vdevs' own at most`;
  remark(vm, instance, "limit", name, message, "Join threads that have ended, and give work to those there are.");
  return EAGAIN;
}

/** A thread's function has returned. In C, handlers that are left would be called with a stack that is gone. */
function checkCleanups(vm: Vm, instance: ModuleInstance): void {
  const { cleanups } = vm.threadStates.current;
  if (cleanups.length === 0) return;
  vm.threadStates.set({ cleanups: [] });
  vm.findings.record(instance, {
    severity: "warning",
    rule: "thread",
    message: `a thread's function returned with ${counted(cleanups.length, "cleanup handler")} pushed, which were not called`,
    advice: "Call pthread_cleanup_pop() on every way out of the function, or end the thread with pthread_exit().",
  });
}
