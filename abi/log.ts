/** <qvm/log.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { NO_ARGUMENT, stack_alloc, stack_release } from "./runtime/frame";
import { cstring } from "./string";
import { vdev_t } from "./vdev-core";

/** Log level: error. The same number as QVM_OUTE_QVM. (vdevbox) */
export const QL_QVM_ERR: u32 = 0x3000000;

/** Log level: debug. The same number as QVM_OUTD_QVM. (vdevbox) */
export const QL_QVM_DBG: u32 = 0x6000000;

// @ts-ignore: decorator
@external("qvm", "vdev_logf")
declare function raw_vdev_logf(attr: u32, vdp: vdev_t, fmt: cstring, args: usize): void;

function vdev_logf_slots(
  attr: u32,
  vdp: vdev_t,
  fmt: cstring,
  a0: u64,
  a1: u64,
  a2: u64,
  a3: u64,
  a4: u64,
  a5: u64,
): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_vdev_logf(attr, vdp, fmt, _slots);
  stack_release(_slots);
}

/**
 * printf-like message with the vdev as source; never terminates qvm. The vdev's own 'log' option can route it
 * separately from 'logger'.
 * 8.0 level: QL_CNF_* or QL_QVM_*.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void vdev_logf(const unsigned int attr, const vdev_t *const vdp, const char *const fmt, ...)`
 * Phase: unknown. Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/vdev_logf.html
 */
// @ts-ignore: decorator
@inline
export function vdev_logf(
  attr: u32,
  vdp: vdev_t,
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  vdev_logf_slots(attr, vdp, fmt, a0, a1, a2, a3, a4, a5);
}

// @ts-ignore: decorator
@external("qvm", "qvm_report")
declare function raw_qvm_report(fmt: cstring, args: usize): void;

function qvm_report_slots(fmt: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_qvm_report(fmt, _slots);
  stack_release(_slots);
}

/**
 * Status output from VDEV_CTRL_STATUS. 8.0: on SIGUSR1 logged at INFO level, on SIGUSR2 added to the dump file.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void qvm_report(char const *fmt, ...)`
 * Phase: running (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: inferred. Seen in 7.0, 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/8.0/com.qnx.doc.hypervisor.vdev.api/topic/qvm_report.html
 */
// @ts-ignore: decorator
@inline
export function qvm_report(
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  qvm_report_slots(fmt, a0, a1, a2, a3, a4, a5);
}
