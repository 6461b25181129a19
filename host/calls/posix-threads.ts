import { EAGAIN, EDEADLK, EINVAL, EOK, ESRCH } from "../../abi/generated/constants.ts";
import { CALLBACK, THREAD } from "../gate/situation.ts";
import { SHAPE } from "../sandbox/contract.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import { EndOfThread, type Thread } from "../threads/thread.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, vdevOf } from "./body.ts";

/** Threads of vdevs: making, joining, cancelling. */
export const posixThreadBodies = bodies({
  vdev_thread_create: (vm, instance, vdp, name, thread, _attr, routine, arg) =>
    create(
      vm,
      instance,
      vdevOf(vm, instance, vdp!)?.index ?? vm.context.vdev,
      instance.cstring(name!),
      thread!,
      routine!,
      arg!,
    ),

  pthread_create: (vm, instance, thread, _attr, routine, arg) =>
    create(vm, instance, vm.context.vdev, "", thread!, routine!, arg!),

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
    cancellationPoint(vm);
    return threads.wait({ for: "join", of: target }, () => {
      cancellationPoint(vm);
      return finish();
    });
  },

  pthread_cancel(vm, instance, id) {
    const target = own(vm, instance, id!);
    if (target === undefined) return ESRCH;
    target.cancelled = true;
    if (target.wait !== undefined && target.wait.for !== "mutex") vm.threads!.wake(target);
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

  pthread_self: (vm) => vm.threads?.current?.id ?? 0,

  pthread_attr_init(_vm, instance, attr) {
    instance.bytes.fill(0, attr! >>> 0, (attr! >>> 0) + 16);
    return EOK;
  },

  pthread_attr_destroy: () => EOK,
});

/** A vdev thread of this module instance; pthread_t of others mean nothing to it. */
function own(vm: Vm, instance: ModuleInstance, id: number): Thread | undefined {
  const thread = vm.threads?.find(id >>> 0);
  return thread?.instance === instance ? thread : undefined;
}

/** What a cancelled thread leaves for pthread_join(); the number is ours. */
const PTHREAD_CANCELED = -1;

function create(
  vm: Vm,
  instance: ModuleInstance,
  vdev: number,
  name: string,
  idPointer: number,
  routine: number,
  arg: number,
): number {
  const { threads, activations } = vm;
  if (threads === undefined) return EAGAIN;
  const { __vdevbox_call: call } = instance.exports;
  const label = name === "" ? `a thread of ${vm.vdevs[vdev]?.name ?? instance.module.file}` : `thread ${name}`;
  const thread = threads.create(instance, label, () =>
    activations.enter(instance, vdev, CALLBACK.thread!, THREAD.vdev!, 0, (frame) =>
      call(frame, routine, SHAPE.intI, arg, 0, 0, 0),
    ),
  );
  if (thread === undefined) return EAGAIN;
  thread.result = PTHREAD_CANCELED;
  vm.races?.fork(thread);
  if (idPointer !== 0) instance.setU32(idPointer >>> 0, thread.id);
  return EOK;
}

/** Ends the thread in progress when it was cancelled. @throws EndOfThread */
export function cancellationPoint(vm: Vm): void {
  if (vm.threads?.current?.cancelled) throw new EndOfThread("the thread was cancelled");
}
