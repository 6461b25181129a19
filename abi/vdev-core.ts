/** <qvm/vdev-core.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { guest_timer_data } from "./guest";
import { pthread_attr_t, pthread_mutex_t, sigevent } from "./posix";
import { stack_alloc } from "./runtime/frame";
import { cstring } from "./string";
import {
  guest_cpu_t,
  guest_intr,
  guest_intr_notifications,
  guest_intr_state,
  guest_table_spec_component,
  qvm_sched_info,
  qvm_state_block,
} from "./types";

/**
 * The vdev instance type passed to every callback; the vdev_s page says vdev_s provides its definition (exact
 * declaration line not seen).
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/structvdev__s.html
 */
export type vdev_t = vdev_s;

/** Prefix of an option_list entry that takes no argument. */
export const QVM_OPTION_NO_ARG_PREFIX: string = "0";

/** Source-compatibility alias. */
export const VDEV_CTRL_BOOTUP: u32 = 2;

/** Value for vdev_factory.safety in the 7.x termination example. (vdevbox) */
export const VDEV_SAFETY_SELECTED: u32 = 1;

/**
 * INTR_NO: intr option forbidden; INTR_REQ: required; INTR_NONPCI: required unless PCI; none of the three: may be
 * assigned in VDEV_CTRL_ASSIGN. LOC_NO: loc forbidden; VDEV_MEM / VDEV_X86_IO / VDEV_PCI: allowed location kinds
 * (qvm checks them); none: may be assigned in VDEV_CTRL_ASSIGN. MUTEX: qvm initialises v_mtx; MUTEX_RECURSIVE:
 * must be given together with MUTEX. RC: remote control, reserved. MANUAL_REGION: vdev creates its region itself,
 * else qvm does when the vdev is complete. RESERVED: internal.
 * Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_factory_flags.html
 */
export type vdev_factory_flags = u32;
export const VFF_NONE: vdev_factory_flags = 0;
export const VFF_RESERVED: vdev_factory_flags = 1;
export const VFF_INTR_NO: vdev_factory_flags = 2;
export const VFF_INTR_REQ: vdev_factory_flags = 4;
export const VFF_INTR_NONPCI: vdev_factory_flags = 8;
export const VFF_LOC_NO: vdev_factory_flags = 16;
export const VFF_VDEV_MEM: vdev_factory_flags = 32;
export const VFF_VDEV_X86_IO: vdev_factory_flags = 64;
export const VFF_VDEV_PCI: vdev_factory_flags = 128;
export const VFF_VDEV_LOC_TYPES: vdev_factory_flags = 224;
export const VFF_MUTEX: vdev_factory_flags = 0x100;
export const VFF_MUTEX_RECURSIVE: vdev_factory_flags = 0x200;
export const VFF_RC: vdev_factory_flags = 0x400;
export const VFF_MANUAL_REGION: vdev_factory_flags = 0x800;

/**
 * Result of vread/vwrite/instruction callbacks. NORMAL: done, go to next instruction; NO_ADVANCE: done, stay;
 * ABORT: drop the emulation and restart the guest (internal); BUS_ERROR: qvm raises a bus error in the guest;
 * CONTINUE: only for instruction callbacks, keep looking; TERMINATE: shut qvm down; ERRNO + errno value: emulation
 * failed.
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_ref_status.html
 */
export type vdev_ref_status = u32;
export const VRS_NORMAL: vdev_ref_status = 0;
export const VRS_NO_ADVANCE: vdev_ref_status = 1;
export const VRS_ABORT: vdev_ref_status = 2;
export const VRS_BUS_ERROR: vdev_ref_status = 3;
export const VRS_CONTINUE: vdev_ref_status = 4;
export const VRS_TERMINATE: vdev_ref_status = 5;
export const VRS_ERRNO: vdev_ref_status = 0x100;

/**
 * Control function of a factory: one function for every VDEV_CTRL_* value.
 * ctrl: VDEV_CTRL_*. arg: an option's argument, an integer for VDEV_CTRL_GEN_FDT, else NULL.
 * C: `int (*control)(vdev_t *vdev, unsigned ctrl, const char *arg)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 */
