/** Places and numbers of a pass and a reserve. Oracle: qvm's pages `pass`, `reserve` and `set` (its forms of a number). */
import { describe, expect, it } from "vitest";
import { parseConfig } from "./parse-config.ts";
import { withoutPlaces } from "./test-support.ts";

const parse = (text: string) => parseConfig(text, "vm.conf");

describe("a pass", () => {
  it("names physical ranges or devices, and vectors of the host", () => {
    const text = `pass loc mem:0xfe200000,4k,rwn loc 0x2000,4k,+r-w=0x1000 intr gic:44=150,gic:45,u,t=7
      pass loc io:0x60,1,rw,=0 pass loc pci:0:12.0=pci:0x8086/0x100e`;
    expect(parse(text).notes).toHaveLength(3); // that a pass has no effect
    expect(withoutPlaces(parse(text).passes)).toEqual([
      {
        intr: [
          { pic: "gic", line: 44, vector: 150 },
          { pic: "gic", line: 45, attributes: ["u", "t"], vector: 7 },
        ],
        locs: [
          { space: "memory", address: 0xfe20_0000n, length: 4096n, permissions: "rwn" },
          { space: "memory", address: 0x2000n, length: 4096n, permissions: "+r-w", host: 0x1000n },
        ],
        settings: [],
      },
      {
        intr: [],
        locs: [{ space: "io", address: 0x60n, length: 1n, permissions: "rw", host: 0n }],
        settings: [],
      },
      {
        intr: [],
        locs: [
          {
            space: "pci",
            pci: { by: "function", bus: 0, device: 12, function: 0 },
            host: { by: "id", vendor: 0x8086, device: 0x100e },
          },
        ],
        settings: [],
      },
    ]);
  });
});

describe("a number", () => {
  it.each<[string, bigint]>([
    ["16384", 16384n],
    ["0d16384", 16384n],
    ["0D010", 10n],
    ["0d4K", 4096n],
    ["0x4000", 16384n],
    ["0x4k", 4096n],
  ])("is %s", (text, bytes) => {
    expect(parse(`ram ${text}`).memory).toMatchObject([{ length: bytes }]);
  });

  it.each(["0d", "0d0x10", "0d-1", "d16", "0b1", "0d16d"])("is not %s", (text) => {
    expect(() => parse(`ram ${text}`)).toThrow(/must be a number/);
  });
});

describe("a reserve", () => {
  it("has any number of places and interrupts, until the next context", () => {
    const config = parse(`reserve loc 0xa0000,0x20000 intr 39 intr 40 set exit-on-halt off loc io:0xcf,0x8
      reserve loc pci:0:1 loc io:0x80
      vdev a loc 0x1000 intr gic:39`);
    expect(withoutPlaces(config.reserves)).toEqual([
      {
        locs: [
          { space: "memory", address: 0xa0000n, length: 0x20000n },
          { space: "io", address: 0xcfn, length: 8n },
        ],
        intr: [{ value: 39 }, { value: 40 }],
      },
      {
        locs: [
          { space: "pci", pci: { by: "function", bus: 0, device: 1, function: 0 } },
          { space: "io", address: 0x80n, length: 1n },
        ],
        intr: [],
      },
    ]);
    expect(config.vdevs[0]).toMatchObject({ loc: { address: 0x1000n }, intr: [{ line: 39 }] });
    expect(config.settings).toMatchObject([{ name: "exit-on-halt" }]);
  });
});
