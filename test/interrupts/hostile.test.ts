/**
 * Controllers that misbehave, and vdevs that misuse one. Each ends in a finding that names who did it; the vdev whose
 * access was in progress goes on, with its own situation, and nothing takes long.
 */
import { dirname } from "node:path";
import { describe, expect, it } from "vitest";
import { EIO } from "../../abi/generated/constants.ts";
import { UserError } from "../../host/errors.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { moduleFile, read, write } from "../support/vm.ts";
import { startConfig } from "../support/vm-of-config.ts";
import { AT as IN_MODULE, TABLE, type WatVdev, watVdev } from "../support/wat-vdev.ts";
import { vmOfText } from "./modules.ts";

const PIC = 0x10000n;
const CLIENT = 0x20000n;
const { busError, done } = AccessStatus;

const SIGNAL = `(import "qvm" "guest_intr_signal" (func $signal (param i32 i32) (result i32)))`;
/** Slot 6 of the table: the controller's signal function, `$gip` and `$gis`. */
const signalling = (code: string) =>
  `(func $onsignal (param $gip i32) (param $gis i32) (result i32) ${code}) (elem (i32.const ${TABLE.extra}) $onsignal)`;
const V_INTR = 32;

/** A controller whose signal function does this. */
function controller(code: string, vdev: WatVdev = {}): WatVdev {
  return {
    ...vdev,
    fields: `${SIGNAL} ${vdev.fields ?? ""} ${signalling(code)}`,
    pic: { signal: TABLE.extra, pnum_mask: 7, ...vdev.pic },
  };
}