export type vdev_control_func_t = (vdev: vdev_t, ctrl: u32, arg: cstring) => i32;

/**
 * First call: initialise the instance state (arg NULL).
 * Phase: startup. Value: documented.
 * vdev_pulse() may be used only after this callback. Third-party 8.0 code sets default v_block type/location,
 * option defaults and its VIRTIO description here.
 */
export const VDEV_CTRL_OPTIONS_START: u32 = 0;

/**
 * Control is called with VDEV_CTRL_FIRST_OPTIDX + n when option_list[n] appears in the configuration; arg is the
 * option's argument.
 * Phase: startup. Value: vdevbox.
 * No page found gives its value.
 */
export const VDEV_CTRL_FIRST_OPTIDX: u32 = 0x100;

/**
 * All options of this vdev parsed: finalise (arg NULL).
 * Phase: startup. Value: documented.
 * Other vdevs and parts of the VM may still be unconfigured; some running-phase calls would work, many (e.g.
 * vdev_path()) would not: wait for GUEST_CONFIGURED. vio_init() belongs here.
 */
export const VDEV_CTRL_OPTIONS_END: u32 = 1;

/**
 * All user-given options of the VM are processed; the vdev must now check whether loc and intr were given and, if
 * it will use them, choose them itself.
 * Phase: startup. Value: vdevbox.
 * Only meaningful when the factory flags leave loc/intr optional. guest_intr_assign_auto() (8.0) is made for here.
 */
export const VDEV_CTRL_ASSIGN: u32 = 8;

/**
 * The vdev reports its PCI BARs. Use vio_ctrl_pci_bars() (VIRTIO) or vpci_ctrl_pci_bars().
 * Phase: startup. Value: vdevbox.
 * Result convention seen: 0 = no BARs (MMIO vdev); -6 = array of 6 vpci_bar objects supplied through arg.
 */
export const VDEV_CTRL_PCI_BARS: u32 = 10;

/**
 * Generate FDT information; arg is an integer: the FDT root node for vdevs.
 * Phase: startup. Value: documented.
 * Position in the startup sequence not stated. Third-party 8.0 code: vio_ctrl_gen_fdt(&vs, "name",
 * (int)(uintptr_t)arg).
 */
export const VDEV_CTRL_GEN_FDT: u32 = 6;

/**
 * Generate ACPI information (arg NULL).
 * Phase: startup. Value: documented.
 * Position in the startup sequence not stated.
 */
export const VDEV_CTRL_GEN_ACPI: u32 = 5;

/**
 * Control callback: VM fully configured; threads may be created; from here assume multi-threading (arg NULL).
 * Phase: running. Value: documented.
 * The demarcation between startup and running: first moment for vdev_thread_create(), vdev_path(), vdev_string()
 * and other running-phase calls; assume several threads from here on.
 */
export const VDEV_CTRL_GUEST_CONFIGURED: u32 = 2;

/**
 * Qvm is about to change the state of the vCPU thread that starts the guest. Place for 'boot' vdevs; not meant for
 * telling whether the VM is complete.
 * Phase: running. Value: vdevbox.
 * Also used to know which termination method applies (before/after the guest started).
 */
export const VDEV_CTRL_GUEST_STARTING: u32 = 9;

/**
 * Output status with qvm_report() (arg NULL).
 * Phase: both. Value: documented.
 * Triggered by SIGUSR2 to qvm (7.0, 7.1); by SIGUSR1 or SIGUSR2 (8.0). Use qvm_report().
 */
export const VDEV_CTRL_STATUS: u32 = 4;

/**
 * Power button (SIGTERM/SIGINT to qvm) - request for graceful shutdown.
 * Phase: both. Value: documented.
 * SIGTERM or SIGINT sent to qvm simulates the power button. Related: guest_button_register().
 */
export const VDEV_CTRL_BUTTON: u32 = 7;

/**
 * The qvm process is ending; clean up (arg NULL).
 * Phase: both. Value: documented.
 * Documented use: end worker threads (pthread_cancel + pthread_join), close connections to backends, quiesce
 * hardware. Whether it can arrive before the guest has started is not stated on the pages found.
 */
export const VDEV_CTRL_TERMINATE: u32 = 3;

