/** Oracle: README.md beside this file, which follows the Virtual Device Developer's Guide. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { compileVdev } from "../../build/asc/compile.ts";
import { parseConfig } from "../../host/config/parse-config.ts";
import { AccessStatus } from "../../host/guests/bus.ts";
import type { VmEvent } from "../../host/vm/events.ts";
import { planFromConfig } from "../../host/vm/plan-from-config.ts";
import { createVm } from "../../host/vm/startup.ts";
import type { Vm } from "../../host/vm/vm.ts";
import { read, write } from "../../test/support/vm.ts";

const COUNT = 0xe0000000n;
const SECOND_NS = 1_000_000_000n;

let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "vdevbox-trace-"));
  const file = fileURLToPath(new URL("./trace.ts", import.meta.url));
  await compileVdev({ file, outFile: join(folder, "trace.wasm") });
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

/** A VM of a configuration's text, and what it says. */
function vmOf(text: string): {
  vm: Vm;
  events: VmEvent[];
  logs: (severity?: string) => string[];
  reports: () => string[];
} {
  const events: VmEvent[] = [];
  const plan = planFromConfig(parseConfig(text, "test.qvmconf"), { modulePath: [folder] });
  const vm = createVm(plan, { listener: (event) => events.push(event) });
  const logs = (severity?: string) =>
    events.flatMap((event) =>
      event.kind === "log" && (severity === undefined || event.severity === severity) ? [event.text] : [],
    );
  const reports = () => events.flatMap((event) => (event.kind === "report" ? [event.text] : []));
  return { vm, events, logs, reports };
}

const trace = (options = "") => vmOf(`vdev trace loc 0xe0000000 ${options}`);

describe("the count", () => {
  it("is 0 at the start", () => {
    expect(read(trace().vm, COUNT)).toEqual([AccessStatus.done, 0n]);
  });

  it("goes up by one every second of virtual time, however the time passes", () => {
    const { vm } = trace();
    vm.clockStep(SECOND_NS - 1n);
    expect(read(vm, COUNT)[1]).toBe(0n);
    vm.clockStep(1n);
    expect(read(vm, COUNT)[1]).toBe(1n);
    vm.clockStep(10n * SECOND_NS);
    expect(read(vm, COUNT)[1]).toBe(11n);
    vm.clockStep();
    expect(read(vm, COUNT)[1]).toBe(12n);
    expect(vm.nowNs).toBe(12n * SECOND_NS);
  });

  it("goes on from what the guest writes, and wraps", () => {
    const { vm } = trace();
    expect(write(vm, COUNT, 0xffffffffn)).toBe(AccessStatus.done);
    expect(read(vm, COUNT)[1]).toBe(0xffffffffn);
    vm.clockStep(SECOND_NS);
    expect(read(vm, COUNT)[1]).toBe(0n);
  });

  it("counts on a thread of its own, which does not outlive the VM", () => {
    const { vm } = trace();
    expect(vm.threads?.all.map((thread) => thread.name)).toEqual(["thread trace"]);
    vm.clockStep(SECOND_NS);
    expect(vm.terminate().exitCode).toBe(0);
    expect(vm.findings.all).toEqual([]);
  });

  it.each([1, 2, 3, 4])("loses no second to a guest that writes one byte of it (seed %i)", (seed) => {
    const { vm } = vmOf(`set vdevbox-seed ${seed} vdev trace loc 0xe0000000`);
    for (let second = 1n; second <= 20n; second++) {
      write(vm, COUNT + 3n, 0x55n, 1);
      vm.clockStep(SECOND_NS);
      expect(read(vm, COUNT)[1]).toBe(0x55000000n + second);
    }
  });

  it("belongs to one vdev: a second one counts for itself", () => {
    const { vm } = vmOf("vdev trace loc 0xe0000000 vdev trace loc 0xe0001000");
    write(vm, COUNT, 100n);
    vm.clockStep(SECOND_NS);
    expect([read(vm, COUNT)[1], read(vm, COUNT + 0x1000n)[1]]).toEqual([101n, 1n]);
  });
});

