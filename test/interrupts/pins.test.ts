/**
 * `intr` in every form: several pins, lines by name, lines that are no device's. Oracle: the option page (the controller
 * exists and has the line), Arm IHI 0069 (SGIs 0-15, PPIs 16-31, SPIs from 32), and columns counted by hand.
 */
import { describe, expect, it } from "vitest";
import { vdev_s } from "../../abi/generated/layouts.ts";
import { startConfig } from "../support/vm-of-config.ts";
import { AT, watVdev } from "../support/wat-vdev.ts";

const at = (offset: number) => `(i32.const ${AT.scratch + offset})`;
/** Parses its `intr` itself and connects nothing: what is checked is checked by the host. */
const SEVERAL = watVdev({ options: ["intr"] });
const ONE = watVdev();
/** A controller of 8 lines whose `parse` knows the names a to h, takes one letter, and tells what it was given. */
const LETTERS = watVdev({
  pic: { pnum_mask: 7, signal: 8, parse: 9 },
  fields: `
    (import "qvm" "vdev_logf" (func $logf (param i32 i32 i32 i32)))
    (elem (i32.const 8) $signal $parse)
    (data ${at(0)} "parse %s\\00")
    (func $signal (param i32 i32) (result i32) (i32.const 0))
    (func $parse (param $gip i32) (param $name i32) (result i32) (local $line i32)
      (i32.store ${at(64)} (local.get $name))
      (call $logf (i32.const 0) (i32.load (local.get $gip)) ${at(0)} ${at(64)})
      (local.set $line (i32.sub (i32.load8_u (local.get $name)) (i32.const 97)))
      (if (i32.gt_u (local.get $line) (i32.const 7)) (then (return (i32.const 0))))
      (i32.store offset=4 (local.get $gip) (local.get $line))
      (i32.add (local.get $name) (i32.const 1)))`,
});
const MODULES = { several: SEVERAL, one: ONE, letters: LETTERS };

const start = (text: string) => {
  const { vm, error, events } = startConfig(MODULES, text);
  const logs = events.flatMap((event) =>
    event.kind === "log" ? [`${event.severity} ${event.source}: ${event.text}`] : [],
  );
  return { vm, error, logs };
};

describe("the pins of one intr", () => {
  it.each([
    ["vdev several loc 0x1000 intr gic:40,nobody:3", "vm.qvmconf:1:37: there is no interrupt controller nobody"],
    ["vdev several loc 0x1000 intr gic:40,gic:1020", "vm.qvmconf:1:37: gic has lines 0 to 1019, and not 1020"],
    ["vdev several loc 0x1000 intr gic:1020,gic:40", "vm.qvmconf:1:30: gic has lines 0 to 1019, and not 1020"],
    ["vdev several loc 0x1000 intr gic:40,gic:41,ioapic:24", "vm.qvmconf:1:44: ioapic has lines 0 to 23, and not 24"],
    ["vdev several loc 0x1000\n intr\n  gic:40,gic:41,gic:0x1x", "vm.qvmconf:3:17: "],
    [
      "vdev several loc 0x1000 intr gic:40,later:1\nvdev letters name later loc 0x2000",
      "vm.qvmconf:1:37: later comes after several",
    ],
    ['vdev several loc 0x1000 intr "gic:40,nobody:3"', "vm.qvmconf:1:30: there is no interrupt controller nobody"],
    ["vdev several loc 0x1000 intr gic:40,gic:41,apic", "vm.qvmconf:1:44: vdev several is no interrupt controller"],
    ["vdev one loc 0x1000 intr gic:40,gic:41", "vm.qvmconf:1:33: vdev one has one interrupt, and this gives it 2"],
  ])("%s: %s", (text, sentence) => {
    expect(start(text).error.startsWith(sentence)).toBe(true);
  });

  it("that are all right connect the first, and leave the others to the vdev", () => {
    const { vm, error } = start("vdev several loc 0x1000 intr gic:40,gic:41,ioapic:3");
    expect(error).toBe("");
    expect([...vm!.lines.all()].filter(({ state }) => state.sources.length > 0).map(({ line }) => line)).toEqual([40]);
  });
});