/** Signals its line at each write, with the value written; reads give what that answered. */
const client: WatVdev = {
  fields: SIGNAL,
  vwrite: `(i32.store (i32.const ${IN_MODULE.scratch})
      (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.load offset=32 (local.get $gcp)))) (i32.const 0)`,
  vread: `(i32.store offset=32 (local.get $gcp) (i32.load (i32.const ${IN_MODULE.scratch})))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
};

let count = 0;
/** A VM of modules by name, in a configuration that uses those names as types. */
function vmWith(modules: Readonly<Record<string, WatVdev>>, conf: (names: Record<string, string>) => string): Vm {
  const names: Record<string, string> = {};
  let folder = "";
  for (const [name, vdev] of Object.entries(modules)) {
    names[name] = `${name}${count++}`;
    folder = dirname(moduleFile(watVdev(vdev), names[name]));
  }
  return vmOfText(folder, conf(names)).vm;
}

const twoOf = (bad: WatVdev, user: WatVdev = client) =>
  vmWith(
    { pic: bad, client: user },
    (names) => `vdev ${names.pic} name pic loc ${PIC}\nvdev ${names.client} name client loc ${CLIENT} intr pic:3`,
  );

const findings = (vm: Vm) =>
  vm.findings.all.map((one) => [one.severity, one.rule, one.vdev?.name, one.situation.callback]);

describe("a controller that fails while another vdev's write is in progress", () => {
  const STOPPED: Record<string, { readonly code: string; readonly rule: string }> = {
    "by a trap": { code: "(unreachable)", rule: "trap" },
    "by a loop without end": { code: "(loop $l (br $l)) (i32.const 0)", rule: "limit" },
    "by signalling a line that is not connected": {
      code: "(call $signal (i32.const 4096) (i32.const 1))",
      rule: "argument",
    },
    "by signalling itself": { code: "(call $signal (local.get $gip) (local.get $gis))", rule: "argument" },
  };

  it.each(Object.keys(STOPPED))("%s is stopped, and the other vdev is told and goes on", (name) => {
    const { code, rule } = STOPPED[name]!;
    const vm = twoOf(controller(code));
    expect(write(vm, CLIENT, 1n)).toBe(done);
    expect(read(vm, CLIENT)).toEqual([done, BigInt(EIO)]);
    const severity = rule === "argument" ? "violation" : "fault";
    expect(findings(vm)).toEqual([[severity, rule, "pic", "pic-signal"]]);
    expect(read(vm, PIC)[0]).toBe(busError);
    // Another signal is refused at once, and the line keeps what the vdev asserts.
    expect(write(vm, CLIENT, 2n)).toBe(done);
    expect(read(vm, CLIENT)[1]).toBe(BigInt(EIO));
    expect(vm.lines.high()).toEqual([]);
    expect(vm.terminate().exitCode).toBe(6);
  });

  it("leaves it what it has written into mapped guest memory", () => {
    const vwrite = `(local $at i32)
      (local.set $at (call $map (local.get $vdp) (i32.const 3) (i32.const 0x100) (i32.const 0) (i32.const 16)))
      (i32.store (local.get $at) (i32.const 0x55))
      (drop (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.const 1)))
      (i32.store offset=4 (local.get $at) (i32.load (local.get $at))) (i32.const 0)`;
    const fields = `${SIGNAL} (import "qvm" "gasp_map_vdma" (func $map (param i32 i32 i32 i32 i32) (result i32)))`;
    for (const code of ["(i32.const 0)", "(unreachable)"]) {
      const vm = vmWith(
        { pic: controller(code), client: { ...client, fields, vwrite } },
        (names) =>
          `ram 0,4K\nvdev ${names.pic} name pic loc ${PIC}\nvdev ${names.client} name client loc ${CLIENT} intr pic:3`,
      );
      expect(write(vm, CLIENT, 1n)).toBe(done);
      expect(read(vm, 0x100n)).toEqual([done, 0x55n]);
      expect(read(vm, 0x104n)).toEqual([done, 0x55n]);
    }
  });

  it("leaves it in its own situation: what it does wrong afterwards is its own", () => {
    const late: WatVdev = {
      ...client,
      fields: `${SIGNAL} (import "qvm" "guest_timer_create" (func $create (param i32 i32 i32 i32) (result i32)))`,
      vwrite: `(drop (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.const 1)))
        (drop (call $create (i32.const 0) (local.get $vdp) (i32.const 0) (i32.const 4096))) (i32.const 0)`,
    };
    const vm = twoOf(controller("(unreachable)"), late);
    expect(write(vm, CLIENT, 1n)).toBe(busError);
    expect(findings(vm)).toEqual([
      ["fault", "trap", "pic", "pic-signal"],
      ["violation", "phase", "client", "vwrite"],
    ]);
    expect(vm.findings.all[1]!.situation).toMatchObject({ thread: "vcpu", vcpu: 0, trap: 1 });
  });

  it("takes the other vdev with it when both share a module instance, once", () => {
    const both = controller("(unreachable)", { vwrite: client.vwrite! });
    const vm = vmWith(
      { both },
      ({ both: type }) => `vdev ${type} name pic loc ${PIC}\nvdev ${type} name client loc ${CLIENT} intr pic:3`,
    );
    expect(write(vm, CLIENT, 1n)).toBe(busError);
    expect(findings(vm)).toEqual([["fault", "trap", "pic", "pic-signal"]]);
    expect(vm.findings.all[0]!.affected).toEqual(["pic", "client"]);
    expect(read(vm, PIC)[0]).toBe(busError);
  });

  it("does not when each has an instance of its own", () => {
    const both = controller("(unreachable)", { vwrite: client.vwrite!, vread: client.vread! });
    const vm = vmWith(
      { both },
      ({ both: type }) =>
        `set vdevbox-instances private\nvdev ${type} name pic loc ${PIC}\nvdev ${type} name client loc ${CLIENT} intr pic:3`,
    );
    expect(write(vm, CLIENT, 1n)).toBe(done);
    expect(read(vm, CLIENT)).toEqual([done, BigInt(EIO)]);
    expect(vm.vdevs.map(({ instance }) => instance.stopped === undefined)).toEqual([false, true]);
  });

  it("may end the VM, with its own exit code", () => {
    const end = `(import "qvm" "guest_terminate" (func $end (param i32)))`;
    const vm = twoOf(controller("(call $end (i32.const 40)) (i32.const 0)", { fields: end }));
    expect(write(vm, CLIENT, 1n)).toBe(AccessStatus.stop);
    expect(vm.terminate().exitCode).toBe(40);
  });
});

describe("controllers that signal each other", () => {
  const PARSE = `(import "qvm" "qvm_parse_intr" (func $parse (param i32 i32 i32) (result i32)))`;
  /** Connects itself in ASSIGN with what the text at 2048 names, and passes every signal on. */
  const passing = (to: string, times = 1): WatVdev =>
    controller(`${"(drop (call $signal (i32.const 3072) (local.get $gis)))".repeat(times)} (i32.const 0)`, {
      fields: `${PARSE} (data (i32.const 2048) "${to}\\00")`,
      control: `(if (i32.eqz (local.get $ctrl)) (then
          (i32.store offset=24 (local.get $vdp) (i32.const 4096)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
        (if (i32.eq (local.get $ctrl) (i32.const 8)) (then
          (drop (call $parse (i32.load offset=8 (local.get $vdp)) (i32.const 2048) (i32.const 3072)))))
        (i32.const 0)`,
    });

  it("in a circle are found out, and the vdev that began goes on", () => {
    const vm = vmWith(
      { one: passing("two:1"), two: passing("one:0"), client },
      (names) => `vdev ${names.one} name one loc 0x10000
        vdev ${names.two} name two loc 0x30000
        vdev ${names.client} name client loc ${CLIENT} intr one:0`,
    );
    expect(write(vm, CLIENT, 1n)).toBe(done);
    expect(findings(vm)).toEqual([["fault", "limit", "two", "pic-signal"]]);
    expect(vm.findings.all[0]!.message).toContain("goes round in a circle: one:0 -> two:1 -> one:0");
    expect(read(vm, CLIENT)[0]).toBe(done);
  });

  it("in a long row, or in ever more calls, are stopped soon", () => {
    for (const [times, message] of [
      [1, "more than 8 interrupt controllers signal each other in a row"],
      [12, "one callback caused more than 2000 calls into interrupt controllers"],
    ] as const) {
      const length = times === 1 ? 10 : 5;
      const modules: Record<string, WatVdev> = { client };
      for (let i = 0; i < length; i++) modules[`p${i}_`] = passing(`c${i + 1}:1`, times);
      const vm = vmWith(modules, (names) =>
        [
          ...Array.from({ length }, (_, i) => `vdev ${names[`p${i}_`]} name c${i} loc ${0x100000 + 0x1000 * i}`),
          `vdev gic name c${length}`,
          `vdev ${names.client} name client loc ${CLIENT} intr c0:1`,
        ].join("\n"),
      );
      expect(write(vm, CLIENT, 1n)).toBe(done);
      expect(vm.findings.all.map((one) => one.message).join()).toContain(message);
      expect(read(vm, CLIENT)[0]).toBe(done);
    }
  });
});

describe("a vdev that signals without end", () => {
  const FOREVER: WatVdev = {
    ...client,
    vwrite: `(loop $l
      (drop (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.const 1)))
      (drop (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.const 2)))
      (br $l)) (i32.const 0)`,
  };

  it("is stopped, and its line is a storm", () => {
    for (const pic of ["gic:40", "pic:3"]) {
      const vm = vmWith(
        { pic: controller("(i32.const 0)"), client: FOREVER },
        (names) => `vdev ${names.pic} name pic loc ${PIC}\nvdev ${names.client} name client loc ${CLIENT} intr ${pic}`,
      );
      expect(write(vm, CLIENT, 1n)).toBe(busError);
      expect(vm.findings.all.at(-1)).toMatchObject({ severity: "fault", rule: "limit", vdev: { name: "client" } });
      expect(vm.findings.all[0]!.message).toContain(`an interrupt storm: ${pic} rises`);
      expect(read(vm, PIC)[0]).toBe(done);
    }
  });

  it("with the source of another vdev is refused, and the line stays as it was", () => {
    const forging: WatVdev = {
      ...client,
      vwrite: `(i32.store offset=40 (local.get $vdp) (i32.load offset=32 (local.get $gcp)))
        (drop (call $signal (i32.add (local.get $vdp) (i32.const ${V_INTR})) (i32.const 2))) (i32.const 0)`,
    };
    const vm = vmWith(
      { one: client, two: forging },
      (names) =>
        `vdev ${names.one} name one loc ${PIC} intr gic:40\nvdev ${names.two} name two loc ${CLIENT} intr gic:40`,
    );
    write(vm, PIC, 1n);
    expect(write(vm, CLIENT, 1n)).toBe(busError); // the source of `one`; its own is 2
    expect(findings(vm)).toEqual([["violation", "argument", "two", "vwrite"]]);
    expect(vm.lines.high()).toEqual(["gic:40"]);
  });
});

describe("pic functions", () => {
  it.each([
    [{ signal: 0 }, "pic.signal = NULL"],
    [{ signal: 99 }, "pic.signal = 99, which is no function of the module's table"],
    [{ notify: 12 }, "pic.notify = 12, which is no function"],
  ] as const)("%o are refused when the factory is registered", (pic, message) => {
    expect(() => twoOf(controller("(i32.const 0)", { pic }))).toThrow(UserError);
    expect(() => twoOf(controller("(i32.const 0)", { pic }))).toThrow(message);
  });

  it("outside the module's memory are refused too", () => {
    const bad = { ...controller("(i32.const 0)"), factory: { pic: 0x1fffc } };
    expect(() => twoOf(bad)).toThrow("pic functions outside its memory");
  });

  it.each([
    ["nothing", "(i32.const 0)"],
    ["a pointer in front of the text", "(i32.sub (local.get $gis) (i32.const 1))"],
    ["a pointer far behind it", "(i32.const 0x1fff0)"],
    [
      "a line it does not have",
      "(i32.store offset=4 (local.get $gip) (i32.const 99)) (i32.add (local.get $gis) (i32.const 1))",
    ],
  ])("whose parse answers %s", (what, code) => {
    // The same function serves as signal and parse: both take two words and answer one.
    const vm = () => twoOf(controller(code, { pic: { parse: TABLE.extra } }));
    if (what === "a line it does not have") {
      // pnum_mask leaves the line: 99 & 7.
      expect([...vm().lines.all()].map(({ line }) => line)).toEqual([3]);
    } else if (what === "nothing") expect(vm).toThrow(/pic knows no line 3/);
    else expect(vm).toThrow(/pic, asked for the line 3, was stopped:\n.*violation(.|\n)*pic\.parse returned 0x/);
  });

  it("whose parse traps are told like any other fault, at the intr that asked", () => {
    const vm = () => twoOf(controller("(unreachable)", { pic: { parse: TABLE.extra } }));
    expect(vm).toThrow(/^the VM cannot start: pic, asked for the line 3, was stopped:\n.*fault(.|\n)*unreachable/);
    try {
      vm();
    } catch (error) {
      expect((error as UserError).place).toMatchObject({ file: "test.qvmconf", line: 2 });
    }
  });

  it("whose parse answers a stray pointer are told where broken rules are collected, and know no such line", () => {
    const names = { pic: `pic${count++}`, client: `client${count++}` };
    const bad = controller("(i32.const 0x1fff0)", { pic: { parse: TABLE.extra } });
    const text = `set vdevbox-policy report\nvdev ${names.pic} name pic loc ${PIC}\nvdev ${names.client} loc ${CLIENT} intr pic:3`;
    const { error, events } = startConfig({ [names.pic]: watVdev(bad), [names.client]: watVdev(client) }, text);
    expect(error).toMatch(/^vm\.qvmconf:3:\d+: pic knows no line 3$/);
    const found = events.flatMap((event) => (event.kind === "finding" ? [event.finding] : []));
    expect(found).toMatchObject([
      { severity: "violation", rule: "result", vdev: { name: "pic" }, situation: { callback: "pic-parse" } },
    ]);
  });

  it("keep the lines of pnum_mask when guest_intr_num_pins() is given none", () => {
    const fields = `(import "qvm" "guest_intr_num_pins" (func $pins (param i32 i32)))`;
    const none = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 4096))
        (i32.store offset=28 (local.get $vdp) (i32.const 0)) (call $pins (local.get $vdp) (i32.const 0))))
      (i32.const 0)`;
    const vm = twoOf(controller("(i32.const 0)", { fields, control: none }));
    expect(vm.findings.all[0]).toMatchObject({
      severity: "warning",
      message: "guest_intr_num_pins() was given 0 lines, and a controller has one at least",
    });
    expect([...vm.lines.all()].map(({ line }) => line)).toEqual([3]);
  });
});
