import {
  ALL,
  callback,
  cookie,
  documented,
  ERRNO,
  handle,
  handleResult,
  intResult,
  mayBlock,
  NONE,
  NULLABLE,
  ours,
  outInt,
  struct,
  u32,
  u64,
  V70,
  V70_71,
  V70_80,
  VOID,
} from "./builders.ts";
import { guestFunction as fn } from "./guest-family.ts";
import type { Entry } from "./schema.ts";
import { api70, api71, api80, guide70 } from "./sources.ts";

/** `qvm/guest.h`: timers, clock, instruction traps, power state, the end of the guest. */
export const entries: readonly Entry[] = [
  fn("guest_timer_create", {
    summary: "Creates a guest timer; when it fires the vdev's factory timer() callback runs with data.",
    versions: ALL,
    sources: [
      api70("guest_timer_create"),
      api71("guest_timer_create"),
      api80("guest_timer_create"),
      api70("guest/about_guest_8h"),
    ],
    c: {
      "7.0":
        "struct guest_timer* guest_timer_create(const struct guest_cpu *gcp, const vdev_t *vdp, const void *data, uint64_t *resolutionp)",
    },
    prototype: "documented",
    params: [handle("gcp", "guest_cpu", NULLABLE), handle("vdp", "vdev"), cookie("data"), outInt("resolutionp", 64)],
    arguments:
      "gcp: vCPU for a per-CPU timer, else NULL. vdp: owning vdev. data: cookie given back to timer(). resolutionp: out, timer resolution (clock frequency used by guest_timer_notify).",
    result: handleResult("guest_timer"),
    returns: "the timer, or NULL with an error code stored through resolutionp.",
    phase: documented("startup"),
    notes:
      "Here: the resolution is 10^9, one cycle is one nanosecond of virtual time; a module instance has at most 16384 timers (EAGAIN). No page says where a vdev gets the gcp of a vCPU at startup: vdevbox_guest_cpu().",
  }),
  fn("guest_timer_notify", {
    summary: "Arms a guest timer.",
    versions: V70_80,
    sources: [api70("guest_timer_notify"), api80("guest_timer_notify"), api70("guest/about_guest_8h")],
    c: {
      "7.0": "int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp, uint64_t incr)",
      "8.0": "int guest_timer_notify(struct guest_timer *vtp, const struct guest_timer_data *tdp, uint64_t deadline)",
    },
    prototype: "documented",
    params: [handle("vtp", "guest_timer"), struct("tdp", "guest_timer_data", "in", NULLABLE), u64("incr")],
    arguments:
      "vtp: timer. tdp: NULL = one-shot with relative deadline, or first activation of a repeating timer; the guest_timer_data given to the timer() callback = next period of a repeating timer; 8.0 only: GUEST_TIMER_ABSOLUTE = one-shot with absolute deadline. incr/deadline: guest clock cycles (unit per resolution from guest_timer_create()).",
    result: ERRNO,
    returns: "EOK or an errno value.",
    phase: documented("running"),
    notes:
      "How a timer is cancelled, and what arming an armed one does, is not stated on the pages found. Here: the new deadline replaces the old one, and one that never comes (UINT64_MAX cycles) cancels. A deadline that has passed counts as now. The timer fires when time next moves, never inside the call. A repeating timer's period counts from when it last fired.",
  }),
  fn("guest_timer_state", {
    summary: "Fills tdp with the current timing information of a timer created earlier at startup.",
    versions: V70_71,
    sources: [api71("guest_timer_state"), api70("guest/about_guest_8h")],
    c: { "7.1": "void guest_timer_state(const struct guest_timer *vtp, struct guest_timer_data *tdp)" },
    prototype: "documented",
    params: [handle("vtp", "guest_timer"), struct("tdp", "guest_timer_data", "out")],
    result: VOID,
    phase: documented("running"),
    notes:
      "Here: host and guest time are both the virtual time of the VM; a timer that was never armed has 0 as its start.",
  }),
  fn("vdevbox_guest_cpu", {
    summary:
      "The guest_cpu of a vCPU itself, for a per-CPU guest timer. Ours: no page says where a vdev gets one outside an access. Not portable as it stands.",
    versions: NONE,
    sources: [api70("guest_timer_create")],
    c: { vdevbox: "struct guest_cpu *vdevbox_guest_cpu(unsigned index)" },
    prototype: "vdevbox",
    params: [u32("index")],
    arguments: "index: number of the vCPU, from 0.",
    result: handleResult("guest_cpu"),
    returns: "the vCPU, or NULL when there is none of that number. It is another pointer than the gcp of an access.",
    phase: ours("both", "as it is ours, any time will do"),
    threadSafe: ours("yes"),
  }),
  fn("guest_clock_start", {
    summary:
      "Called inside a vdev callback: from here on the callback's time counts as billable vCPU time (may count as stolen time) rather than emulation overhead.",
    versions: V70_80,
    sources: [api80("guest_clock_start"), api70("guest/about_guest_8h")],
    c: { "8.0": "void guest_clock_start(void)" },
    prototype: "inferred",
    params: [],
    result: VOID,
    phase: documented("running"),
    notes:
      "Here: counted for each vdev and vCPU, with the virtual time up to guest_clock_stop() or the callback's return; see docs/time.md. That the return ends it, and the warnings for a second start and for a vdev's own thread, are inferred.",
  }),
  fn("guest_clock_stop", {
    summary:
      "Counterpart of guest_clock_start(): from here on the callback is emulation overhead again. Known from the function safety table only.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "void guest_clock_stop(void)" },
    prototype: "vdevbox",
    params: [],
    result: VOID,
    phase: documented("running"),
    notes:
      "Here: ends what guest_clock_start() began in the same callback; a warning (inferred) when that was not called.",
  }),
  fn("guest_instr_register", {
    summary: "Registers a callback for a guest instruction type that traps.",
    versions: ALL,
    sources: [
      api70("guest_instr_register"),
      api71("guest_instr_register"),
      api80("guest_instr_register"),
      api70("guest/about_guest_8h"),
    ],
    c: {
      "7.0":
        "int guest_instr_register(vdev_t *vdp, enum guest_instr_type git, unsigned qualifier, guest_instr_callback_func_t *func)",
      "8.0":
        "int guest_instr_register(vdev_t *vdp, guest_instr_type_t git, unsigned qualifier, guest_instr_callback_func_t *func)",
    },
    prototype: "documented",
    params: [
      handle("vdp", "vdev"),
      u32("git", "enum guest_instr_type"),
      u32("qualifier"),
      callback("func", "guest_instr_callback_func_t"),
    ],
    arguments:
      "git: instruction type, may be ORed with GIT_FLAG_NO_QUALIFIER (then qualifier is ignored). func: callback.",
    result: ERRNO,
    returns: "EOK or an error code.",
    phase: documented("startup"),
    body: "later",
  }),
  fn("guest_power_state_current", {
    summary: "Reads the bitset(s) of guest CPUs that are waiting and/or off.",
    versions: ALL,
    sources: [api71("guest_power_state_current"), api80("guest_power_state_current"), api70("guest/about_guest_8h")],
    c: {
      "7.1":
        "int guest_power_state_current(struct guest_system *gsp, enum guest_power_state_cmd cmd, unsigned base, unsigned nresult, uint64_t *result)",
      "8.0":
        "int guest_power_state_current(guest_power_state_cmd_t cmd, unsigned base, unsigned nresult, uint64_t *result)",
    },
    prototype: "documented",
    params: [
      handle("gsp", "guest_system"),
      u32("cmd", "enum guest_power_state_cmd"),
      u32("base"),
      u32("nresult"),
      outInt("result", 64, { count: "nresult" }),
    ],
    arguments: "cmd: GPSC_WAIT, GPSC_OFF, or both ORed. base: must be 0 for now. nresult/result: array to fill.",
    result: intResult("int"),
    returns: "number of entries filled in, or a negative errno.",
    phase: documented("both"),
    notes:
      "Needs a notify structure created and registered first. That one result has 64 CPUs, and that both commands ORed give the CPUs in either state, is our reading.",
  }),
  fn("guest_power_state_notify_create", {
    summary: "Creates the notification that the other guest_power_state_notify_* calls use.",
    versions: ALL,
    sources: [api70("guest/about_guest_8h"), api80("guest_power_state_notify_register")],
    c: { vdevbox: "struct guest_power_state_notify *guest_power_state_notify_create(struct guest_system *gsp)" },
    prototype: "vdevbox",
    params: [handle("gsp", "guest_system")],
    result: handleResult("guest_power_state_notify"),
    returns: "the notification, or NULL",
    phase: documented("both"),
    notes: "The prototype is not known: this one is ours. One module has at most 64.",
  }),
  fn("guest_power_state_notify_delete", {
    summary: "Deletes a notification. Known from the function safety table only.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "void guest_power_state_notify_delete(struct guest_power_state_notify *qpnp)" },
    prototype: "vdevbox",
    params: [handle("qpnp", "guest_power_state_notify")],
    result: VOID,
    phase: documented("both"),
  }),
  fn("guest_power_state_notify_register", {
    summary: "Sets when (state & mask compared with bits) and which callback a power-state notification fires.",
    versions: V70_80,
    sources: [
      api70("guest_power_state_notify_register"),
      api80("guest_power_state_notify_register"),
      api70("guest/about_guest_8h"),
    ],
    c: {
      "7.0":
        "void guest_power_state_notify_register(struct guest_power_state_notify *qpnp, enum guest_power_state_cmd cmd, unsigned base, uint64_t mask, uint64_t bits, guest_power_state_callback_func_t *func, void *data)",
      "8.0":
        "void guest_power_state_notify_register(struct guest_power_state_notify *qpnp, guest_power_state_cmd_t cmd, unsigned base, uint64_t mask, uint64_t bits, guest_power_state_callback_func_t *func, void *data)",
    },
    prototype: "documented",
    params: [
      handle("qpnp", "guest_power_state_notify"),
      u32("cmd", "enum guest_power_state_cmd"),
      u32("base"),
      u64("mask"),
      u64("bits"),
      callback("func", "guest_power_state_callback_func_t"),
      cookie("data"),
    ],
    arguments:
      "qpnp: notification. cmd: GPSC_WAIT, GPSC_OFF, or both ORed. base: 0. mask, bits: it fires when (state & mask) == bits. func: callback. data: cookie given to it.",
    result: VOID,
    phase: documented("both"),
    notes:
      "How state is compared is our reading: it fires each time the condition begins to hold by a change of a CPU, never because it holds already when it is registered. A later call replaces the condition.",
  }),
  fn("guest_button_register", {
    summary: "Known from the function safety table only. Here: asks that VDEV_CTRL_BUTTON be delivered to this vdev.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "int guest_button_register(vdev_t *vdp)" },
    prototype: "vdevbox",
    params: [handle("vdp", "vdev")],
    result: ERRNO,
    returns: "EOK or an errno",
    phase: documented("startup"),
    notes:
      "The prototype is not known: this one is ours. When no vdev has registered, VDEV_CTRL_BUTTON goes to every vdev, and the VM is ended after it.",
    threadSafe: documented("startup-only", "thread safe only when used at startup"),
  }),
  fn("guest_terminate", {
    summary: "Ends the qvm process instance at once with a cause, which becomes the exit code.",
    versions: V70_80,
    sources: [api70("guest/about_guest_8h"), api80("guest_termination_cause_t"), guide70("intro/terminate")],
    c: { vdevbox: "void guest_terminate(guest_termination_cause_t cause)" },
    prototype: "vdevbox",
    params: [u32("cause", "guest_termination_cause_t")],
    arguments: "cause: 0 for a normal end, 1 to 31 as the system has them, 32 to 63 for causes of the vdevs' own.",
    result: VOID,
    returns: "does not return.",
    phase: documented("both"),
    notes: "The prototype is not known: this one is ours.",
  }),
  fn("guest_write_core_file", {
    summary:
      "Writes the guest's core file to where the configuration's dump option says. Known from the function safety table only.",
    versions: V70,
    sources: [api70("guest/about_guest_8h")],
    c: { vdevbox: "int guest_write_core_file(void)" },
    prototype: "vdevbox",
    params: [],
    result: ERRNO,
    returns: "EOK; ENOENT when the configuration has no dump option; EEXIST after 8 dumps of one run; else an errno",
    phase: documented("both"),
    notes:
      "The prototype is not known: this one is ours. The first dump goes to the file of the configuration, further ones to names with .1, .2 and so on.",
    mayBlock: mayBlock("it writes a file the size of guest memory"),
  }),
];
