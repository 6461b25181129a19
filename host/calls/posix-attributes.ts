import { EINVAL, EOK, SCHED_FIFO, SCHED_OTHER } from "../../abi/generated/constants.ts";
import { pthread_attr_t, pthread_condattr_t, sched_param } from "../../abi/generated/layouts.ts";
import type { ModuleInstance } from "../sandbox/instance.ts";
import type { Vm } from "../vm/vm.ts";
import { bodies, type CallBody, violation } from "./body.ts";
import { isKnownClock } from "./posix-clock.ts";

/** Written by pthread_attr_init(), so that bytes nobody filled are told. */
const MAGIC = 0x61747472;
/** SCHED_OTHER, which is what -1 in `v_sched` comes to. */
const NO_PRIORITY = -1;
/** PTHREAD_INHERIT_SCHED and PTHREAD_EXPLICIT_SCHED; PTHREAD_CREATE_JOINABLE and _DETACHED. */
const INHERIT: readonly number[] = [0, 2];
const DETACH: readonly number[] = [0, 1];

/** Attributes of threads and condition variables. Of threads' only the detach state has an effect. */
export const posixAttributeBodies = bodies({
  pthread_attr_init(_vm, instance, attr) {
    fillAttributes(instance, attr! >>> 0);
    return EOK;
  },

  pthread_attr_destroy: onAttributes("pthread_attr_destroy", (instance, attr) => {
    instance.setU32(attr + pthread_attr_t.magic, 0);
    return EOK;
  }),

  pthread_attr_setdetachstate: onAttributes("pthread_attr_setdetachstate", (instance, attr, state) => {
    if (!DETACH.includes(state)) return EINVAL;
    instance.setU8(attr + pthread_attr_t.detachstate, state);
    return EOK;
  }),

  pthread_attr_getdetachstate: onAttributes("pthread_attr_getdetachstate", (instance, attr, at) => {
    instance.setU32(at >>> 0, instance.bytes[attr + pthread_attr_t.detachstate]!);
    return EOK;
  }),

  pthread_attr_setstacksize: onAttributes("pthread_attr_setstacksize", (instance, attr, size) => {
    instance.setU32(attr + pthread_attr_t.stacksize, size);
    return EOK;
  }),

  pthread_attr_getstacksize: onAttributes("pthread_attr_getstacksize", (instance, attr, at) => {
    instance.setU32(at >>> 0, instance.u32(attr + pthread_attr_t.stacksize));
    return EOK;
  }),

  pthread_attr_setinheritsched: onAttributes("pthread_attr_setinheritsched", (instance, attr, inherit) => {
    if (!INHERIT.includes(inherit)) return EINVAL;
    instance.setU8(attr + pthread_attr_t.inheritsched, inherit);
    return EOK;
  }),

  pthread_attr_setschedpolicy: onAttributes("pthread_attr_setschedpolicy", (instance, attr, policy) => {
    if (policy < SCHED_FIFO || policy > SCHED_OTHER) return EINVAL;
    instance.setU16(attr + pthread_attr_t.policy, policy);
    return EOK;
  }),

  pthread_attr_setschedparam: onAttributes("pthread_attr_setschedparam", (instance, attr, param) => {
    instance.setU32(attr + pthread_attr_t.priority, instance.u32((param >>> 0) + sched_param.sched_priority));
    return EOK;
  }),

  pthread_attr_getschedparam: onAttributes("pthread_attr_getschedparam", (instance, attr, param) => {
    instance.setU32((param >>> 0) + sched_param.sched_priority, instance.u32(attr + pthread_attr_t.priority));
    return EOK;
  }),

  pthread_condattr_init(_vm, instance, attr) {
    instance.setU32((attr! >>> 0) + pthread_condattr_t.clock, 0);
    return EOK;
  },

  pthread_condattr_destroy(_vm, instance, attr) {
    instance.setU32((attr! >>> 0) + pthread_condattr_t.clock, DESTROYED);
    return EOK;
  },

  pthread_condattr_setclock(_vm, instance, attr, clock) {
    if (!isKnownClock(clock!)) return EINVAL;
    instance.setU32((attr! >>> 0) + pthread_condattr_t.clock, clock!);
    return EOK;
  },
});

/** Clock of attributes that pthread_condattr_destroy() has ended. */
const DESTROYED = -1;

/** Makes bytes the attributes of a thread, with the defaults. */
export function fillAttributes(instance: ModuleInstance, attr: number): void {
  instance.fill(attr, pthread_attr_t.SIZEOF);
  instance.setU32(attr + pthread_attr_t.magic, MAGIC);
  instance.setU16(attr + pthread_attr_t.policy, SCHED_OTHER);
  instance.setU32(attr + pthread_attr_t.priority, NO_PRIORITY);
}

/** The body of a call on attributes of threads, which pthread_attr_init() must have filled. */
function onAttributes(call: string, body: (instance: ModuleInstance, attr: number, value: number) => number): CallBody {
  return (vm, instance, attr, value) =>
    areAttributes(vm, instance, attr! >>> 0, call) ? body(instance, attr! >>> 0, value ?? 0) : EINVAL;
}

/** Whether there are attributes at an address; when not, that is told. */
export function areAttributes(vm: Vm, instance: ModuleInstance, attr: number, call: string): boolean {
  if (instance.u32(attr + pthread_attr_t.magic) === MAGIC) return true;
  const text = "a pthread_attr_t is filled by pthread_attr_init() before anything else is done with it";
  const message = "was given attributes that pthread_attr_init() never filled";
  violation(vm, instance, "argument", call, message, text, "Call pthread_attr_init() first, or pass NULL.");
  return false;
}

/** Whether threads made with these attributes are detached. @param attr NULL, or what `areAttributes` said yes to */
export function makesDetached(instance: ModuleInstance, attr: number): boolean {
  return attr !== 0 && instance.bytes[attr + pthread_attr_t.detachstate] === 1;
}
