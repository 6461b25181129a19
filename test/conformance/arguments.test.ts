/**
 * What a call may be given, parameter by parameter, for every function of the ABI: a wrong argument is a violation
 * that names it, `report` answers EINVAL (or the function's own way of saying no), and nothing past memory is touched.
 */
import { beforeAll, describe, expect, it } from "vitest";
import type { GateEntry, GateParam } from "../../abi/definition/schema.ts";
import { CONFORMANCE, CONTEXTS, VERDICTS } from "../../abi/generated/conformance.ts";
import { QST_MEMORY } from "../../abi/generated/constants.ts";
import * as layouts from "../../abi/generated/layouts.ts";
import { createVm } from "../../host/vm/startup.ts";
import { moduleFile, vdevPlan, vmPlan, write } from "../support/vm.ts";
import { AT, watVdev } from "../support/wat-vdev.ts";
import { Bench, type Outcome, type Where } from "./bench.ts";
import { CALLABLE, failure, withParam } from "./calls.ts";

/** Bytes of the bench module's memory: two pages. */
const MEMORY = 2 * 65536;

let report: Bench;
let strict: Bench;
beforeAll(() => {
  report = new Bench("report");
  strict = new Bench("strict");
});

/** A situation where the function may be called without any violation, with the lock where that is what it takes. */
function allowed(entry: GateEntry): Where {
  const fine = (letter: string) => !VERDICTS[letter]!.some((verdict) => verdict.startsWith("violation:phase"));
  return CONTEXTS[[...CONFORMANCE[entry.name]!].findIndex(fine)]!;
}

/** Makes a call with one argument replaced. @returns what was said about arguments, and the outcome */
function withArgument(
  entry: GateEntry,
  change: (args: number[], bench: Bench) => void,
  bench = report,
): { readonly said: string[]; readonly outcome: Outcome } {
  const outcome = bench.call(entry, allowed(entry), (args) => {
    if (entry.lockNeeded === "always") bench.vm.locks.lock(QST_MEMORY, bench.instance.id);
    change(args, bench);
  });
  const said = outcome.findings.flatMap((one) => (one.rule === "argument" ? [one.message] : []));
  return { said, outcome };
}

/** Raises an objection that starts with the parameter's name, in both policies. */
function expectRefused(entry: GateEntry, param: GateParam, value: number | ((bench: Bench) => number), why: RegExp) {
  const change = (args: number[], bench: Bench) => {
    args[param.at] = typeof value === "number" ? value : value(bench);
  };
  const { said, outcome } = withArgument(entry, change);
  expect(said).toHaveLength(1);
  expect(said[0]).toMatch(why);
  expect(said[0]).toContain(`${entry.name}() was called with a wrong argument: ${param.name}`);
  expect(outcome.result).toBe(failure(entry, "wrong argument"));
  expect(outcome.stopped).toBe(false);
  expect(withArgument(entry, change, strict).outcome).toMatchObject({ stopped: true, result: undefined });
}

function expectAccepted(entry: GateEntry, param: GateParam, value: number) {
  const { said } = withArgument(entry, (args) => {
    args[param.at] = value;
  });
  expect(said.filter((one) => one.includes(`wrong argument: ${param.name}`))).toEqual([]);
}

const sizes = layouts as unknown as Record<string, { readonly SIZEOF: number; readonly ALIGN: number }>;
const named = <P extends GateParam>(list: readonly { readonly entry: GateEntry; readonly param: P }[]) =>
  list.map((one) => [`${one.entry.name}(${one.param.name})`, one.entry, one.param] as const);

