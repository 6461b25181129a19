import { describe, expect, it } from "vitest";
import { bindOptions } from "./bind-options.ts";
import { parseConfig } from "./parse-config.ts";
import { errorOf } from "./test-support.ts";

const TRACE = ["0emit-logger", "emit-trace", "label"];
const bind = (text: string, list: readonly string[] = TRACE) => bindOptions(parseConfig(text, "t").vdevs[0]!, list);
const short = (text: string, list?: readonly string[]) =>
  bind(text, list).map(({ index, name, argument }) =>
    argument === undefined ? [index, name] : [index, name, argument],
  );
const refusal = (text: string, list?: readonly string[]) => errorOf(() => bind(text, list));

describe("binding a vdev's own options", () => {
  it("follows option_list: an entry starting with 0 takes no argument", () => {
    expect(short("vdev trace emit-trace 3 emit-logger label x")).toEqual([
      [1, "emit-trace", "3"],
      [0, "emit-logger"],
      [2, "label", "x"],
    ]);
  });

  it("hands over every occurrence, in order", () => {
    expect(short("vdev trace label a emit-logger label b emit-logger")).toEqual([
      [2, "label", "a"],
      [0, "emit-logger"],
      [2, "label", "b"],
      [0, "emit-logger"],
    ]);
  });

  it("takes any word as an argument, also one that is an option of the vdev", () => {
    expect(short("vdev trace label emit-logger emit-logger")).toEqual([
      [2, "label", "emit-logger"],
      [0, "emit-logger"],
    ]);
    expect(short('vdev trace label "loc" label ""')).toEqual([
      [2, "label", "loc"],
      [2, "label", ""],
    ]);
  });

  it("goes on behind common options and options of the VM", () => {
    expect(short("vdev trace emit-logger loc 0x1000 label a ram 1m emit-trace 1")).toEqual([
      [0, "emit-logger"],
      [2, "label", "a"],
      [1, "emit-trace", "1"],
    ]);
  });

  it("keeps the place of the option", () => {
    expect(bind("vdev trace\n  label\n  x")[0]!.place).toEqual({ file: "t", line: 2, column: 3 });
  });

  it("hands a common option to a vdev that lists it", () => {
    expect(short("vdev ser sched 8 hostdev a intr gic:4", ["hostdev", "sched"])).toEqual([
      [0, "hostdev", "a"],
      [1, "sched", "8"],
    ]);
    expect(short("vdev ser sched 8", ["hostdev"])).toEqual([]);
  });

  it.each([
    [
      "vdev trace emit-trac 3",
      '1:12: "emit-trac" is not an option of vdev trace (did you mean "emit-trace"?); its own options are emit-logger, emit-trace, label, and every vdev has loc, intr, name, log, sched, hostvector',
    ],
    ["vdev trace lok 0x1000", '1:12: "lok" is not an option of vdev trace (did you mean "loc"?)'],
    [
      "vdev trace emit-logger 5",
      '1:24: "5" is not an option of vdev trace, and "emit-logger" before it takes no argument',
    ],
    ["vdev trace label", '1:12: "label" of vdev trace needs an argument, but the configuration ends here'],
    [
      "vdev trace label loc 0x1000 x",
      '1:12: "label" of vdev trace needs an argument, but the option "loc" follows; if that word is meant, put it in quotes',
    ],
    ["vdev trace label vdev b", 'but the option "vdev" follows'],
    ['vdev trace "label" x', '1:12: expected an option of vdev trace, found the string "label"'],
    ["vdev trace label a b", '1:20: "b" is not an option of vdev trace'],
    ["vdev trace 0emit-logger", '(did you mean "emit-logger"?)'],
  ])("refuses %j", (text, expected) => expect(refusal(text)).toContain(expected));

  it("says when a vdev has no options of its own", () => {
    expect(refusal("vdev plain colour red", [])).toContain("it has no options of its own, and every vdev has loc,");
  });

  it("refuses a module whose option can never be given", () => {
    expect(refusal("vdev x", ["0debug"])).toContain(
      '1:1: vdev x lists an option "debug", which is an option of the configuration itself',
    );
  });
});
