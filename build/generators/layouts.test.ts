import { describe, expect, test } from "vitest";
import { ENTRIES } from "../../abi/definition/index.ts";
import type { StructEntry } from "../../abi/definition/schema.ts";
import { layoutOf, structsByName } from "./layouts.ts";

// Expected values: the rules of C for wasm32 (pointers 4, 64-bit integers aligned to 8), by hand from the printed structs.

const structs = structsByName(ENTRIES);
const layout = (name: string) => layoutOf(structs.get(name) as StructEntry, structs);

describe("sizes", () => {
  test.each([
    ["qvm_state_block", 16, 8], // 8 + 4 + 2 + 2
    ["guest_intr", 12, 4], // pointer + 4 + 4
    ["gasp_region", 40, 8], // 4 + 4 + pointer + 4 padding + 8 + 16
    ["guest_timer_data", 32, 8], // 4 × 8
    ["qvm_sched_info", 8, 4], // 4 + sched_param of 4
    ["vdev_s", 72, 8], // 3 pointers + 4 padding + 16 + 12 + mutex of 16 + 8 + 4 padding
    ["vdev_factory", 52, 4], // 9 pointers + 4 × 4
    ["vdev_pic_functions", 28, 4], // 2 × 4 + 5 pointers
    ["qvm_slice_descriptor", 12, 4], // 4 + 2 + 2 + 1 + 3 padding
    ["gasp_walk_state", 48, 8], // 2 pointers + 4 × 8 + 4 + 4 padding
    ["gasp_map_handle_t", 24, 8], // 3 × 8
    ["vpci_bar", 56, 8], // 40 + 4 + 4 + 2 + 2 + 4 padding
    ["vio_description", 32, 4], // 2 + 2 + 3 × 4 + 4 × 4
    ["vio_state", 24, 4], // 2 pointers + 4 × 4
    ["vio_iov", 32, 4], // 2 pointers + 6 × 4
    ["pthread_mutex_t", 16, 4],
    ["timespec", 16, 8], // 8 + 4 + 4 padding
  ])("%s is %i bytes, aligned to %i", (name, size, align) => {
    expect(layout(name)).toMatchObject({ size, align });
  });
});

describe("offsets", () => {
  test("vdev_s: embedded structs lie behind each other with the padding C puts in", () => {
    expect(Object.fromEntries(layout("vdev_s").offsets)).toEqual({
      v_device: 0,
      v_factory: 4,
      v_gsp: 8,
      v_block: 16,
      v_intr: 32,
      v_mtx: 44,
      v_sched: 60,
    });
  });

  test("gasp_region: a 64-bit member behind a pointer is aligned", () => {
    const { offsets } = layout("gasp_region");
    expect([offsets.get("vdev"), offsets.get("host_location"), offsets.get("guest")]).toEqual([8, 16, 24]);
  });

  test("an embedded struct takes its own alignment along", () => {
    const inner = {
      ...(structs.get("guest_intr") as StructEntry),
      name: "inner",
      fields: [{ name: "wide", type: "u64" }],
    } as const;
    const outer = {
      ...inner,
      name: "outer",
      fields: [
        { name: "byte", type: "u8" },
        { name: "inner", type: { embed: "inner" } },
        { name: "last", type: "u8" },
      ],
    } as const;
    const { size, align, offsets } = layoutOf(outer, new Map<string, StructEntry>([["inner", inner]]));
    expect([size, align, offsets.get("inner"), offsets.get("last")]).toEqual([24, 8, 8, 16]);
  });
});
