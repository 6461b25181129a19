/** Scripts as workloads: what a search makes of them, and what it refuses. Oracle: the page of explore and of guests. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../host/errors.ts";
import { parseSpec } from "../../host/explore/spec.ts";
import { formatWorkload, parseWorkload } from "../../host/explore/workload.ts";

const of = (...lines: string[]) => parseWorkload(lines.join("\n"), "s.script", 2);

describe("a script as a workload", () => {
  it("gives each vCPU its accesses in their order, wherever they stand", () => {
    const { vcpus, outside } = of("readl 0x10", "vcpu 1", "writeb 0x20 0x7", "status", "vcpu 0", "inb 0x70");
    const accesses = vcpus.map((steps) =>
      steps.map(({ access }) => [access.op, access.space, access.lo, access.width]),
    );
    expect(accesses).toEqual([
      [
        ["read", "memory", 0x10, 4],
        ["read", "io", 0x70, 1],
      ],
      [["write", "memory", 0x20, 1]],
    ]);
    expect(vcpus[1]![0]!.access).toMatchObject({ valueLo: 7, valueHi: 0, vcpu: 1 });
    expect(outside.map(({ kind }) => kind)).toEqual(["control"]);
  });

  it("repeats what is repeated, and ends by itself", () => {
    expect(of("repeat 3 {", "readl 0x10", "expect 0", "}", "terminate").vcpus[0]!.length).toBe(3);
  });

  it("has guest memory as the lines above its accesses fill it", () => {
    const { memory, vcpus } = of("vcpu 1", "write 0x1000 2 0x0aff", "memset 0x2000 3 7", "status", "readl 0x10");
    expect(memory).toEqual([
      { address: 0x1000n, bytes: Uint8Array.of(0x0a, 0xff) },
      { address: 0x2000n, bytes: Uint8Array.of(7, 7, 7) },
    ]);
    expect(vcpus.map((steps) => steps.length)).toEqual([0, 1]);
    expect(parseWorkload(formatWorkload({ memory: memory!, vcpus, outside: [] }), "again", 2).memory).toEqual(memory);
  });

  it("is read as it is written", () => {
    const step = fc.oneof(
      fc.nat(0xffff).map((address) => `readl 0x${address.toString(16)}`),
      fc.tuple(fc.nat(0xffff), fc.nat(255)).map(([at, value]) => `writeb 0x${at.toString(16)} 0x${value.toString(16)}`),
      fc.constantFrom("vcpu 0", "vcpu 1", "status", "clock_step 5"),
    );
    fc.assert(
      fc.property(fc.array(step, { maxLength: 12 }), (lines) => {
        const text = formatWorkload(of(...lines));
        expect(formatWorkload(parseWorkload(text, "again", 2))).toBe(text);
        const plain = (some: readonly string[]) => some.filter((line) => !line.startsWith("vcpu")).toSorted();
        expect(plain(text.trimEnd().split("\n").filter(Boolean))).toEqual(plain(lines));
      }),
    );
  });

  it.each([
    [["read 0x10 8"], "s.script:1:1: explore makes accesses of one width one by one"],
    [["readl 0", "memset 0x10 8 0"], "s.script:2:1: explore fills guest memory before the first access"],
    [["readl 0", "write 0x10 1 0x07"], "s.script:2:1: explore fills guest memory before the first access"],
    [["expect 3"], "s.script:1:1: explore checks `expect VALUE`"],
    [["vcpu 2", "readl 0"], "s.script:1:1: there is no vCPU 2: the VM has 2"],
    [["readl 0", "expect 3", "expect 4"], "s.script:3:1: explore checks `expect VALUE`"],
    [["readl 0", "expect irq gic:40 on"], "s.script:2:1: explore checks `expect VALUE`"],
    [["repeat 20000 {", "readl 0", "}"], "s.script:2:1: more than 10000 accesses of vCPU 0"],
  ])("%j is refused", (lines, sentence) => {
    let told = "";
    try {
      of(...lines);
    } catch (error) {
      expect(error).toBeInstanceOf(UserError);
      told = String(error);
    }
    expect(told).toContain(sentence);
  });

  it.each(["# shared 3\n", "# shared [[1],[x]]\n", '# shared [["a"]]\n', "# shared {}\n"])(
    "a remark of words that is none is refused: %j",
    (text) => expect(() => parseSpec(text, "r.rec", 2)).toThrow(/lists of words/),
  );
});