/**
 * Serves a guest read: the value goes into oopnd with guest_cpu_write().
 * cookie: of the region that was hit. vopnd: the location in the vdev. oopnd: the other operand.
 * C: `enum vdev_ref_status (*vread)(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd, const
 * struct qvm_state_block *oopnd, struct guest_cpu *gcp)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 */
export type vdev_vread_func_t = (
  vdev: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
) => vdev_ref_status;

/**
 * Serves a guest write: the value comes from oopnd with guest_cpu_read().
 * As for vread.
 * C: `enum vdev_ref_status (*vwrite)(vdev_t *vdev, unsigned cookie, const struct qvm_state_block *vopnd, const
 * struct qvm_state_block *oopnd, struct guest_cpu *gcp)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 */
export type vdev_vwrite_func_t = (
  vdev: vdev_t,
  cookie: u32,
  vopnd: qvm_state_block,
  oopnd: qvm_state_block,
  gcp: guest_cpu_t,
) => vdev_ref_status;

/**
 * A guest timer fired.
 * data: as given to guest_timer_create(). tdp: give it to guest_timer_notify() for the next period.
 * C: `void (*timer)(vdev_t *vdev, void *data, const struct guest_timer_data *tdp, struct guest_cpu *gcp)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 */
export type vdev_timer_func_t = (vdev: vdev_t, data: usize, tdp: guest_timer_data, gcp: guest_cpu_t) => void;

/**
 * A pulse that vdev_pulse() prepared arrived.
 * C: `int (*pulse)(vdev_t *vdev, int8_t code)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 */
export type vdev_pulse_func_t = (vdev: vdev_t, code: i8) => i32;

/**
 * Start routine of a thread made with vdev_thread_create().
 * C: `void *vdev_thread_create_func_t(void *arg)`
 * Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_thread_create.html
 */
export type vdev_thread_create_func_t = (arg: usize) => usize;

/**
 * Changes a pin of the controller.
 * C: `int (*signal)(const struct guest_intr *gip, enum guest_intr_state gis)`
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type vdev_pic_signal_func_t = (gip: guest_intr, gis: guest_intr_state) => i32;

/**
 * Says which operations of the guest are to call guest_intr_notify().
 * C: `void (*notify)(const struct guest_intr *gip, enum guest_intr_notifications gin)`
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type vdev_pic_notify_func_t = (gip: guest_intr, gin: guest_intr_notifications) => void;

/**
 * Turns the text of a line into guest_intr.param.
 * C: `const char * (*parse)(struct guest_intr *gip, const char *name)`
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type vdev_pic_parse_func_t = (gip: guest_intr, name: cstring) => cstring;

/**
 * Turns guest_intr.param into text.
 * C: `size_t (*string)(const struct guest_intr *gip, char *buf, size_t buf_len)`
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type vdev_pic_string_func_t = (gip: guest_intr, buf: usize, buf_len: u32) => u32;

/**
 * Encodes the interrupt for a firmware table.
 * C: `ssize_t (*table_spec)(const struct guest_intr *gip, enum guest_table_spec_component component, void *buf,
 * size_t buf_len)`
 * Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
export type vdev_pic_table_spec_func_t = (
  gip: guest_intr,
  component: guest_table_spec_component,
  buf: usize,
  buf_len: u32,
) => i32;

/**
 * One vdev instance (typedef vdev_t). v_device: device state (extra_space bytes); v_factory; v_gsp: guest system
 * (removed in 8.0); v_block: location in the guest; v_intr: interrupt to the guest; v_mtx: mutex for the vdev's
 * own use; v_sched: scheduling for the vdev's threads.
 *
 * Layout: vdevbox. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/structvdev__s.html
 * Members and order are documented for 7.0; the offsets behind v_mtx follow from our pthread_mutex_t.
 */
@unmanaged
@final
export class vdev_s {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 72;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vdev_s {
    const address = heap.alloc(72);
    memory.fill(address, 0, 72);
    return changetype<vdev_s>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vdev_s {
    return changetype<vdev_s>(stack_alloc(72));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vdev_s {
    return changetype<vdev_s>(changetype<usize>(this) + index * 72);
  }

  /** the device's own state: extra_space bytes */
  get v_device(): usize {
    return load<usize>(changetype<usize>(this), 0);
  }
  set v_device(value: usize) {
    store<usize>(changetype<usize>(this), value, 0);
  }

  get v_factory(): vdev_factory {
    return changetype<vdev_factory>(load<usize>(changetype<usize>(this), 4));
  }
  set v_factory(value: vdev_factory) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 4);
  }

