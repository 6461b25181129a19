/** Guest accesses through the dispatcher: which region they reach, what it is told, and what the guest gets back. */
import { describe, expect, it } from "vitest";
import { moduleFile, read, vdevPlan, vmOf, vmPlan, write } from "../../test/support/vm.ts";
import { type WatVdev, watVdev } from "../../test/support/wat-vdev.ts";
import { UserError } from "../errors.ts";
import { AccessStatus } from "../guests/bus.ts";
import type { VmPlan } from "./plan.ts";
import { claimRegion, DEFAULT_REGION_FLAGS, releaseRegion } from "./regions.ts";
import { createVm } from "./startup.ts";
import type { Vm } from "./vm.ts";

const DONE = (value: bigint) => [AccessStatus.done, value];
const HOME = 0x9000000000n;

/** Answers a read with its address's low 32 bits, and above them the cookie; remembers the last write. */
const ECHO: WatVdev = {
  vread: `(i64.store offset=32 (local.get $gcp)
      (i64.or (i64.shl (i64.extend_i32_u (local.get $cookie)) (i64.const 32)) (i64.extend_i32_u (i32.load (local.get $vopnd)))))
    (i32.store offset=40 (local.get $gcp) (i32.const 3)) (i32.const 0)`,
  vwrite: `(i64.store (i32.const 64) (i64.load offset=32 (local.get $gcp)))
    (i64.store (i32.const 72) (i64.load (local.get $vopnd)))
    (i64.store (i32.const 80) (i64.load offset=8 (local.get $vopnd)))
    (i32.const 0)`,
};

/** A VM with one echoing vdev, far from all regions the tests claim for it. */
function echo(vdev: WatVdev = {}, plan: Partial<VmPlan> = {}): Vm {
  return vmOf(watVdev({ ...ECHO, ...vdev }), plan, { vdev: { loc: { space: "memory", address: HOME } } }).vm;
}

function claim(
  vm: Vm,
  start: bigint,
  length: bigint,
  cookie: number,
  space: "memory" | "io" = "memory",
  flags = 3,
): void {
  expect(claimRegion(vm, vm.vdevs[0]!, space, start, length, cookie, flags)).toBeUndefined();
}

function release(vm: Vm, address: bigint, space: "memory" | "io" = "memory"): void {
  releaseRegion(vm, space, vm.spaces[space].find(address)!);
}

/** Which region answers, by its cookie; undefined for a bus error. */
function cookieAt(vm: Vm, address: bigint, space: "memory" | "io" = "memory"): number | undefined {
  if (space === "io") {
    const status = vm.read("io", Number(address), 0, 1, 0);
    return status === AccessStatus.done ? 1 : undefined;
  }
  const [status, value] = read(vm, address, 8);
  return status === AccessStatus.done ? Number(value >> 32n) : undefined;
}