describe("an access", () => {
  it("of 1, 2 or 4 bytes reads its own bytes of the little-endian word", () => {
    const { vm } = trace();
    write(vm, COUNT, 0x44332211n);
    expect([0n, 1n, 2n, 3n].map((offset) => read(vm, COUNT + offset, 1)[1])).toEqual([0x11n, 0x22n, 0x33n, 0x44n]);
    expect([0n, 1n, 2n].map((offset) => read(vm, COUNT + offset, 2)[1])).toEqual([0x2211n, 0x3322n, 0x4433n]);
    expect(read(vm, COUNT, 4)[1]).toBe(0x44332211n);
  });

  it("of 1 or 2 bytes writes its own bytes only", () => {
    const { vm } = trace();
    write(vm, COUNT, 0x44332211n);
    expect(write(vm, COUNT + 3n, 0xaan, 1)).toBe(AccessStatus.done);
    expect(write(vm, COUNT + 1n, 0xbbccn, 2)).toBe(AccessStatus.done);
    expect(read(vm, COUNT)[1]).toBe(0xaabbcc11n);
  });

  it("of 8 bytes, or one that would leave the word, is a bus error and changes nothing", () => {
    const { vm } = trace();
    write(vm, COUNT, 5n);
    expect(read(vm, COUNT, 8)[0]).toBe(AccessStatus.busError);
    expect(write(vm, COUNT, 6n, 8)).toBe(AccessStatus.busError);
    expect(read(vm, COUNT + 2n, 4)[0]).toBe(AccessStatus.busError);
    expect(write(vm, COUNT + 3n, 6n, 2)).toBe(AccessStatus.busError);
    expect(read(vm, COUNT)[1]).toBe(5n);
  });
});

describe("emit-logger", () => {
  it("logs every access, by name of the vdev", () => {
    const { vm, events, logs } = trace("emit-logger");
    write(vm, COUNT, 0x2an, 2);
    read(vm, COUNT);
    expect(logs("info")).toEqual(["write of 2 bytes, count 0x2a", "read of 4 bytes, count 0x2a"]);
    expect(events.filter((event) => event.kind === "log").map((event) => event.source)).toEqual(["trace", "trace"]);
    vm.terminate();
    expect(logs("info").at(-1)).toBe("ends with count 0x2a");
  });

  it("takes no argument, and without it nothing is logged", () => {
    const { vm, logs } = trace();
    read(vm, COUNT);
    vm.clockStep(SECOND_NS);
    vm.terminate();
    expect(logs()).toEqual([]);
    expect(() => trace("emit-logger 1")).toThrow();
  });
});

describe("emit-trace", () => {
  it("emits the event with its number for every access, as a debug line", () => {
    const { vm, logs } = trace("emit-trace 0x10");
    read(vm, COUNT);
    write(vm, COUNT, 7n);
    expect(logs("debug")).toEqual(["trace event 16: read, count 0x0", "trace event 16: write, count 0x7"]);
    expect(logs("info")).toEqual([]);
  });

  it.each(["twelve", "12x", '""', "-", "-1", "+1", "010", "0x", "4294967296", "99999999999999999999"])(
    "refuses %s, which is no number, before the guest runs",
    (argument) => {
      expect(() => trace(`emit-trace ${argument}`)).toThrow(/EINVAL/);
    },
  );

  it("needs its argument", () => {
    expect(() => trace("emit-trace")).toThrow();
  });
});

describe("the configuration", () => {
  it("gives it memory only", () => {
    expect(() => vmOf("vdev trace loc io:0x3f8")).toThrow(/memory/);
  });

  it("has to give it a location", () => {
    expect(() => vmOf("vdev trace")).toThrow(/loc/);
  });
});

it("reports its status", () => {
  const { vm, reports } = trace("emit-logger emit-trace 12");
  read(vm, COUNT);
  write(vm, COUNT, 0x20n);
  vm.clockStep(SECOND_NS);
  vm.control("status");
  expect(reports()).toEqual(["count 0x21, 1 reads, 1 writes", "emit-logger", "emit-trace 12"]);
});

it("breaks no rule and allocates nothing after its start", () => {
  const { vm } = trace("emit-logger emit-trace 12");
  const heap = () => vm.instances[0]!.alloc(16);
  const before = heap();
  for (let i = 0; i < 1000; i++) read(vm, COUNT);
  vm.clockStep(100n * SECOND_NS);
  vm.control("status");
  expect(heap() - before).toBeLessThanOrEqual(32);
  expect(vm.findings.all).toEqual([]);
  expect(vm.terminate().exitCode).toBe(0);
});