  /** guest system; gone in 8.0 */
  get v_gsp(): usize {
    return load<usize>(changetype<usize>(this), 8);
  }
  set v_gsp(value: usize) {
    store<usize>(changetype<usize>(this), value, 8);
  }

  /** location in the guest */
  get v_block(): qvm_state_block {
    return changetype<qvm_state_block>(changetype<usize>(this) + 16);
  }

  /** interrupt to the guest */
  get v_intr(): guest_intr {
    return changetype<guest_intr>(changetype<usize>(this) + 32);
  }

  /** for the vdev's own use, with VFF_MUTEX */
  get v_mtx(): pthread_mutex_t {
    return changetype<pthread_mutex_t>(changetype<usize>(this) + 44);
  }

  /** scheduling for the vdev's threads */
  get v_sched(): qvm_sched_info {
    return changetype<qvm_sched_info>(changetype<usize>(this) + 60);
  }
}

/**
 * Template from which qvm makes vdev instances.
 *
 * Layout: documented. Seen in 7.0, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_factory.html
 * The 8.0 page swaps the meaning of vread and vwrite; the 7.0 page, guest_cpu_read() and working code agree that
 * vread serves a guest read. The 7.1 struct page was not found.
 */
@unmanaged
@final
export class vdev_factory {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 52;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vdev_factory {
    const address = heap.alloc(52);
    memory.fill(address, 0, 52);
    return changetype<vdev_factory>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vdev_factory {
    return changetype<vdev_factory>(stack_alloc(52));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vdev_factory {
    return changetype<vdev_factory>(changetype<usize>(this) + index * 52);
  }

  /** qvm's own: NULL */
  get next(): vdev_factory {
    return changetype<vdev_factory>(load<usize>(changetype<usize>(this), 0));
  }
  set next(value: vdev_factory) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 0);
  }

  /**
   * required
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set control(fn: vdev_control_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 4);
  }
  /** The index that is stored, 0 for NULL. */
  get control_index(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }

  /**
   * guest reads; without it the VM's unsupported option decides
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set vread(fn: vdev_vread_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 8);
  }
  /** The index that is stored, 0 for NULL. */
  get vread_index(): u32 {
    return load<u32>(changetype<usize>(this), 8);
  }

  /**
   * guest writes; without it the VM's unsupported option decides
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set vwrite(fn: vdev_vwrite_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 12);
  }
  /** The index that is stored, 0 for NULL. */
  get vwrite_index(): u32 {
    return load<u32>(changetype<usize>(this), 12);
  }

  /**
   * needed by vdevs that send themselves pulses
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set pulse(fn: vdev_pulse_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 16);
  }
  /** The index that is stored, 0 for NULL. */
  get pulse_index(): u32 {
    return load<u32>(changetype<usize>(this), 16);
  }

  /**
   * needed by vdevs that use guest_timer_notify()
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set timer(fn: vdev_timer_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 20);
  }
  /** The index that is stored, 0 for NULL. */
  get timer_index(): u32 {
    return load<u32>(changetype<usize>(this), 20);
  }

  /** for interrupt controllers */
  get pic(): vdev_pic_functions {
    return changetype<vdev_pic_functions>(load<usize>(changetype<usize>(this), 24));
  }
  set pic(value: vdev_pic_functions) {
    store<usize>(changetype<usize>(this), changetype<usize>(value), 24);
  }

  /** names of own options, ended by NULL */
  get option_list(): usize {
    return load<usize>(changetype<usize>(this), 28);
  }
  set option_list(value: usize) {
    store<usize>(changetype<usize>(this), value, 28);
  }

  /** normally NULL: the module's name is used */
  get name(): cstring {
    return load<cstring>(changetype<usize>(this), 32);
  }
  set name(value: cstring) {
    store<cstring>(changetype<usize>(this), value, 32);
  }

