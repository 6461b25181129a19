/** Oracle: what `tellAccesses` promises. */
import { describe, expect, it } from "vitest";
import { read, vmOf, write } from "../../test/support/vm.ts";
import { watVdev } from "../../test/support/wat-vdev.ts";

const BASE = 0x1c000000n;

describe("a listener that does not want accesses", () => {
  const quiet = () => vmOf(watVdev({ vread: "(unreachable)" }), {}, { tellAccesses: false });

  it("gets none, and everything else", () => {
    const { vm, events } = quiet();
    write(vm, BASE, 1n);
    read(vm, BASE);
    const kinds = events.map((event) => event.kind);
    expect(kinds).not.toContain("access");
    expect(kinds).toContain("finding");
    expect(vm.traps).toBe(2);
  });

  it("costs the accesses no event: they may run in a batch", () => {
    expect(quiet().vm.watchesAccesses).toBe(false);
    expect(vmOf(watVdev()).vm.watchesAccesses).toBe(true);
  });

  it("changes nothing for time that passes with each access", () => {
    const { vm } = vmOf(watVdev(), { accessNs: 5 }, { tellAccesses: false });
    read(vm, BASE);
    expect(vm.nowNs).toBe(5n);
  });
});