describe("regions", () => {
  it("that share a page each answer their own bytes, and what is between them nobody's", () => {
    const vm = echo();
    [0, 1, 2, 3, 4, 5, 6].forEach((i) => {
      claim(vm, 0x1000n + BigInt(i) * 0x20n, 0x10n, i + 1);
    });
    for (let i = 0; i < 7; i++) {
      expect(cookieAt(vm, 0x1000n + BigInt(i) * 0x20n)).toBe(i + 1);
      expect(cookieAt(vm, 0x1008n + BigInt(i) * 0x20n)).toBe(i + 1);
      expect(cookieAt(vm, 0x1010n + BigInt(i) * 0x20n)).toBeUndefined();
    }
    expect(cookieAt(vm, 0xff8n)).toBeUndefined();
  });

  it("that come and go leave the others of the page alone", () => {
    const vm = echo();
    claim(vm, 0x1000n, 0x10n, 1);
    claim(vm, 0x1010n, 0x10n, 2);
    release(vm, 0x1000n);
    expect([cookieAt(vm, 0x1000n), cookieAt(vm, 0x1010n)]).toEqual([undefined, 2]);
    claim(vm, 0x1000n, 8n, 3);
    claim(vm, 0x1008n, 8n, 4);
    expect([cookieAt(vm, 0x1000n), cookieAt(vm, 0x1008n), cookieAt(vm, 0x1010n)]).toEqual([3, 4, 2]);
    for (const address of [0x1000n, 0x1008n, 0x1010n]) release(vm, address);
    expect([cookieAt(vm, 0x1000n), cookieAt(vm, 0x1008n), cookieAt(vm, 0x1010n)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });

  it("may begin and end in pages of others", () => {
    const vm = echo();
    claim(vm, 0x1ff0n, 0x2020n, 1);
    claim(vm, 0x1000n, 8n, 2);
    claim(vm, 0x4010n, 8n, 3);
    expect([0x1000n, 0x1ff0n, 0x2000n, 0x3ff8n, 0x4008n, 0x4010n].map((address) => cookieAt(vm, address))).toEqual([
      2, 1, 1, 1, 1, 3,
    ]);
    expect(cookieAt(vm, 0x1fe8n)).toBeUndefined();
  });

  it("lie below, across and above 4 GiB, up to the last byte", () => {
    const vm = echo();
    claim(vm, 0xfffff000n, 0x2000n, 1);
    claim(vm, 0x100001000n, 8n, 2);
    claim(vm, 0xffffe000n, 0x1000n, 3);
    claim(vm, 0xfffffffffffffff0n, 0x10n, 4);
    expect(cookieAt(vm, 0xfffffff8n)).toBe(1);
    expect(cookieAt(vm, 0x100000000n)).toBe(1);
    expect(cookieAt(vm, 0x100000ff8n)).toBe(1);
    expect(cookieAt(vm, 0x100001000n)).toBe(2);
    expect(cookieAt(vm, 0x100001008n)).toBeUndefined();
    expect(cookieAt(vm, 0xffffeff8n)).toBe(3);
    expect(cookieAt(vm, 0xfffffffffffffff8n)).toBe(4);
    // The same low half, another high one.
    expect(cookieAt(vm, 0x200001000n)).toBeUndefined();
    expect(cookieAt(vm, 0x1000n)).toBeUndefined();
    release(vm, 0xfffff000n);
    expect([cookieAt(vm, 0xfffffff8n), cookieAt(vm, 0x100000000n), cookieAt(vm, 0x100001000n)]).toEqual([
      undefined,
      undefined,
      2,
    ]);
  });

  it("of ports are apart from memory, first and last port included", () => {
    const vm = echo();
    claim(vm, 0n, 1n, 1, "io");
    claim(vm, 0xfff8n, 8n, 2, "io");
    expect([0n, 1n, 0xfff7n, 0xfff8n, 0xffffn].map((port) => cookieAt(vm, port, "io"))).toEqual([
      1,
      undefined,
      undefined,
      1,
      1,
    ]);
    expect(cookieAt(vm, 0n)).toBeUndefined();
    release(vm, 0xfff8n, "io");
    expect(cookieAt(vm, 0xffffn, "io")).toBeUndefined();
  });

  it("many of them, claimed and given back over and over, use no more room", () => {
    const vm = echo();
    for (let round = 0; round < 200; round++) {
      for (let i = 0n; i < 100n; i++) claim(vm, 0x100000n + i * 0x20n, 0x10n, Number(i));
      expect(cookieAt(vm, 0x100000n + 99n * 0x20n)).toBe(99);
      for (let i = 0n; i < 100n; i++) release(vm, 0x100000n + i * 0x20n);
    }
    expect(cookieAt(vm, 0x100000n)).toBeUndefined();
  });
});

describe("an access", () => {
  it.each([
    [1, 0x04n, 0x11n],
    [2, 0x04n, 0x2211n],
    [4, 0x04n, 0x44332211n],
    [8, 0x08n, 0x8877665544332211n],
  ] as const)("of %i bytes reaches the vdev with its address, width and value", (width, offset, value) => {
    const vm = echo();
    expect(write(vm, HOME + offset, value, width)).toBe(AccessStatus.done);
    const { instance } = vm.vdevs[0]!;
    expect(instance.u64(64)).toBe(value);
    expect(instance.u64(72)).toBe(HOME + offset);
    // qvm_state_block: length, and type QST_MEMORY.
    expect(instance.u64(80)).toBe(BigInt(width));
    expect(read(vm, HOME + offset, width)).toEqual(DONE(BigInt.asUintN(8 * width, offset)));
  });

  it("of a port carries its type", () => {
    const vm = echo();
    claim(vm, 0x3f8n, 8n, 1, "io");
    expect(write(vm, 0x3f9n, 0xabn, 1, "io")).toBe(AccessStatus.done);
    // QST_X86_IO is 0x8000.
    expect(vm.vdevs[0]!.instance.u64(80)).toBe((0x8000n << 32n) | 1n);
    expect(read(vm, 0x3fcn, 4, "io")).toEqual(DONE(0x3fcn));
  });

  it("that straddles the end of a region is refused, whoever is behind it", () => {
    const vm = echo();
    claim(vm, 0x1000n, 6n, 1);
    claim(vm, 0x1006n, 8n, 2);
    expect(read(vm, 0x1002n, 4)[0]).toBe(AccessStatus.done);
    expect(read(vm, 0x1003n, 4)[0]).toBe(AccessStatus.busError);
    expect(read(vm, 0x1006n, 8)[0]).toBe(AccessStatus.done);
    expect(write(vm, 0x1007n, 0n, 8)).toBe(AccessStatus.busError);
    expect(read(vm, 0xfffn, 2)[0]).toBe(AccessStatus.busError);
  });

  it("of a width acc_sizes leaves out is refused, every other taken", () => {
    for (const sizes of [1 << 1, 1 << 2, (1 << 4) | (1 << 8), 1 << 8]) {
      const vm = echo({ factory: { acc_sizes: sizes } });
      for (const width of [1, 2, 4, 8] as const) {
        const expected = ((sizes >> width) & 1) === 1 ? AccessStatus.done : AccessStatus.busError;
        expect([read(vm, HOME, width)[0], write(vm, HOME, 1n, width)]).toEqual([expected, expected]);
      }
    }
  });

  it("is counted, and its number and vCPU are in what is found", () => {
    const vm = echo({ vread: "(i32.const 2)" });
    write(vm, HOME, 1n);
    vm.read("memory", Number(HOME & 0xffffffffn), Number(HOME >> 32n), 4, 3);
    expect(vm.traps).toBe(2);
    expect(vm.findings.all[0]!.situation).toMatchObject({ trap: 2, vcpu: 3, thread: "vcpu", callback: "vread" });
  });
});

describe("unsupported", () => {
  // Nothing there; no vread; a width left out; past the end.
  const cases = (vm: Vm): [number, bigint][] => [
    read(vm, 0x5000n),
    read(vm, HOME),
    read(vm, HOME, 2),
    read(vm, HOME + 0xffen),
  ];
  const vdev: WatVdev = { without: ["vread"], factory: { acc_sizes: 1 << 4 } };

  it("fail: bus errors, and all ones for guests that read on", () => {
    const vm = echo(vdev);
    expect(cases(vm)).toEqual([
      [1, 0xffffffffn],
      [1, 0xffffffffn],
      [1, 0xffffn],
      [1, 0xffffffffn],
    ]);
    expect(write(vm, 0x5000n, 1n)).toBe(AccessStatus.busError);
    expect(vm.findings.all).toEqual([]);
  });

  it("ignore: reads all ones and drops writes", () => {
    const vm = echo(vdev, { unsupported: "ignore" });
    expect(cases(vm)).toEqual([
      [0, 0xffffffffn],
      [0, 0xffffffffn],
      [0, 0xffffn],
      [0, 0xffffffffn],
    ]);
    expect(read(vm, 0x5000n, 8)).toEqual([0, 0xffffffffffffffffn]);
    expect(write(vm, 0x5000n, 1n)).toBe(AccessStatus.done);
  });

  it("terminate: the VM ends with qvm's code for it", () => {
    const vm = echo(vdev, { unsupported: "terminate" });
    expect(read(vm, 0x5000n)[0]).toBe(AccessStatus.stop);
    expect(read(vm, HOME)[0]).toBe(AccessStatus.stop);
    expect(vm.terminate()).toEqual({ exitCode: 5, reason: "unsupported 4-byte read at 0x5000: nothing is there" });
  });

  it("is a missing vwrite too", () => {
    const vm = echo({ without: ["vwrite"] });
    expect([write(vm, HOME, 1n), read(vm, HOME)[0]]).toEqual([AccessStatus.busError, AccessStatus.done]);
  });

  it("is a region that gives only reads, or only writes, to its vdev", () => {
    const vm = echo();
    claim(vm, 0x1000n, 0x10n, 1, "memory", 1);
    claim(vm, 0x2000n, 0x10n, 2, "memory", 2);
    expect([read(vm, 0x1000n)[0], write(vm, 0x1000n, 1n)]).toEqual([AccessStatus.done, AccessStatus.busError]);
    expect([read(vm, 0x2000n)[0], write(vm, 0x2000n, 1n)]).toEqual([AccessStatus.busError, AccessStatus.done]);
  });
});

describe("a vdev_ref_status", () => {
  it.each([
    ["VRS_NO_ADVANCE", 1, AccessStatus.noAdvance],
    ["VRS_BUS_ERROR", 3, AccessStatus.busError],
    ["VRS_TERMINATE", 5, AccessStatus.stop],
    ["VRS_ERRNO + EIO", 0x105, AccessStatus.busError],
  ])("%s has its effect on reads and on writes", (_name, status, expected) => {
    const made = () => echo({ vread: `(i32.const ${status})`, vwrite: `(i32.const ${status})` });
    const [reading, writing] = [made(), made()];
    expect(read(reading, HOME)[0]).toBe(expected);
    expect(write(writing, HOME, 1n)).toBe(expected);
    expect([...reading.findings.all, ...writing.findings.all]).toEqual([]);
    expect(reading.ended !== undefined).toBe(status === 5);
  });

  it("VRS_NORMAL of a write is done", () => {
    expect(write(echo(), HOME, 1n)).toBe(AccessStatus.done);
  });
});

describe("RAM and ROM", () => {
  const ram = [
    { start: 0x1000n, length: 0x1000n, writable: true },
    { start: 0x2000n, length: 0x1000n, writable: false },
  ];

  it("keep what is written, in little-endian order, and give every width back", () => {
    const vm = echo({}, { ram });
    expect(write(vm, 0x1ff8n, 0x8877665544332211n, 8)).toBe(AccessStatus.done);
    expect(read(vm, 0x1ff8n, 8)).toEqual(DONE(0x8877665544332211n));
    expect(read(vm, 0x1ffen, 2)).toEqual(DONE(0x8877n));
    expect(read(vm, 0x1ff9n, 4)).toEqual(DONE(0x55443322n));
    expect(read(vm, 0x1ff8n, 1)).toEqual(DONE(0x11n));
  });

  it("refuse what reaches past them, and writes to ROM", () => {
    const vm = echo({}, { ram });
    expect(read(vm, 0x2ffcn, 8)[0]).toBe(AccessStatus.busError);
    expect(write(vm, 0x2000n, 1n)).toBe(AccessStatus.busError);
    expect(read(vm, 0x2000n)).toEqual(DONE(0n));
    expect(read(vm, 0xffeen + 0x10n, 1)[0]).toBe(AccessStatus.busError);
  });
});

it("after a fault in one access the next one, of another vdev, has a clean slate", () => {
  const bad = moduleFile(watVdev({ vread: "(unreachable)" }), "faults");
  const good = moduleFile(watVdev(), "works");
  const vm = createVm(
    vmPlan([
      vdevPlan(bad, { loc: { space: "memory", address: 0x1000n } }),
      vdevPlan(good, { name: "good", loc: { space: "memory", address: 0x2000n } }),
    ]),
  );
  expect(read(vm, 0x1000n)[0]).toBe(AccessStatus.busError);
  expect(vm.context.situation()).toMatchObject({ callback: "none", thread: "main", vdev: -1 });
  expect(read(vm, 0x2000n)).toEqual(DONE(7n));
});

describe("a guest that cannot trap a place", () => {
  it("makes the claim of a running vdev fail, and leaves nothing behind", () => {
    const { vm } = vmOf(watVdev());
    vm.onRegion = (change) => {
      if (change === "add") throw new UserError("the guest cannot trap this");
    };
    const vdev = vm.vdevs[0]!;
    expect(claimRegion(vm, vdev, "memory", 0x5000n, 0x100n, 0, DEFAULT_REGION_FLAGS)).toBe(
      "the guest cannot trap this",
    );
    expect(read(vm, 0x5000n)[0]).toBe(1);
    vm.onRegion = undefined;
    expect(claimRegion(vm, vdev, "memory", 0x5000n, 0x100n, 0, DEFAULT_REGION_FLAGS)).toBeUndefined();
    expect(read(vm, 0x5000n)).toEqual([0, 7n]);
  });
});