describe.each(named(withParam("struct")))("%s, a struct", (_name, entry, param) => {
  const { SIZEOF, ALIGN } = sizes[param.type.struct]!;
  const counted = entry.params.find((one) => one.name === param.type.count);
  const one = (args: number[]) => {
    if (counted !== undefined) args[counted.at] = 1;
  };

  it("refuses NULL unless the API allows it", () => {
    if (param.type.nullable === true) return expectAccepted(entry, param, 0);
    const { said } = withArgument(entry, (args) => {
      one(args);
      args[param.at] = 0;
    });
    expect(said.join()).toContain(`${param.name} is NULL`);
  });

  it("refuses what reaches past the end of memory, and takes what ends there", () => {
    const at = (address: number) =>
      withArgument(entry, (args) => {
        one(args);
        args[param.at] = address;
      }).said;
    expect(at(MEMORY - SIZEOF + ALIGN).join()).toMatch(/reaches past the module's 131072 bytes/);
    expect(at(0xfffffff8 | 0).join()).toMatch(/reaches past/);
    expect(at(MEMORY - SIZEOF - (SIZEOF % ALIGN)).filter((text) => text.includes("reaches past"))).toEqual([]);
  });

  it("refuses an address that is not aligned", () => {
    if (ALIGN === 1) return;
    const { said } = withArgument(entry, (args) => {
      one(args);
      args[param.at] = 0x18000 + 1;
    });
    expect(said.join()).toContain(`not aligned to ${ALIGN} bytes`);
  });
});

describe.each(named(withParam("buffer")))("%s, a buffer", (_name, entry, param) => {
  const length = entry.params.find((one) => one.name === param.type.length)!;
  const withLength = (address: number, bytes: number) =>
    withArgument(entry, (args) => {
      args[param.at] = address;
      args[length.at] = bytes;
    }).said.filter((text) => text.includes(`wrong argument: ${param.name}`));

  it("refuses NULL with a length unless the API allows it", () => {
    const said = withLength(0, 1);
    expect(said.length === 0).toBe(param.type.nullable === true);
  });

  it("refuses lengths that leave memory or wrap around 2^32", () => {
    expect(withLength(MEMORY - 16, 16)).toEqual([]);
    expect(withLength(MEMORY - 16, 17).join()).toMatch(/reaches past/);
    expect(withLength(0x18000, -1).join()).toMatch(/with 4294967295 bytes reaches past/);
    expect(withLength(-16, 16).join()).toMatch(/reaches past/);
    expect(withLength(-16, 32).join()).toMatch(/reaches past/);
  });
});

describe.each(named(withParam("out-int")))("%s, an integer to be written", (_name, entry, param) => {
  const bytes = param.type.bits / 8;

  it("is refused when NULL, misaligned or outside memory", () => {
    if (param.type.nullable === true) expectAccepted(entry, param, 0);
    else if (param.type.count === undefined) expectRefused(entry, param, 0, /is NULL/);
    if (param.type.count !== undefined) return;
    expectRefused(entry, param, 0x18000 + bytes / 2, /not aligned/);
    expectRefused(entry, param, MEMORY, /reaches past/);
    expectAccepted(entry, param, MEMORY - bytes);
  });
});

describe.each(named(withParam("cstring")))("%s, a string", (_name, entry, param) => {
  it("is refused when NULL or past memory", () => {
    if (param.type.nullable === true) expectAccepted(entry, param, 0);
    else expectRefused(entry, param, 0, /is NULL/);
    expectRefused(entry, param, MEMORY, /past the module's 131072 bytes of memory/);
    expectRefused(entry, param, -1, /past the module's/);
  });

  it("is refused without a NUL before the end of memory or in its first 4096 bytes", () => {
    expectRefused(
      entry,
      param,
      (bench) => {
        bench.instance.bytes.fill(0x61, MEMORY - 3);
        return MEMORY - 3;
      },
      /without a NUL/,
    );
    expectRefused(
      entry,
      param,
      (bench) => {
        bench.instance.bytes.fill(0x61, 0x19000, 0x19000 + 4096);
        bench.instance.bytes[0x19000 + 4096] = 0;
        return 0x19000;
      },
      /without a NUL in its first 4096 bytes/,
    );
  });

  it("may end with the last byte of memory", () => {
    const { said } = withArgument(entry, (args, { instance }) => {
      instance.bytes.fill(0x61, MEMORY - 4);
      instance.bytes[MEMORY - 1] = 0;
      args[param.at] = MEMORY - 4;
    });
    expect(said).toEqual([]);
  });
});

describe.each(named(withParam("callback")))("%s, a function", (_name, entry, param) => {
  it("must be in the module's table", () => {
    expectRefused(entry, param, 0, /is NULL/);
    expectRefused(entry, param, 16, /= 16 is no function of the module's table/);
    expectRefused(entry, param, -1, /no function of the module's table/);
    expectRefused(entry, param, 0x7fffffff, /no function of the module's table/);
  });

  it("must not be an empty slot of it", () => {
    expectRefused(entry, param, 12, /= 12 is no function/);
  });
});

describe.each(named(withParam("handle")).filter(([, , { type }]) => type.of !== "opaque"))(
  "%s, a handle",
  (_name, entry, param) => {
    it("is refused when NULL unless the API allows it", () => {
      if (param.type.nullable === true) expectAccepted(entry, param, 0);
      else expectRefused(entry, param, 0, /is NULL/);
    });

    it("must be one of this module instance", () => {
      if (param.type.of === "virtq" || param.type.of === "guest_power_state_notify") return;
      expectRefused(entry, param, 0x18008, new RegExp(`0x18008 is no ${param.type.of} of this module instance`));
      expectRefused(entry, param, -8, /is no/);
    });
  },
);

describe("a guest_cpu", () => {
  const { entry, param } = withParam("handle").find((one) => one.param.type.of === "guest_cpu")!;

  it("kept from an access that has ended is stale", () => {
    const stale = (bench: Bench) => {
      bench.instance.setU32(bench.instance.frames + 512 + 40, 0);
      return bench.instance.frames + 512;
    };
    expectRefused(entry, param, stale, /is no guest_cpu of this module instance/);
  });

  it("is the start of a frame and nothing inside or behind the frames", () => {
    expectRefused(entry, param, (bench) => bench.instance.frames + 512 + 16, /is no guest_cpu/);
    expectRefused(entry, param, (bench) => bench.instance.frames + 16 * 512, /is no guest_cpu/);
    expectRefused(entry, param, (bench) => bench.instance.frames - 512, /is no guest_cpu/);
  });
});

describe("counts", () => {
  it.each(
    CALLABLE.flatMap((entry) =>
      entry.params.flatMap((param) =>
        (param.type.kind === "struct" || param.type.kind === "out-int") && param.type.count !== undefined
          ? [[`${entry.name}(${param.name}[${param.type.count}])`, entry, param, param.type.count] as const]
          : [],
      ),
    ),
  )("%s: a product over 2^32 does not wrap around", (_name, entry, param, count) => {
    const counter = entry.params.find((one) => one.name === count)!;
    for (const value of [0x10000000, 0x20000000, 0x80000000 | 0, -1]) {
      const { said } = withArgument(entry, (args) => {
        args[counter.at] = value;
      });
      expect(said.join()).toContain(`wrong argument: ${param.name}`);
    }
  });
});

describe.each(named(withParam("varargs")))("%s", (_name, entry, param) => {
  it("are six slots in memory", () => {
    for (const [value, why] of [
      [0, /is NULL/],
      [0x18004, /not aligned to 8/],
      [MEMORY - 40, /reaches past/],
    ] as const) {
      const { said } = withArgument(entry, (args) => {
        args[param.at] = value;
      });
      expect(said.join()).toMatch(why);
    }
  });
});

describe.each(CALLABLE.flatMap((entry) => (entry.result.kind === "u64" ? [[entry.name, entry] as const] : [])))(
  "the 64-bit result of %s",
  (_name, entry) => {
    it.each([0, 0x18004, MEMORY, -8])("cannot go to %i, and nothing is written", (address) => {
      const { said, outcome } = withArgument(entry, (args, bench) => {
        bench.instance.bytes.fill(0x55, 0x18000, 0x18010);
        args[entry.rawParams - 1] = address;
      });
      expect(said.join()).toContain("the result");
      expect(outcome.stopped).toBe(false);
      expect([...report.instance.bytes.subarray(0x18000, 0x18004)]).toEqual([0x55, 0x55, 0x55, 0x55]);
    });
  },
);

describe("a vdev_t of another module instance", () => {
  // vwrite gives the value the guest wrote to vdev_logf() as its vdev.
  const logging = {
    fields: '(import "qvm" "vdev_logf" (func $logf (param i32 i32 i32 i32)))',
    vwrite: `(call $logf (i32.const 0) (i32.load offset=32 (local.get $gcp)) (i32.const ${AT.scratch}) (i32.const ${AT.scratch})) (i32.const 0)`,
  };

  it("is refused, while that of a vdev in the same instance is not", () => {
    const plan = (file: string, type: string, address: bigint) =>
      vdevPlan(file, { type, loc: { space: "memory", address } });
    const shared = moduleFile(watVdev(logging), "shared");
    const alone = moduleFile(watVdev({ ...logging, memory: "3 16" }), "alone");
    const vm = createVm(
      vmPlan([plan(shared, "one", 0x10000n), plan(shared, "two", 0x20000n), plan(alone, "three", 0x30000n)], {
        policy: "report",
      }),
    );
    const second = BigInt(vm.vdevs[1]!.vdp);
    write(vm, 0x10000n, second);
    expect(vm.findings.all).toEqual([]);
    write(vm, 0x30000n, second);
    expect(vm.findings.all.map((one) => [one.rule, one.vdev?.name, one.call?.name])).toEqual([
      ["argument", "three", "vdev_logf"],
    ]);
    expect(vm.findings.all[0]!.message).toContain("is no vdev of this module instance");
  });
});
