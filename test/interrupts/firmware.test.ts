/**
 * What a controller that is a vdev says of a line: table_spec for firmware tables, GIPF_* flags in guest_intr.param.
 * Oracle: vdev_pic_functions and guest_intr of the 7.0.0 reference (pnum_mask isolates the line, param has flags beside
 * it), and docs/interrupts.md for what that leaves open.
 */
import { describe, expect, it } from "vitest";
import { startConfig } from "../support/vm-of-config.ts";
import { AT, type WatVdev, watVdev } from "../support/wat-vdev.ts";

const at = (offset: number) => `(i32.const ${AT.scratch + offset})`;
const FLAG = 0x1000;
const SIGNAL = 8;
const NOTIFY = 9;
const PARSE = 10;
const TABLE_SPEC = 11;

/**
 * A controller of 16 lines that tells each call about a line with its param. `parse` takes one digit and sets a flag;
 * `table_spec` writes param and component and answers as it is told.
 */
const controller = (answer = "(i32.const 8)", more: Partial<NonNullable<WatVdev["pic"]>> = {}) =>
  watVdev({
    pic: { pnum_mask: 15, signal: SIGNAL, notify: NOTIFY, parse: PARSE, table_spec: TABLE_SPEC, ...more },
    fields: `
      (import "qvm" "vdev_logf" (func $logf (param i32 i32 i32 i32)))
      (elem (i32.const ${SIGNAL}) $signal $notify $parse $table_spec)
      (data ${at(0)} "signal %x\\00") (data ${at(16)} "notify %x\\00") (data ${at(32)} "table %x %x %x\\00")
      (func $tell (param $gip i32) (param $text i32)
        (i32.store ${at(64)} (i32.load offset=4 (local.get $gip)))
        (call $logf (i32.const 0) (i32.load (local.get $gip)) (local.get $text) ${at(64)}))
      (func $signal (param $gip i32) (param i32) (result i32) (call $tell (local.get $gip) ${at(0)}) (i32.const 0))
      (func $notify (param $gip i32) (param i32) (call $tell (local.get $gip) ${at(16)}))
      (func $parse (param $gip i32) (param $name i32) (result i32)
        (i32.store offset=4 (local.get $gip)
          (i32.or (i32.const ${FLAG}) (i32.sub (i32.load8_u (local.get $name)) (i32.const 48))))
        (i32.add (local.get $name) (i32.const 1)))
      (func $table_spec (param $gip i32) (param $component i32) (param $buf i32) (param $len i32) (result i32)
        (i32.store ${at(72)} (local.get $component)) (i32.store ${at(80)} (local.get $len))
        (call $tell (local.get $gip) ${at(32)})
        (i32.store (local.get $buf) (i32.load offset=4 (local.get $gip)))
        (i32.store offset=4 (local.get $buf) (i32.const 0x01020304))
        ${answer})`,
  });

/** Raises its interrupt when the guest writes. */
const CLIENT = watVdev({
  fields: `(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))`,
  vwrite: "(drop (call $signal (i32.add (local.get $vdp) (i32.const 32)) (i32.const 1))) (i32.const 0)",
});

const TEXT = "vdev mypic loc 0x1000 name pic0\nvdev client loc 0x2000 name a intr pic0:3";

/** What was said, `severity source: text`. */
function said(modules: Record<string, Uint8Array>, text = TEXT, machine = "set vdevbox-architecture arm\n") {
  const { vm, error, events } = startConfig(modules, machine + text);
  const lines = () =>
    events.flatMap((event) => (event.kind === "log" ? [`${event.severity} ${event.source}: ${event.text}`] : []));
  return { vm, error, lines: lines() };
}

describe("table_spec", () => {
  it.each(["arm", "x86"])(
    "is asked once for each vdev on the controller's lines (%s), and its answer is logged",
    (machine) => {
      const text = `${TEXT}\nvdev client loc 0x3000 name b intr pic0:5\nvdev client loc 0x4000 name c intr gic:40`;
      const { lines } = said({ mypic: controller(), client: CLIENT }, text, `set vdevbox-architecture ${machine}\n`);
      expect(lines.filter((line) => line.includes("table"))).toEqual([
        "info pic0: table 1003 0 100",
        "debug pic0: table_spec describes the interrupt of a in 8 bytes: 0310000004030201",
        "info pic0: table 1005 0 100",
        "debug pic0: table_spec describes the interrupt of b in 8 bytes: 0510000004030201",
      ]);
    },
  );

  it("is not asked when no table describes the VM, nor when the controller has none", () => {
    const quiet = (modules: Record<string, Uint8Array>, machine?: string) =>
      said(modules, TEXT, machine).lines.filter((line) => line.includes("table"));
    expect(quiet({ mypic: controller(), client: CLIENT }, "")).toEqual([]);
    expect(quiet({ mypic: controller(undefined, { table_spec: 0 }), client: CLIENT })).toEqual([]);
  });

  it.each([
    ["(i32.const 0)", "debug pic0: table_spec describes the interrupt of a in 0 bytes"],
    ["(i32.const -22)", "warn pic0: table_spec of the interrupt of a answered -EINVAL (-22)"],
    ["(i32.const 257)", "warn pic0: table_spec of the interrupt of a answered 257, and its buffer has 256 bytes"],
    [
      "(i32.const 0x7fffffff)",
      "warn pic0: table_spec of the interrupt of a answered 2147483647, and its buffer has 256 bytes",
    ],
  ])("may answer %s: the VM starts, and it is told", (answer, sentence) => {
    const { error, lines } = said({ mypic: controller(answer), client: CLIENT });
    expect(error).toBe("");
    expect(lines).toContain(sentence);
  });

  it("that faults stops the start with a sentence", () => {
    const { vm, error } = said({ mypic: controller("(unreachable)"), client: CLIENT });
    expect(vm).toBeUndefined();
    expect(error).toMatch(/the VM cannot start: pic0/);
  });
});

describe("flags beside the line in guest_intr.param", () => {
  it("that parse has set reach notify, table_spec and signal, and the line is what pnum_mask leaves", () => {
    const { vm, lines } = said({ mypic: controller(), client: CLIENT });
    expect(lines.filter((line) => line.startsWith("info pic0"))).toEqual([
      "info pic0: table 1003 0 100",
      "info pic0: notify 1003",
    ]);
    const later: string[] = [];
    vm!.listener = (event) => void (event.kind === "log" && later.push(event.text));
    vm!.write("memory", 0x2000, 0, 4, 1, 0, 0);
    expect(later).toEqual(["signal 1003"]);
    expect(vm!.lines.high()).toEqual(["pic0:3"]);
  });
});
