import { AT, type WatVdev, watVdev } from "./wat-vdev.ts";

/** Values a guest writes to the device, and what they end the VM with. */
export const WRITE = {
  terminate40: 1,
  bite: 2,
  trap: 3,
  fatal: 4,
  vrsTerminate: 5,
  biteWithDump: 6,
  dump: 7,
  /** The next STATUS ends the VM with 42. */
  endInStatus: 8,
} as const;

const TEXT = { status: AT.scratch + 256, button: AT.scratch + 288, end: AT.scratch + 320, fatal: AT.scratch + 352 };
const report = (text: number) => `(call $report (i32.const ${text}) (i32.const ${AT.scratch}))`;

/**
 * A vdev of 4096 bytes that ends the VM in every way there is. It reports "status N" (N: writes so far), "pressed" and
 * "terminated"; has a power button with the option `button`; with `fatal` it ends the start with qvm_fatal(), with
 * `hang` it never comes back from its TERMINATE. A read answers 7, and 1 once the button was pressed.
 */
export const ENDING_VDEV: WatVdev = {
  fields: `
    (import "qvm" "guest_terminate" (func $end (param i32)))
    (import "qvm" "wdog_bite" (func $bite (param i32)))
    (import "qvm" "qvm_fatal" (func $fatal (param i32 i32 i32)))
    (import "qvm" "qvm_report" (func $report (param i32 i32)))
    (import "qvm" "guest_button_register" (func $button (param i32) (result i32)))
    (import "qvm" "guest_write_core_file" (func $dump (result i32)))
    (global $writes (mut i32) (i32.const 0)) (global $answer (mut i32) (i32.const 7))
    (global $hangs (mut i32) (i32.const 0)) (global $ends (mut i32) (i32.const 0))
    (data (i32.const ${TEXT.status}) "status %d\\00") (data (i32.const ${TEXT.button}) "pressed\\00")
    (data (i32.const ${TEXT.end}) "terminated\\00") (data (i32.const ${TEXT.fatal}) "it is over\\00")`,
  options: ["0button", "0fatal", "0hang"],
  control: `
    (if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
    (if (i32.eq (local.get $ctrl) (i32.const 0x100)) (then (drop (call $button (local.get $vdp)))))
    (if (i32.eq (local.get $ctrl) (i32.const 0x101)) (then
      (call $fatal (i32.const 0) (i32.const ${TEXT.fatal}) (i32.const ${AT.scratch}))))
    (if (i32.eq (local.get $ctrl) (i32.const 0x102)) (then (global.set $hangs (i32.const 1))))
    (if (i32.and (i32.eq (local.get $ctrl) (i32.const 4)) (global.get $ends)) (then (call $end (i32.const 42))))
    (if (i32.eq (local.get $ctrl) (i32.const 4)) (then
      (i32.store (i32.const ${AT.scratch}) (global.get $writes)) ${report(TEXT.status)}))
    (if (i32.eq (local.get $ctrl) (i32.const 7)) (then (global.set $answer (i32.const 1)) ${report(TEXT.button)}))
    (if (i32.eq (local.get $ctrl) (i32.const 3)) (then ${report(TEXT.end)}
      (if (global.get $hangs) (then (loop $for_ever (br $for_ever))))))
    (i32.const 0)`,
  vread: `(i32.store offset=32 (local.get $gcp) (global.get $answer))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  vwrite: `(local $value i32)
    (local.set $value (i32.load offset=32 (local.get $gcp)))
    (global.set $writes (i32.add (global.get $writes) (i32.const 1)))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.terminate40})) (then (call $end (i32.const 40))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.bite})) (then
      (i32.store (i32.const ${AT.scratch}) (i32.const 1)) (call $bite (i32.const ${AT.scratch}))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.biteWithDump})) (then
      (i32.store (i32.const ${AT.scratch}) (i32.const 0x101)) (call $bite (i32.const ${AT.scratch}))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.trap})) (then (unreachable)))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.fatal})) (then
      (call $fatal (i32.const 0) (i32.const ${TEXT.fatal}) (i32.const ${AT.scratch}))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.vrsTerminate})) (then (return (i32.const 5))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.endInStatus})) (then (global.set $ends (i32.const 1))))
    (if (i32.eq (local.get $value) (i32.const ${WRITE.dump})) (then
      (if (call $dump) (then (return (i32.const 3)))))) ;; VRS_BUS_ERROR when there is none
    (i32.const 0)`,
};

export const endingVdev = (): Uint8Array<ArrayBuffer> => watVdev(ENDING_VDEV);
