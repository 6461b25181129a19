/** <qvm/outpipe.h>, for vdevs in AssemblyScript. Generated from abi/definition by build/generators: do not edit. */

import { NO_ARGUMENT, stack_alloc, stack_release } from "./runtime/frame";
import { cstring } from "./string";

/** First bit of the label in the 4-byte attribute. */
export const QVM_OUTAL_OFFSET: u32 = 24;

/** Bits of the label. */
export const QVM_OUTAL_MASK: u32 = 0xff000000;

/** First bit of the return code. */
export const QVM_OUTAC_OFFSET: u32 = 16;

/** Bits of the return code. */
export const QVM_OUTAC_MASK: u32 = 0xff0000;

/** The source part of the return code. */
export const QVM_OUTAC_SRC_MASK: u32 = 0xf00000;

/** Label of messages that end qvm. (vdevbox) */
export const QVM_OUTAL_FATAL: u32 = 1;

/** Label of internal errors, which end qvm. (vdevbox) */
export const QVM_OUTAL_INTERNAL: u32 = 2;

/** Attribute: fatal, source qvm. (vdevbox) */
export const QVM_OUTF_QVM: u32 = 0x1000000;

/** Attribute: internal error, source qvm. (vdevbox) */
export const QVM_OUTN_QVM: u32 = 0x2000000;

/** Attribute: information, source qvm. (vdevbox) */
export const QVM_OUTI_QVM: u32 = 0x5000000;

/** Attribute: error, source qvm. (vdevbox) */
export const QVM_OUTE_QVM: u32 = 0x3000000;

/** Attribute: warning, source qvm. (vdevbox) */
export const QVM_OUTW_QVM: u32 = 0x4000000;

/** Attribute: debug, source qvm. (vdevbox) */
export const QVM_OUTD_QVM: u32 = 0x6000000;

/** Attribute: verbose, source qvm. (vdevbox) */
export const QVM_OUTV_QVM: u32 = 0x7000000;

// @ts-ignore: decorator
@external("qvm", "qvm_logf")
declare function raw_qvm_logf(attr: u32, fmt: cstring, args: usize): void;

function qvm_logf_slots(attr: u32, fmt: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_qvm_logf(attr, fmt, _slots);
  stack_release(_slots);
}

/**
 * printf-like message to the outpipes, for errors that are neither fatal nor internal.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void qvm_logf(const unsigned int attr, const char *const fmt, ...)`
 * Phase: both (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: documented. Seen in 7.1. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/qvm_logf.html
 */
// @ts-ignore: decorator
@inline
export function qvm_logf(
  attr: u32,
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  qvm_logf_slots(attr, fmt, a0, a1, a2, a3, a4, a5);
}

// @ts-ignore: decorator
@external("qvm", "qvm_outf")
declare function raw_qvm_outf(attr: u32, fmt: cstring, args: usize): void;

function qvm_outf_slots(attr: u32, fmt: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_qvm_outf(attr, fmt, _slots);
  stack_release(_slots);
}

/**
 * printf-like output with an attribute; returns unless the label is FATAL or INTERNAL, which ends the qvm process.
 * The way to stop before the guest has started; the call form is known, the prototype is not.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void qvm_outf(unsigned attr, const char *fmt, ...)`
 * Phase: both (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev/topic/intro/terminate.html
 */
// @ts-ignore: decorator
@inline
export function qvm_outf(
  attr: u32,
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  qvm_outf_slots(attr, fmt, a0, a1, a2, a3, a4, a5);
}

// @ts-ignore: decorator
@external("qvm", "qvm_outff")
declare function raw_qvm_outff(attr: u32, fmt: cstring, args: usize): void;

function qvm_outff_slots(attr: u32, fmt: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_qvm_outff(attr, fmt, _slots);
  stack_release(_slots);
}

/**
 * Variant of qvm_outf() for fatal errors: it does not return.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void qvm_outff(unsigned attr, const char *fmt, ...)`
 * Phase: both (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev/topic/intro/terminate.html
 */
// @ts-ignore: decorator
@inline
export function qvm_outff(
  attr: u32,
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  qvm_outff_slots(attr, fmt, a0, a1, a2, a3, a4, a5);
}

// @ts-ignore: decorator
@external("qvm", "qvm_fatal")
declare function raw_qvm_fatal(attr: u32, fmt: cstring, args: usize): void;

function qvm_fatal_slots(attr: u32, fmt: cstring, a0: u64, a1: u64, a2: u64, a3: u64, a4: u64, a5: u64): void {
  const _slots = stack_alloc(48);
  store<u64>(_slots, a0, 0);
  store<u64>(_slots, a1, 8);
  store<u64>(_slots, a2, 16);
  store<u64>(_slots, a3, 24);
  store<u64>(_slots, a4, 32);
  store<u64>(_slots, a5, 40);
  raw_qvm_fatal(attr, fmt, _slots);
  stack_release(_slots);
}

/**
 * Prints a message and ends qvm; named by the vdev_logf() and qvm_logf() pages.
 * At most 6 arguments after the format, integers, addresses or C strings; a double as reinterpret<u64>(x).
 * Nothing is allocated: the arguments travel on the callback's stack.
 *
 * C: `void qvm_fatal(unsigned attr, const char *fmt, ...)`
 * Phase: both (inferred). Thread safe: unknown. Threads: any (inferred). May block: no (inferred).
 * Prototype: vdevbox. Seen in 7.1, 8.0. Source:
 * https://www.qnx.com/developers/docs/7.1/com.qnx.doc.hypervisor.vdev.api/topic/vdev_logf.html
 */
// @ts-ignore: decorator
@inline
export function qvm_fatal(
  attr: u32,
  fmt: cstring,
  a0: u64 = NO_ARGUMENT,
  a1: u64 = NO_ARGUMENT,
  a2: u64 = NO_ARGUMENT,
  a3: u64 = NO_ARGUMENT,
  a4: u64 = NO_ARGUMENT,
  a5: u64 = NO_ARGUMENT,
): void {
  qvm_fatal_slots(attr, fmt, a0, a1, a2, a3, a4, a5);
}

/**
 * Extracts the label of an attribute.
 * Status: documented. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/outpipe/outpipe_h_defines.html
 */
// @ts-ignore: decorator
@inline
export function QVM_OUTAL_TRIM(attr: u32): u32 {
  return (attr & QVM_OUTAL_MASK) >> QVM_OUTAL_OFFSET;
}

/**
 * Extracts the return code of an attribute.
 * The definition is not known: this one mirrors QVM_OUTAL_TRIM.
 * Status: inferred. Seen in 7.0. Source:
 * https://www.qnx.com/developers/docs/7.0.0/com.qnx.doc.hypervisor.vdev.api/topic/outpipe/outpipe_h_defines.html
 */
// @ts-ignore: decorator
@inline
export function QVM_OUTAC_TRIM(attr: u32): u32 {
  return (attr & QVM_OUTAC_MASK) >> QVM_OUTAC_OFFSET;
}