  /** VFF_* */
  get factory_flags(): u32 {
    return load<u32>(changetype<usize>(this), 36);
  }
  set factory_flags(value: u32) {
    store<u32>(changetype<usize>(this), value, 36);
  }

  /** bit set of 1 << width in bytes */
  get acc_sizes(): u32 {
    return load<u32>(changetype<usize>(this), 40);
  }
  set acc_sizes(value: u32) {
    store<u32>(changetype<usize>(this), value, 40);
  }

  /** bytes at v_device */
  get extra_space(): u32 {
    return load<u32>(changetype<usize>(this), 44);
  }
  set extra_space(value: u32) {
    store<u32>(changetype<usize>(this), value, 44);
  }

  /** VDEV_SAFETY_SELECTED; 7.0 only */
  get safety(): u32 {
    return load<u32>(changetype<usize>(this), 48);
  }
  set safety(value: u32) {
    store<u32>(changetype<usize>(this), value, 48);
  }
}

/**
 * Extra callbacks of a PIC vdev: flags; mask isolating the pin index in param; signal: change a pin; notify: say
 * which operations should call guest_intr_notify(); parse / string: param <-> text; table_spec: encode the
 * interrupt for a firmware table.
 *
 * Layout: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev-core/vdev_pic_functions.html
 */
@unmanaged
@final
export class vdev_pic_functions {
  /** `sizeof` in C, in bytes. */
  static readonly SIZEOF: i32 = 28;

  /** Zeroed bytes for one, never given back: for module start and startup. */
  static alloc(): vdev_pic_functions {
    const address = heap.alloc(28);
    memory.fill(address, 0, 28);
    return changetype<vdev_pic_functions>(address);
  }

  /** One that lasts until the callback returns: a local variable of C. Its bytes are undefined. */
  @inline
  static local(): vdev_pic_functions {
    return changetype<vdev_pic_functions>(stack_alloc(28));
  }

  /** Element of an array that begins here: `pointer[index]`. */
  @inline
  at(index: i32): vdev_pic_functions {
    return changetype<vdev_pic_functions>(changetype<usize>(this) + index * 28);
  }

  get flags(): u32 {
    return load<u32>(changetype<usize>(this), 0);
  }
  set flags(value: u32) {
    store<u32>(changetype<usize>(this), value, 0);
  }

  /** isolates the pin index in guest_intr.param */
  get pnum_mask(): u32 {
    return load<u32>(changetype<usize>(this), 4);
  }
  set pnum_mask(value: u32) {
    store<u32>(changetype<usize>(this), value, 4);
  }

  /**
   * changes a pin
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set signal(fn: vdev_pic_signal_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 8);
  }
  /** The index that is stored, 0 for NULL. */
  get signal_index(): u32 {
    return load<u32>(changetype<usize>(this), 8);
  }

  /**
   * says which operations are to call guest_intr_notify()
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set notify(fn: vdev_pic_notify_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 12);
  }
  /** The index that is stored, 0 for NULL. */
  get notify_index(): u32 {
    return load<u32>(changetype<usize>(this), 12);
  }

  /**
   * text to param
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set parse(fn: vdev_pic_parse_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 16);
  }
  /** The index that is stored, 0 for NULL. */
  get parse_index(): u32 {
    return load<u32>(changetype<usize>(this), 16);
  }

  /**
   * param to text
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set string(fn: vdev_pic_string_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 20);
  }
  /** The index that is stored, 0 for NULL. */
  get string_index(): u32 {
    return load<u32>(changetype<usize>(this), 20);
  }

  /**
   * encodes the interrupt for a firmware table
   * Takes a function of the module; what is stored is its index in the module's table.
   */
  set table_spec(fn: vdev_pic_table_spec_func_t) {
    store<u32>(changetype<usize>(this), fn.index, 24);
  }
  /** The index that is stored, 0 for NULL. */
  get table_spec_index(): u32 {
    return load<u32>(changetype<usize>(this), 24);
  }
}

