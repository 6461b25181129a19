import { constantsOf, i32, intResult, NONE, NULLABLE, outInt, struct, u32 } from "./builders.ts";
import { posixFunction as fn, posixStruct } from "./posix-family.ts";
import type { Entry } from "./schema.ts";
import { POSIX } from "./sources.ts";

const TIME_H = [`${POSIX}basedefs/time.h.html`];
const chosen = constantsOf("posix", { versions: NONE, sources: TIME_H, type: "i32", status: "vdevbox" });
const timer = u32("timerid", "timer_t");

/** Clocks, timers and events of libc: what delivers the sigevent that vdev_pulse() fills. */
export const entries: readonly Entry[] = [
  fn("int clock_gettime(clockid_t clock_id, struct timespec *tp)", "Reads a clock.", "clock_gettime", {
    params: [i32("clock_id", "clockid_t"), struct("tp", "timespec", "out")],
    result: intResult("int"),
    returns: "0; -1 with errno EINVAL for a clock other than CLOCK_REALTIME and CLOCK_MONOTONIC.",
    body: "complete",
    notes:
      "Both clocks show the VM's time, so they stand still within a callback. The time of day at the start is `set vdevbox-start-time`.",
  }),
  fn(
    "int timer_create(clockid_t clockid, struct sigevent *evp, timer_t *timerid)",
    "Makes a timer that delivers a sigevent each time it expires.",
    "timer_create",
    {
      params: [i32("clockid", "clockid_t"), struct("evp", "sigevent", "in", NULLABLE), outInt("timerid", 32)],
      result: intResult("int"),
      returns:
        "0; -1 with errno EINVAL for another clock or a sigevent vdev_pulse() did not fill, EAGAIN for more than 1024 timers.",
      body: "complete",
      notes: "Signals cannot be delivered to a vdev: evp is filled by vdev_pulse(), or zeroed (SIGEV_NONE).",
    },
  ),
  fn("int timer_delete(timer_t timerid)", "Deletes a timer; what it delivered before still comes.", "timer_delete", {
    params: [timer],
    result: intResult("int"),
    returns: "0; -1 with errno EINVAL when there is no such timer.",
    body: "complete",
  }),
  fn(
    "int timer_settime(timer_t timerid, int flags, const struct itimerspec *value, struct itimerspec *ovalue)",
    "Arms a timer, or disarms it with an it_value of zero.",
    "timer_settime",
    {
      params: [
        timer,
        i32("flags"),
        struct("value", "itimerspec", "in"),
        struct("ovalue", "itimerspec", "out", NULLABLE),
      ],
      arguments:
        "flags: TIMER_ABSTIME for an it_value that is a time of the timer's clock. value: first expiry and interval. ovalue: what timer_gettime() gave before.",
      result: intResult("int"),
      returns: "0; -1 with errno EINVAL for a wrong time or no such timer.",
      body: "complete",
    },
  ),
  fn(
    "int timer_gettime(timer_t timerid, struct itimerspec *value)",
    "The time left until a timer expires, and its interval.",
    "timer_settime",
    {
      params: [timer, struct("value", "itimerspec", "out")],
      result: intResult("int"),
      returns: "0; -1 with errno EINVAL when there is no such timer.",
      body: "complete",
    },
  ),
  fn("int MsgDeliverEvent(int rcvid, const struct sigevent *event)", "Delivers a sigevent.", "", {
    params: [i32("rcvid"), struct("event", "sigevent", "in")],
    sources: ["https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.neutrino.lib_ref/topic/m/msgdeliverevent.html"],
    arguments: "rcvid: 0 for the caller's own process, the only receiver here; ignored.",
    result: intResult("int"),
    returns: "0; -1 with errno EINVAL for a sigevent vdev_pulse() did not fill, EAGAIN when too many pulses wait.",
    body: "complete",
    notes: "Not POSIX: how a QNX process delivers an event. The pulse comes when the callback in progress has ended.",
  }),
  posixStruct("timespec", "A time.", [
    { name: "tv_sec", type: "i64", doc: "seconds" },
    { name: "tv_nsec", type: "i32", doc: "nanoseconds" },
  ]),
  posixStruct("itimerspec", "When a timer expires.", [
    { name: "it_interval", type: { embed: "timespec" }, doc: "between expiries after the first; 0: there is one only" },
    { name: "it_value", type: { embed: "timespec" }, doc: "the first; 0: the timer is disarmed" },
  ]),
  posixStruct("sigevent", "How an event is delivered; vdev_pulse() fills it.", [
    { name: "sigev_notify", type: "i32" },
    { name: "sigev_code", type: "i32" },
    { name: "sigev_priority", type: "i32" },
    { name: "sigev_coid", type: "i32" },
    { name: "sigev_value", type: "u64" },
  ]),
  {
    kind: "type",
    name: "timer_t",
    header: "posix",
    versions: NONE,
    summary: "A timer of timer_create().",
    sources: [`${POSIX}basedefs/sys_types.h.html`],
    c: "timer_t",
    as: "u32",
  },
  chosen("CLOCK_REALTIME", 0, "The time of day, in virtual time."),
  chosen("CLOCK_MONOTONIC", 1, "Time since start, in virtual time."),
  chosen("TIMER_ABSTIME", 1, "timer_settime(): it_value is a time of the clock."),
];
