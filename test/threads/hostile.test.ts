/** Modules whose threads would harm the host, or each other, if it let them. */
import { expect, it } from "vitest";
import { VmSnapshot } from "../../host/vm/snapshot.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { TABLE, type WatVdev, watVdev } from "../support/wat-vdev.ts";

const DEVICE = 0x1c000000n;
const THREAD_ID = 96;
const SEEN = 104;

/** Imports, and the function that threads run. */
const thread = (body: string) => `
  (import "posix" "pthread_create" (func $create (param i32 i32 i32 i32) (result i32)))
  (import "posix" "pthread_cancel" (func $cancel (param i32) (result i32)))
  (import "posix" "pthread_join" (func $join (param i32 i32) (result i32)))
  (import "posix" "delay" (func $delay (param i32) (result i32)))
  (import "posix" "sched_yield" (func $yield (result i32)))
  (import "posix" "errno_get" (func $errno (result i32)))
  (func $thread (param $arg i32) (param i32) (result i32) ${body} (i32.const 0))
  (elem (i32.const ${TABLE.extra}) $thread)`;
const start = (arg = 0) =>
  `(drop (call $create (i32.const ${THREAD_ID}) (i32.const 0) (i32.const ${TABLE.extra}) (i32.const ${arg})))`;
const answer = `(i32.store offset=32 (local.get $gcp) (i32.load (i32.const ${SEEN})))
  (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;

function vmOf(vdev: WatVdev, seed?: number): Vm {
  return createVm(vmPlan([vdevPlan(moduleFile(watVdev(vdev)))], { policy: "report", seed }));
}

const faults = (vm: Vm) => vm.findings.all.flatMap((one) => (one.severity === "fault" ? [one.message] : []));

it("a module without memory for one more frame faults, the host does not", () => {
  const vm = vmOf({
    memory: "16 16",
    fields: thread("(drop (call $delay (i32.const 10)))"),
    vwrite: `${start()} (i32.const 0)`,
  });
  for (let n = 0; n < 15; n++) write(vm, DEVICE, 0n);
  const [instance] = vm.instances;
  const takeAll = () => {
    for (;;) instance!.alloc(512);
  };
  expect(takeAll).toThrow();
  expect(read(vm, DEVICE)[0]).not.toBe(0);
  expect(faults(vm).join()).toMatch(/could not give the host/);
});

it("threads cancelled deep in a recursion leave no stack depth behind", () => {
  const vm = vmOf({
    fields: `${thread("(drop (call $deeper (i32.const 60)))")}
      (func $deeper (param $n i32) (result i32)
        (if (i32.eqz (local.get $n)) (then (drop (call $delay (i32.const 10))) (return (i32.const 0))))
        (i32.add (i32.const 1) (call $deeper (i32.sub (local.get $n) (i32.const 1)))))`,
    vwrite: `${start()} (i32.const 0)`,
    vread: `(drop (call $cancel (i32.load (i32.const ${THREAD_ID}))))
      (drop (call $join (i32.load (i32.const ${THREAD_ID})) (i32.const 0))) ${answer}`,
  });
  for (let n = 0; n < 20; n++) {
    write(vm, DEVICE, 0n);
    read(vm, DEVICE);
  }
  expect(faults(vm)).toEqual([]);
});

it("a VM that is put back takes the same turns again, also with a seed", () => {
  const body = `(local $i i32) (local.set $i (i32.const 20))
    (loop $again
      (i32.store (i32.const ${SEEN}) (i32.add (i32.mul (i32.load (i32.const ${SEEN})) (i32.const 3)) (local.get $arg)))
      (drop (call $errno))
      (local.set $i (i32.sub (local.get $i) (i32.const 1)))
      (br_if $again (local.get $i)))`;
  const vm = vmOf({ fields: thread(body), vwrite: `${start(1)} ${start(2)} (i32.const 0)`, vread: answer }, 3);
  const before = new VmSnapshot(vm);
  const seen = Array.from({ length: 4 }, () => {
    write(vm, DEVICE, 0n);
    const [, value] = read(vm, DEVICE);
    before.restore();
    return value;
  });
  expect(new Set(seen).size).toBe(1);
});

it("sched_yield() lets a thread that waits for its turn go first", () => {
  const vm = vmOf({
    fields: thread(`(i32.store (i32.const ${SEEN}) (i32.const 1))`),
    vwrite: `${start()} (loop $again (drop (call $yield)) (br_if $again (i32.eqz (i32.load (i32.const ${SEEN}))))) (i32.const 0)`,
  });
  expect(write(vm, DEVICE, 0n)).toBe(0);
  expect(faults(vm)).toEqual([]);
});
