import { describe, expect, test } from "vitest";
import { ENTRIES } from "../../abi/definition/index.ts";
import { type GateEntry, THREADS } from "../../abi/definition/schema.ts";
import { constantsOfEntries } from "./constants.ts";
import { gateTable } from "./gate-table.ts";
import { bitOf } from "./masks.ts";

const table = new Map(gateTable(ENTRIES).map((entry) => [entry.name, entry]));
const gate = (name: string) => table.get(name) as GateEntry;

describe("lowering", () => {
  test("a 64-bit parameter takes two raw arguments", () => {
    expect(gate("guest_timer_notify").params.map(({ name, at }) => [name, at])).toEqual([
      ["vtp", 0],
      ["tdp", 1],
      ["incr", 2],
    ]);
    expect(gate("guest_timer_notify").rawParams).toBe(4);
  });

  test("a u64 result adds a hidden pointer at the end", () => {
    // gsp, qst, size lo hi, align lo hi, result
    expect(gate("gasp_find_free").rawParams).toBe(7);
  });

  test("variable arguments are one pointer", () => {
    expect(gate("vdev_logf").rawParams).toBe(4);
  });
});

describe("records", () => {
  test("functions that run inside the module have none", () => {
    for (const name of ["guest_cpu_to_vrs", "strlen", "memcpy"]) expect(table.has(name), name).toBe(false);
  });

  test("functions of unknown prototype are there to be refused by name", () => {
    expect(gate("gasp_map").prototype).toBe("unknown");
  });

  test("the module an import belongs to", () => {
    expect(gate("guest_cpu_read").module).toBe("qvm");
    expect(gate("pthread_mutex_lock").module).toBe("posix");
  });

  test("thread masks", () => {
    const vcpu = 1 << THREADS.indexOf("vcpu");
    expect(gate("gasp_map_vdma").advisedAgainst).toBe(vcpu);
    expect(gate("gasp_map_vdma").threads).toBe((1 << THREADS.length) - 1);
    expect(gate("guest_timer_create").threads).toBe(1 << THREADS.indexOf("main"));
  });

  test("nothing may be called outside a callback", () => {
    for (const entry of table.values()) {
      expect((entry.allowedStartup | entry.allowedRunning) & bitOf("none"), entry.name).toBe(0);
    }
  });
});

describe("constants", () => {
  test("values of the manual, of C order, and of 64 bits", () => {
    const all = constantsOfEntries(ENTRIES);
    expect(all.get("QST_IMMEDIATE")).toBe(7);
    expect(all.get("VRS_ERRNO")).toBe(0x100);
    expect(all.get("GRF_STICKY")).toBe(0x100 | 0x1000 | 0x2000 | 0x200);
    expect(all.get("VDEV_CTRL_GUEST_CONFIGURED")).toBe(all.get("VDEV_CTRL_BOOTUP"));
    expect(all.get("QSL_NO_LOCATION")).toBe(2n ** 64n - 1n);
    expect(all.get("QVM_VDEV_ABI")).toBe(2019090401);
  });

  test("a name given twice is refused", () => {
    const twice = ENTRIES.filter((entry) => entry.name === "QVM_VDEV_ABI");
    expect(() => constantsOfEntries([...twice, ...twice])).toThrow("gives QVM_VDEV_ABI twice");
  });

  test("VDEV_CTRL_* values differ, and options stay clear of them", () => {
    const values = ENTRIES.flatMap((entry) => (entry.kind === "callback" && entry.value ? [entry.value.value] : []));
    expect(new Set(values).size).toBe(values.length);
    expect(Math.max(...values)).toBe(constantsOfEntries(ENTRIES).get("VDEV_CTRL_FIRST_OPTIDX"));
  });
});