describe("a line by name", () => {
  it("reaches the controller's parse as it is written", () => {
    const text = "vdev letters name pic0 loc 0x1000\nvdev one name a loc 0x2000 intr pic0:c";
    const { vm, error, logs } = start(text);
    expect(error).toBe("");
    expect(logs).toContain("info pic0: parse c");
    expect([...vm!.lines.all()].filter(({ state }) => state.sources.length > 0).map(({ line }) => line)).toEqual([2]);
  });

  it.each([
    ["pic0:z", "vm.qvmconf:2:33: pic0 knows no line z"],
    ["pic0:cab", "vm.qvmconf:2:33: pic0 knows no line cab"],
    ["pic0:3", "vm.qvmconf:2:33: pic0 knows no line 3"],
    ["gic:c", "vm.qvmconf:2:33: gic knows no line c"],
    ["gic:", "vm.qvmconf:2:33: "],
    ["gic:4x", "vm.qvmconf:2:33: "],
    ["gic:-1", "vm.qvmconf:2:33: "],
  ])("that nobody knows is refused: %s", (pin, sentence) => {
    const { error } = start(`vdev letters name pic0 loc 0x1000\nvdev one name a loc 0x2000 intr ${pin}`);
    expect(error.startsWith(sentence)).toBe(true);
  });
});

describe("lines of a gic that are no device's", () => {
  it.each([
    [0, "only software raises it (SGI)"],
    [15, "only software raises it (SGI)"],
    [16, "it is each CPU's own (PPI)"],
    [31, "it is each CPU's own (PPI)"],
  ])("are told of: gic:%i", (line, why) => {
    const { error, logs } = start(`vdev one name a loc 0x1000 intr gic:${line}`);
    expect(error).toBe("");
    expect(logs).toContain(`warn a: gic:${line} is no line for a device: ${why}; those begin at 32 (vm.qvmconf:1:33)`);
  });

  it("are told of for every pin, and under another name; SPIs and other controllers' lines are not", () => {
    const warnings = (text: string) => start(text).logs.filter((line) => line.includes("no line for a device"));
    expect(warnings("vdev several loc 0x1000 intr gic:40,gic:3")).toHaveLength(1);
    expect(warnings("vdev gic name g\nvdev one loc 0x1000 intr g:3")).toHaveLength(1);
    expect(warnings("vdev one loc 0x1000 intr gic:32\nvdev one loc 0x2000 intr ioapic:3")).toEqual([]);
  });
});

describe("options of a gic", () => {
  it("given more than once are told of, and the last counts", () => {
    const { error, logs } = start("vdev gic version 2 version 3 gicd 1 gicr 2 gicr 3");
    expect(error).toBe("");
    const told = logs.filter((line) => line.includes("more than once"));
    expect(told).toEqual(
      ["version", "gicr"].map((name) => expect.stringContaining(`gic was given ${name} more than once`)),
    );
    expect(logs.filter((line) => line.includes("version, gicd, gicr has no effect"))).toHaveLength(1);
    expect(start("vdev gic version 2 msi 0,40,8 version 3").error).toBe(
      "vm.qvmconf:1:39: a gic has msi in version 2 only",
    );
  });
});

describe("v_sched", () => {
  const schedOf = (text: string) => {
    const { vm } = start(text);
    const { instance, vdp } = vm!.vdevs[0]!;
    return [0, 4].map((offset) => instance.view.getInt32(vdp + vdev_s.v_sched + offset, true));
  };

  it("has the priority of `sched`, and -1 where nothing is set", () => {
    expect(schedOf("vdev one loc 0x1000 sched 21")).toEqual([-1, 21]);
    expect(schedOf("vdev one loc 0x1000 sched 0")).toEqual([-1, 0]);
    expect(schedOf("vdev one loc 0x1000")).toEqual([-1, -1]);
  });
});
