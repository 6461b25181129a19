/**
 * The order of a VM's life, as the manual has it: module start, OPTIONS_START, the options, OPTIONS_END for each vdev,
 * ASSIGN once all have their options, then GUEST_CONFIGURED and GUEST_STARTING, and TERMINATE at the end.
 */
import { describe, expect, it } from "vitest";
import { VFF_VDEV_MEM } from "../../abi/generated/constants.ts";
import { moduleFile, read, vdevPlan, vmPlan, write } from "../../test/support/vm.ts";
import { AT, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { UserError } from "../errors.ts";
import type { VmEvent } from "./events.ts";
import type { OptionPlan, VdevPlan, VmPlan } from "./plan.ts";
import { createVm } from "./startup.ts";
import type { Vm } from "./vm.ts";

const PLACED =
  "(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))";

/** A vdev that reports the ctrl of every control callback, and for options the argument or "-". */
function telling(more: WatVdev = {}, ending = "(i32.const 0)"): Uint8Array<ArrayBuffer> {
  return watVdev({
    ...more,
    fields: `(import "qvm" "vdev_logf" (func $logf (param i32 i32 i32 i32))) ${more.fields ?? ""}
      (data (i32.const ${AT.scratch}) "%x %s\\00") (data (i32.const ${AT.scratch + 16}) "-\\00")`,
    control: `${PLACED}
      (i32.store (i32.const ${AT.scratch + 64}) (local.get $ctrl))
      (i32.store (i32.const ${AT.scratch + 72}) (select (local.get $arg) (i32.const ${AT.scratch + 16}) (local.get $arg)))
      (call $logf (i32.const 0) (local.get $vdp) (i32.const ${AT.scratch}) (i32.const ${AT.scratch + 64}))
      ${ending}`,
  });
}

interface Told {
  vm: Vm | undefined;
  error: string;
  said: string[];
  events: VmEvent[];
}

function start(vdevs: readonly VdevPlan[], plan: Partial<VmPlan> = {}): Told {
  const events: VmEvent[] = [];
  const told: Told = { vm: undefined, error: "", said: [], events };
  const listener = (event: VmEvent) => {
    events.push(event);
    if (event.kind === "log" && event.severity !== "warn") told.said.push(`${event.source} ${event.text}`);
  };
  try {
    told.vm = createVm(vmPlan(vdevs, plan), { listener });
  } catch (error) {
    if (!(error instanceof UserError)) throw error;
    told.error = error.message;
  }
  return told;
}

const at = (address: bigint) => ({ space: "memory", address }) as const;
const options = (...list: readonly OptionPlan[]) => ({ options: () => list });

describe("the startup of two vdevs of one module", () => {
  const file = () => moduleFile(telling({ options: ["size", "0quiet"] }));

  it("has exactly the callbacks of the manual, in its order", () => {
    const module = file();
    const told = start([
      vdevPlan(module, {
        name: "a",
        loc: at(0x1000n),
        ...options({ index: 1, name: "quiet", argument: "ignored" }, { index: 0, name: "size", argument: "4k" }),
      }),
      vdevPlan(module, { name: "b", loc: at(0x2000n), ...options({ index: 0, name: "size" }) }),
    ]);
    expect(told.error).toBe("");
    told.vm!.control("status");
    told.vm!.control("button");
    told.vm!.terminate();
    told.vm!.terminate();
    expect(told.said).toEqual([
      // OPTIONS_START, the options in the order of the configuration, OPTIONS_END: for each vdev in turn.
      ...["a 0 -", "a 101 -", "a 100 4k", "a 1 -"],
      ...["b 0 -", "b 100 -", "b 1 -"],
      // ASSIGN, GUEST_CONFIGURED, GUEST_STARTING: each for all.
      ...["a 8 -", "b 8 -", "a 2 -", "b 2 -", "a 9 -", "b 9 -"],
      // STATUS, BUTTON, TERMINATE once.
      ...["a 4 -", "b 4 -", "a 7 -", "b 7 -", "a 3 -", "b 3 -"],
    ]);
  });

  it("runs the module's top level once in a shared instance, and once a vdev in private ones", () => {
    const counting = watVdev({
      start: "(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))",
      vread: `(i32.store (i32.const 16) (i32.add (i32.load (i32.const 16)) (i32.const 1)))
        (i32.store offset=32 (local.get $gcp) (i32.load (i32.const 16))) (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
    });
    const module = moduleFile(counting);
    const plans = [vdevPlan(module, { loc: at(0x10000n) }), vdevPlan(module, { loc: at(0x20000n) })];
    const shared = start(plans).vm!;
    expect([read(shared, 0x10000n)[1], read(shared, 0x20000n)[1], read(shared, 0x10000n)[1]]).toEqual([2n, 3n, 4n]);
    const own = start(plans, { instances: "private" }).vm!;
    expect([read(own, 0x10000n)[1], read(own, 0x20000n)[1], read(own, 0x10000n)[1]]).toEqual([2n, 2n, 3n]);
    expect(own.instances).toHaveLength(2);
    expect(shared.vdevs.map((vdev) => vdev.name)).toEqual(["device", "device-1"]);
  });
});

describe("a callback that answers an errno", () => {
  it.each([
    [0, "VDEV_CTRL_OPTIONS_START", ["a 0 -"]],
    [0x100, "option size", ["a 0 -", "a 100 4k"]],
    [1, "VDEV_CTRL_OPTIONS_END", ["a 0 -", "a 100 4k", "a 1 -"]],
    [8, "VDEV_CTRL_ASSIGN", ["a 0 -", "a 100 4k", "a 1 -", "b 0 -", "b 1 -", "a 8 -"]],
    [2, "VDEV_CTRL_GUEST_CONFIGURED", ["a 0 -", "a 100 4k", "a 1 -", "b 0 -", "b 1 -", "a 8 -", "b 8 -", "a 2 -"]],
    [9, "VDEV_CTRL_GUEST_STARTING", undefined],
  ])("to ctrl %i stops the start with a sentence, and whoever was begun is terminated", (ctrl, what, before) => {
    const refusing = moduleFile(
      telling(
        { options: ["size"] },
        `(if (i32.eq (local.get $ctrl) (i32.const ${ctrl})) (then (return (i32.const 22)))) (i32.const 0)`,
      ),
    );
    const told = start([
      vdevPlan(refusing, { name: "a", loc: at(0x1000n), ...options({ index: 0, name: "size", argument: "4k" }) }),
      vdevPlan(moduleFile(telling()), { name: "b", loc: at(0x2000n) }),
    ]);
    expect(told.error).toBe(`a refused ${what} with EINVAL (22)${ctrl === 0x100 ? '; its argument is "4k"' : ""}`);
    const terminated = told.said.filter((line) => line.endsWith(" 3 -"));
    const begun = new Set(told.said.map((line) => line[0]));
    expect(terminated).toEqual([...begun].map((name) => `${name} 3 -`));
    if (before !== undefined) expect(told.said).toEqual([...before, ...terminated]);
    expect(told.events.at(-1)).toMatchObject({ kind: "end", exitCode: 64 });
  });

  it("that no errno has is told by number", () => {
    const told = start([vdevPlan(moduleFile(telling({}, "(i32.const -7)")), { name: "a" })]);
    expect(told.error).toBe("a refused VDEV_CTRL_OPTIONS_START with errno -7");
  });
});

describe("names and places", () => {
  it("must differ, and not overlap", () => {
    const module = moduleFile(watVdev());
    const twin = start([vdevPlan(module, { name: "x" }), vdevPlan(module, { name: "x" })]);
    expect(twin.error).toBe("two vdevs are named x; give one another name");
    const overlap = start([
      vdevPlan(module, { name: "one", loc: at(0x1000n) }),
      vdevPlan(module, { name: "two", loc: at(0x1fffn) }),
    ]);
    expect(overlap.error).toBe("two claims 0x1fff..0x2ffe, which overlaps 0x1000..0x1fff of one");
  });

  it("are needed by a vdev with registers", () => {
    const module = moduleFile(watVdev({ factory: { factory_flags: VFF_VDEV_MEM } }));
    const told = start([vdevPlan(module, { loc: undefined })]);
    expect(told.error).toMatch(/has no location: give it one with `loc ADDRESS`/);
    expect(start([vdevPlan(moduleFile(watVdev({ without: ["vread", "vwrite"] })), { loc: undefined })]).error).toBe("");
  });

  it("of an interrupt are checked against the controller", () => {
    const module = moduleFile(watVdev());
    expect(start([vdevPlan(module, { intr: { pic: "pic0", line: 1 } })]).error).toMatch(/no interrupt controller pic0/);
    expect(start([vdevPlan(module, { intr: { pic: "8259", line: 16 } })]).error).toBe(
      "8259 has lines 0 to 15, and not 16",
    );
  });
});

describe("a vdev that stops", () => {
  const bad = () => moduleFile(watVdev({ vread: "(unreachable)" }), "bad");
  const good = () => moduleFile(watVdev(), "good");

  it("ends the VM when the configuration says so", () => {
    const told = start(
      [vdevPlan(bad(), { type: "bad", loc: at(0x10000n) }), vdevPlan(good(), { type: "good", loc: at(0x20000n) })],
      {
        onFault: "stop",
      },
    );
    const vm = told.vm!;
    expect(read(vm, 0x20000n)).toEqual([0, 7n]);
    expect(read(vm, 0x10000n)[0]).toBe(2);
    expect(read(vm, 0x20000n)[0]).toBe(2);
    expect(write(vm, 0x20000n, 1n)).toBe(2);
    expect(vm.clockStep(5n)).toBe(false);
    expect(vm.terminate()).toMatchObject({ exitCode: 6, reason: expect.stringMatching(/^a vdev stopped: .*trapped/) });
  });

  it("takes those that share its instance with it, and no one else", () => {
    const module = bad();
    const plans = [
      vdevPlan(module, { name: "a", loc: at(0x10000n) }),
      vdevPlan(module, { name: "b", loc: at(0x20000n) }),
    ];
    const shared = start(plans).vm!;
    read(shared, 0x10000n);
    expect(shared.findings.all[0]!.affected).toEqual(["a", "b"]);
    expect(write(shared, 0x20000n, 1n)).toBe(1);
    const own = start(plans, { instances: "private" }).vm!;
    read(own, 0x10000n);
    expect(own.findings.all[0]!.affected).toEqual(["a"]);
    expect(write(own, 0x20000n, 1n)).toBe(0);
  });

  it("gets no TERMINATE, while the others do", () => {
    const telling2 = moduleFile(telling(), "telling");
    const told = start([
      vdevPlan(bad(), { type: "bad", loc: at(0x10000n) }),
      vdevPlan(telling2, { name: "t", loc: at(0x20000n) }),
    ]);
    read(told.vm!, 0x10000n);
    told.vm!.terminate();
    expect(told.said.at(-1)).toBe("t 3 -");
    expect(told.vm!.findings.total).toBe(1);
  });
});

describe("a policy", () => {
  const fields = '(import "qvm" "guest_button_register" (func $button (param i32) (result i32)))';
  const vread = `(i32.store offset=32 (local.get $gcp) (call $button (local.get $vdp)))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`;

  it("can be set for one vdev: report for it, strict for the rest", () => {
    const module = moduleFile(watVdev({ fields, vread }));
    const vm = start(
      [vdevPlan(module, { loc: at(0x10000n), policy: "report" }), vdevPlan(module, { loc: at(0x20000n) })],
      { instances: "private" },
    ).vm!;
    // EPERM is 1.
    expect(read(vm, 0x10000n)).toEqual([0, 1n]);
    expect(read(vm, 0x20000n)[0]).toBe(1);
    expect(vm.instances.map((instance) => instance.stopped !== undefined)).toEqual([false, true]);
    expect(vm.findings.all.map((one) => one.affected)).toEqual([[], ["device-1"]]);
  });
});
