/** Oracle: vdev_factory_flags of the 7.0.0 API reference, bit by bit. */
import { describe, expect, it } from "vitest";
import {
  VFF_INTR_NO,
  VFF_INTR_NONPCI,
  VFF_INTR_REQ,
  VFF_LOC_NO,
  VFF_MANUAL_REGION,
  VFF_MUTEX,
  VFF_MUTEX_RECURSIVE,
  VFF_RC,
  VFF_RESERVED,
  VFF_VDEV_MEM,
  VFF_VDEV_PCI,
  VFF_VDEV_X86_IO,
} from "../../abi/generated/constants.ts";
import { vdev_s } from "../../abi/generated/layouts.ts";
import { read, write } from "../../test/support/vm.ts";
import { type Started, startConfig } from "../../test/support/vm-of-config.ts";
import { TABLE, type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { formatLocation } from "./location.ts";

const withFlags = (flags: number, more: WatVdev = {}) => watVdev({ ...more, factory: { factory_flags: flags } });

/** Starts one vdev `dev` of a module with these flags. */
function start(flags: number, options: string, more: WatVdev = {}): Started {
  return startConfig({ dev: withFlags(flags, more) }, `vdev dev ${options}`);
}

describe("intr", () => {
  it("is refused where VFF_INTR_NO forbids it", () => {
    const refused = "vdev dev takes no interrupt (its factory has VFF_INTR_NO); leave `intr` out";
    expect(start(VFF_INTR_NO, "loc 0x1000 intr gic:40").error).toBe(`vm.qvmconf:1:26: ${refused}`);
    expect(start(VFF_INTR_NO, "loc 0x1000 intr apic").error).toBe(`vm.qvmconf:1:26: ${refused}`);
    expect(start(VFF_INTR_NO, "loc 0x1000").error).toBe("");
  });

  it("is missed where VFF_INTR_REQ requires it", () => {
    const needs = "vm.qvmconf:1:1: vdev dev needs an interrupt: give it one with `intr PIC:LINE`, as in `intr gic:40`";
    expect(start(VFF_INTR_REQ, "loc 0x1000").error).toBe(needs);
    expect(start(VFF_INTR_REQ | VFF_INTR_NONPCI | VFF_VDEV_PCI, "").error).toBe(needs);
    expect(start(VFF_INTR_REQ, "loc 0x1000 intr gic:40").error).toBe("");
  });

  it("is missed where VFF_INTR_NONPCI requires it, except of a PCI device", () => {
    const flags = VFF_INTR_NONPCI | VFF_VDEV_MEM | VFF_VDEV_PCI;
    expect(start(flags, "loc 0x1000").error).toBe(
      "vm.qvmconf:1:1: dev needs an interrupt unless it is a PCI device: give it one with `intr PIC:LINE`, as in `intr gic:40`",
    );
    expect(start(flags, "loc 0x1000 intr gic:40").error).toBe("");
    expect(start(flags, "loc pci:0:3").error).toBe("");
    expect(start(flags, "").error).toBe("");
  });
});

describe("a vdev with several interrupts", () => {
  it("has an option of its own for them", () => {
    const text = "vdev dev loc 0x1000 intr gic:40,gic:41";
    expect(startConfig({ dev: watVdev() }, text).error).toMatch(
      /^vm\.qvmconf:1:33: vdev dev has one interrupt, and this gives it 2/,
    );
    expect(startConfig({ dev: watVdev({ options: ["intr"] }) }, text).error).toBe("");
  });
});

describe("a vdev of a type there is no module of", () => {
  it("is told with the nearest one there is", () => {
    expect(startConfig({ trace: watVdev() }, "vdev trcae").error).toMatch(
      /^vm\.qvmconf:1:1: there is no module for vdev trcae \(did you mean "trace"\?\); looked for trcae\.wasm and vdev-trcae\.wasm in /,
    );
  });
});

describe("loc", () => {
  it("is refused where VFF_LOC_NO forbids it, and the vdev may have a place of its own", () => {
    const refused = "vdev dev takes no location (its factory has VFF_LOC_NO); leave `loc` out";
    expect(start(VFF_LOC_NO, "loc 0x1000").error).toBe(`vm.qvmconf:1:14: ${refused}`);
    expect(start(VFF_LOC_NO, "").error).toMatch(/^vm\.qvmconf:1:1: dev has no location: its factory forbids `loc`/);
    const fixed = `(if (i32.eqz (local.get $ctrl)) (then
      (i64.store offset=16 (local.get $vdp) (i64.const 0x5000))
      (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (i32.const 0)`;
    expect(vdev_s.v_block).toBe(16);
    const { vm } = start(VFF_LOC_NO, "", { control: fixed });
    expect(read(vm!, 0x5000n)).toEqual([0, 7n]);
  });

  const KINDS = [
    [VFF_VDEV_MEM, "memory", "mem:0x1000", "memory"],
    [VFF_VDEV_X86_IO, "x86 port", "io:0x1000", "an x86 port"],
    [VFF_VDEV_PCI, "PCI", "pci:0:3", "a PCI function"],
  ] as const;
  const cases = KINDS.flatMap(([flag, allows]) =>
    KINDS.map(([other, , loc, is]) => ({
      flag,
      loc,
      refused: flag === other ? "" : `dev takes ${allows} locations only, and this is ${is}`,
    })),
  );
  it.each(cases)("$loc with the flag $flag alone", ({ flag, loc, refused }) => {
    expect(start(flag | VFF_INTR_NO, `loc ${loc}`).error).toBe(refused === "" ? "" : `vm.qvmconf:1:14: ${refused}`);
    expect(start(VFF_INTR_NO, `loc ${loc}`).error).toBe("");
  });

  it("of a kind that only a callback chooses is checked too", () => {
    const port = `(if (i32.eqz (local.get $ctrl)) (then
      (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0x8000))))
      (i32.const 0)`;
    expect(start(VFF_VDEV_MEM, "loc 0x1000", { control: port }).error).toBe(
      "vm.qvmconf:1:14: dev takes memory locations only, and this is an x86 port",
    );
    const { vm } = start(VFF_VDEV_X86_IO, "loc 0x1000", { control: port });
    expect(read(vm!, 0x1000n, 4, "io")).toEqual([0, 7n]);
  });
});

describe("VFF_MANUAL_REGION", () => {
  it("leaves the region to the vdev", () => {
    const { vm } = start(VFF_MANUAL_REGION, "loc 0x1000");
    expect(read(vm!, 0x1000n)[0]).toBe(1);
    expect(start(0, "loc 0x1000").vm!.spaces.memory.regions).toHaveLength(1);
    expect(vm!.spaces.memory.regions).toHaveLength(0);
  });
});

describe("a factory that contradicts itself", () => {
  it.each([
    ["VFF_MUTEX_RECURSIVE without VFF_MUTEX", VFF_MUTEX_RECURSIVE],
    ["the reserved bits 0x1", VFF_RESERVED],
    ["the reserved bits 0x401", VFF_RC | VFF_RESERVED],
  ])("breaks a rule: %s", (message, flags) => {
    const { error, vm } = start(flags, "loc 0x1000");
    expect(vm).toBeUndefined();
    expect(error).toContain(`vdev_register_factory() was given a factory whose factory_flags have ${message}`);
    const lenient = startConfig({ dev: withFlags(flags) }, "set vdevbox-policy report vdev dev loc 0x1000");
    expect(lenient.vm!.findings.count("violation")).toBe(1);
  });

  it.each([
    ["the bits 0x80001000, which no manual names", 0x80001000],
    ["an interrupt both forbidden and required", VFF_INTR_NO | VFF_INTR_REQ],
    ["a location both forbidden and allowed", VFF_LOC_NO | VFF_VDEV_MEM],
  ])("is warned of what no page forbids: %s", (message, flags) => {
    const loc = (flags & VFF_LOC_NO) === 0 ? "loc 0x1000" : "";
    const { vm } = start(flags, loc, { without: ["vread", "vwrite"] });
    expect(vm!.findings.all.map((one) => [one.severity, one.message])).toEqual([
      ["warning", `vdev_register_factory() was given a factory whose factory_flags have ${message}`],
    ]);
  });

  it("but not with the flags manuals show", () => {
    const flags = VFF_INTR_NONPCI | VFF_VDEV_MEM | VFF_VDEV_PCI | VFF_MUTEX | VFF_MUTEX_RECURSIVE;
    expect(start(flags, "loc 0x1000 intr gic:40").vm!.findings.total).toBe(0);
  });
});

describe("an interrupt controller", () => {
  it("cannot have a colon in its name", () => {
    const pic = watVdev({ pic: { signal: TABLE.pulse } });
    expect(startConfig({ dev: pic }, 'vdev dev loc 0x1000 name "a:b"').error).toMatch(
      /^vm\.qvmconf:1:1: the interrupt controller "a:b" cannot have a colon in its name/,
    );
    expect(start(0, 'loc 0x1000 name "a:b"').error).toBe("");
  });

  it("alone has a host vector", () => {
    expect(start(0, "loc 0x1000 hostvector 32").error).toBe(
      "vm.qvmconf:1:21: vdev dev is no interrupt controller, and only those have a hostvector",
    );
  });
});

describe("a vdev of another ABI", () => {
  it("is refused by number", () => {
    const register = "(call $register (i32.const 256) (i32.const 99)) (return)";
    expect(startConfig({ dev: watVdev({ start: register }) }, "vdev dev").error).toMatch(
      /dev\.wasm was built for vdev ABI 99, and this host has \d+: pass QVM_VDEV_ABI/,
    );
  });
});

describe("two vdevs at one place", () => {
  it("are told with both places, and nothing stays", () => {
    const events: string[] = [];
    const refused = startConfig(
      { dev: withFlags(0) },
      "vdev dev loc 0x1000 name a\nvdev dev loc 0x1800 name b",
      (event) => events.push(event.kind === "control" ? event.control : event.kind),
    );
    expect(refused.error).toBe(
      "vm.qvmconf:2:14: b claims 0x1800..0x27ff, which overlaps 0x1000..0x1fff of a (vm.qvmconf:1:14)",
    );
    expect(events).toContain("terminate");
    expect(startConfig({ dev: withFlags(0) }, "vdev dev loc pci:0:3\nvdev dev loc pci:0:3.0").error).toBe(
      "vm.qvmconf:2:14: dev-1 and dev are the same PCI function pci:0:3.0",
    );
  });

  it.each([
    ["io:0xffff", "vm.qvmconf:1:14: dev claims io:0xffff..io:0x1000e, which is outside the 64 KiB port space"],
    ["0xfffffffffffffff8", "which is outside the memory space"],
  ])("neither may one reach past the end of its space: %s", (loc, expected) => {
    const sixteen = `(if (i32.eqz (local.get $ctrl)) (then (i32.store offset=24 (local.get $vdp) (i32.const 16))
      (i32.store offset=28 (local.get $vdp) (i32.const 0)))) (i32.const 0)`;
    expect(start(0, `loc ${loc}`, { control: sixteen }).error).toContain(expected);
  });
});

describe("a vdev that moves itself in a callback", () => {
  it("is where it went, and its first place is free again", () => {
    const moves = `(if (i32.eqz (local.get $ctrl)) (then
        (i32.store offset=24 (local.get $vdp) (i32.const 16)) (i32.store offset=28 (local.get $vdp) (i32.const 0))))
      (if (i32.eq (local.get $ctrl) (i32.const 8)) (then (i64.store offset=16 (local.get $vdp) (i64.const 0x9000))))
      (i32.const 0)`;
    const { vm } = start(0, "loc 0x1000", { control: moves });
    expect(formatLocation(vm!.vdevs[0]!)).toBe("0x9000");
    expect([read(vm!, 0x9000n)[0], read(vm!, 0x1000n)[0], write(vm!, 0x9010n, 1n)]).toEqual([0, 1, 1]);
  });
});