/**
 * Adds the vdev's factory to qvm's list; normally called from an __attribute__((constructor)) function when the
 * .so is loaded.
 * factory: must have static lifetime; the pointer is handed over this one time. abi_version: QVM_VDEV_ABI.
 *
 * C: `void vdev_register_factory(struct vdev_factory *factory, unsigned abi_version)`
 * Phase: module-start (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_register_factory.html
 */
// @ts-ignore: decorator
@external("qvm", "vdev_register_factory")
export declare function vdev_register_factory(factory: vdev_factory, abi_version: u32): void;

/**
 * Fills a sigevent so that its delivery invokes the factory pulse() routine.
 * May be called only after VDEV_CTRL_OPTIONS_START. Meaning of each argument not in the text found. 8.0 page not
 * found. Here: MsgDeliverEvent() and the timers of timer_create() deliver the sigevent, priority and coid are kept
 * and not used, and a vdev without a pulse callback that gets one breaks a rule.
 *
 * C: `void vdev_pulse(vdev_t *vdp, int8_t code, int priority, struct sigevent *ev, int coid)`
 * Phase: after-options-start (documented). Thread safe: unknown. Threads: any (inferred). May block: no
 * (inferred).
 * Prototype: documented. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_pulse.html
 */
// @ts-ignore: decorator
@external("qvm", "vdev_pulse")
export declare function vdev_pulse(vdp: vdev_t, code: i8, priority: i32, ev: sigevent, coid: i32): void;

// @ts-ignore: decorator
@external("qvm", "vdev_thread_create")
declare function raw_vdev_thread_create(
  vdp: vdev_t,
  name: cstring,
  thread: usize,
  attr: pthread_attr_t | null,
  start_routine: u32,
  arg: usize,
): i32;

/**
 * pthread_create() for a vdev, plus pthread_setname_np() with name.
 * as pthread_create(); name: thread name.
 * Threads may be created from VDEV_CTRL_GUEST_CONFIGURED on. vdev_thread_create_func_t: prototype not found.
 * 7.0/7.1: named in the qvm_term examples only.
 *
 * C: `int vdev_thread_create(const vdev_t *vdp, const char *name, pthread_t *thread, pthread_attr_t *attr,
 * vdev_thread_create_func_t start_routine, void *arg)`
 * Phase: running (documented). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_thread_create.html
 * @returns what pthread_create() returns.
 */
export function vdev_thread_create(
  vdp: vdev_t,
  name: cstring,
  thread: usize,
  attr: pthread_attr_t | null,
  start_routine: vdev_thread_create_func_t,
  arg: usize,
): i32 {
  return raw_vdev_thread_create(vdp, name, thread, attr, start_routine.index, arg);
}

/**
 * Builds a readable 'name + location' string for a vdev.
 * buf may be NULL with count 0 to learn the size.
 * Only from VDEV_CTRL_GUEST_CONFIGURED on.
 *
 * C: `int vdev_string(char *buf, size_t count, const vdev_t *vdp)`
 * Phase: running (documented). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/vdev_string.html
 * @returns length without the terminating NUL that the full text needs (snprintf style).
 */
// @ts-ignore: decorator
@external("qvm", "vdev_string")
export declare function vdev_string(buf: usize, count: u32, vdp: vdev_t): i32;

/**
 * Gives the path of a vdev's node under /dev/qvm. No page shows its prototype: this one follows vdev_string().
 *
 * C: `int vdev_path(char *buf, size_t count, const vdev_t *vdp)`
 * Phase: running (documented). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0, 7.1. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/manual/func_safety.html
 * @returns length without the terminating NUL that the full text needs
 */
// @ts-ignore: decorator
@external("qvm", "vdev_path")
export declare function vdev_path(buf: usize, count: u32, vdp: vdev_t): i32;

/**
 * Turns an error of guest_cpu_read()/guest_cpu_write() into a vread/vwrite result: -1 -> VRS_BUS_ERROR, else
 * VRS_ERRNO + errcode. Assumes the value is an error.
 * A pure conversion helper declared static in the header; not listed in any safety table found.
 *
 * C: `static enum vdev_ref_status guest_cpu_to_vrs(int const errcode)`
 * Phase: running (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/guest_cpu_to_vrs.html
 * @returns vdev_ref_status
 */
export { guest_cpu_to_vrs } from "./assembly/vdev-core";
