import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { ALL_WORDS } from "./grammar.ts";
import { parseConfig } from "./parse-config.ts";
import { printConfig } from "./print-config.ts";
import { withoutPlaces } from "./test-support.ts";
import type {
  LogFilter,
  PassLocation,
  PciLocation,
  ReservedLocation,
  ReserveItem,
  Setting,
  VmConfig,
} from "./vm-config.ts";
import { LOG_DESTINATIONS, PASS_ATTRIBUTES, SEVERITIES, UNSUPPORTED_ACTIONS, UNSUPPORTED_KINDS } from "./vm-config.ts";

const place = { file: "generated" };
const U64 = (1n << 64n) - 1n;

const line = fc.string({ unit: "binary", minLength: 1 }).map((text) => text.replaceAll("\n", " "));
/** Texts that hit the lexer where it is touchy. */
const tricky = fc.constantFrom(
  "a b",
  "#x",
  '"',
  "\\",
  "a\\",
  "\\\r",
  "cpu",
  "loc",
  "set",
  "$asinfo_start{a}",
  "\uFEFF",
  "\u00a0",
);
const text = fc.oneof(line, tricky, fc.stringMatching(/^[a-z0-9_/.:,<>-]{1,12}$/));
const word = fc.stringMatching(/^[A-Za-z][A-Za-z0-9_.-]{0,9}$/);
const named = text.map((value) => ({ text: value, place }));
const number = (max: number) => fc.nat(max).map((value) => ({ value, place }));

const filter: fc.Arbitrary<LogFilter> = fc.record({
  severities: fc.array(fc.constantFrom(...SEVERITIES), { minLength: 1, maxLength: 4 }),
  destination: fc.constantFrom(...LOG_DESTINATIONS),
  place: fc.constant(place),
});

const settings = (...known: fc.Arbitrary<[string, string]>[]): fc.Arbitrary<Setting[]> =>
  fc
    .uniqueArray(fc.oneof(fc.tuple(word, text), ...known), { selector: ([name]) => name, maxLength: 3 })
    .map((pairs) => pairs.map(([name, value]) => ({ name, value, place })));
const policy = fc.constantFrom<[string, string][]>(["vdevbox-policy", "strict"], ["vdevbox-policy", "report"]);

const cpu = fc.record(
  {
    place: fc.constant(place),
    settings: settings(),
    sched: fc.nat(255),
    runmask: fc.array(fc.nat(63), { minLength: 1, maxLength: 4 }),
    partition: text,
    cluster: text,
  },
  { requiredKeys: ["place", "settings"] },
);

const pci: fc.Arbitrary<PciLocation> = fc.oneof(
  fc.record({ by: fc.constant("function" as const), bus: fc.nat(255), device: fc.nat(31), function: fc.nat(7) }),
  fc.record(
    { by: fc.constant("id" as const), vendor: fc.nat(0xffff), device: fc.nat(0xffff), index: fc.nat(255) },
    { requiredKeys: ["by", "vendor", "device"] },
  ),
);
const location = fc.oneof(
  fc.record({
    space: fc.constantFrom("memory" as const, "default" as const),
    address: fc.bigInt(0n, U64 - 1n),
    place: fc.constant(place),
  }),
  fc.record({ space: fc.constant("io" as const), address: fc.bigInt(0n, 0xffffn), place: fc.constant(place) }),
  fc.record({ space: fc.constant("pci" as const), pci, place: fc.constant(place) }),
);
const line32 = fc.record({ pic: word, line: fc.nat(0xffff_ffff), place: fc.constant(place) });
const pin = fc.oneof(line32, fc.constant({ pic: "apic", place }));
const range = (space: "memory" | "io", end: bigint) =>
  fc.bigInt(0n, end - 1n).chain((address) =>
    fc.record(
      {
        space: fc.constant(space),
        address: fc.constant(address),
        length: fc.bigInt(1n, end - address < U64 ? end - address : U64),
        permissions: fc.stringMatching(/^[-+rwxcemdnst]{1,5}$/),
        host: fc.bigInt(0n, U64),
        place: fc.constant(place),
      },
      { requiredKeys: ["space", "address", "length", "place"] },
    ),
  );
const passLocation: fc.Arbitrary<PassLocation> = fc.oneof(
  range("memory", U64 + 1n),
  range("io", 0x10000n),
  fc.record(
    { space: fc.constant("pci" as const), pci, host: pci, place: fc.constant(place) },
    { requiredKeys: ["space", "pci", "place"] },
  ),
);
const passPin = fc.record(
  {
    pic: word,
    line: fc.nat(1023),
    attributes: fc.array(fc.constantFrom(...PASS_ATTRIBUTES), { minLength: 1, maxLength: 2 }),
    vector: fc.nat(0xffff_ffff),
    place: fc.constant(place),
  },
  { requiredKeys: ["pic", "line", "place"] },
);
const reservedRange = (space: "memory" | "io", end: bigint): fc.Arbitrary<ReservedLocation> =>
  fc
    .tuple(fc.bigInt(0n, end - 1n), fc.bigInt(1n, U64))
    .filter(([address, length]) => address + length <= end)
    .map(([address, length]) => ({ space, address, length, place }));
const reserve: fc.Arbitrary<ReserveItem> = fc
  .record({
    place: fc.constant(place),
    locs: fc.array(
      fc.oneof(
        reservedRange("memory", U64 + 1n),
        fc.nat(0xffff).map((port) => ({ space: "io" as const, address: BigInt(port), length: 1n, place })),
        fc.record({
          space: fc.constant("pci" as const),
          pci: fc.record({
            by: fc.constant("function" as const),
            bus: fc.nat(255),
            device: fc.nat(31),
            function: fc.nat(7),
          }),
          place: fc.constant(place),
        }),
      ),
      { maxLength: 3 },
    ),
    intr: fc.array(number(0xffff_ffff), { maxLength: 2 }),
  })
  .filter(({ locs, intr }) => locs.length + intr.length > 0);
/** Unquoted words must be words; quoted ones may be anything. */
const ownWord = fc.oneof(
  fc.record({ text, quoted: fc.constant(true), place: fc.constant(place) }),
  fc.record({
    text: word.filter((value) => !ALL_WORDS.has(value)),
    quoted: fc.constant(false),
    place: fc.constant(place),
  }),
);
const vdev = fc.record(
  {
    type: word,
    place: fc.constant(place),
    intr: fc.array(pin, { maxLength: 3 }),
    settings: settings(policy),
    own: fc.array(ownWord, { maxLength: 5 }),
    loc: location,
    name: named,
    log: filter,
    sched: number(255),
    hostvector: number(0xffff),
  },
  { requiredKeys: ["type", "place", "intr", "settings", "own"] },
);

/** Ranges that do not overlap, each in its own gigabyte. */
const ranges = fc
  .array(fc.tuple(fc.bigInt(0n, 0x1fff_ffffn), fc.bigInt(1n, 0x2000_0000n)), { maxLength: 4 })
  .map((list) => list.map(([offset, length], i) => ({ address: (BigInt(i) << 30n) + offset, length, place })));

const config: fc.Arbitrary<VmConfig> = fc
  .record(
    {
      cpus: fc.array(cpu, { maxLength: 3 }),
      ranges,
      unplaced: fc.array(fc.bigInt(1n, U64), { maxLength: 2 }),
      split: fc.nat(4),
      vdevs: fc.array(vdev, { maxLength: 4 }),
      passes: fc.array(
        fc.record({
          place: fc.constant(place),
          settings: settings(),
          locs: fc.array(passLocation, { minLength: 1, maxLength: 2 }),
          intr: fc.array(passPin, { maxLength: 3 }),
        }),
        { maxLength: 2 },
      ),
      reserves: fc.array(reserve, { maxLength: 2 }),
      loads: fc.array(
        fc.record({
          kind: fc.constantFrom("image" as const, "initrd" as const),
          file: text,
          place: fc.constant(place),
        }),
        { maxLength: 2 },
      ),
      loggers: fc.array(filter, { maxLength: 3 }),
      debug: fc.boolean(),
      dryrun: fc.boolean(),
      settings: settings(policy),
      unsupported: fc.uniqueArray(
        fc.record({
          kind: fc.constantFrom(...UNSUPPORTED_KINDS),
          action: fc.constantFrom(...UNSUPPORTED_ACTIONS),
          place: fc.constant(place),
        }),
        { selector: (item) => item.kind },
      ),
      notes: fc.constant([]),
      safety: fc.constantFrom("none" as const, "warn" as const, "required" as const),
      system: named,
      cmdline: named,
      dump: named,
    },
    {
      requiredKeys: [
        "cpus",
        "ranges",
        "unplaced",
        "split",
        "vdevs",
        "passes",
        "reserves",
        "loads",
        "loggers",
        "debug",
        "dryrun",
        "settings",
        "unsupported",
        "notes",
      ],
    },
  )
  .map(({ ranges: placed, unplaced, split, ...rest }) => ({
    ...rest,
    memory: [...placed, ...unplaced.map((length) => ({ length, place }))].map((item, i) => ({
      kind: i < split ? ("ram" as const) : ("rom" as const),
      ...item,
    })),
  }))
  .filter(({ memory, passes }) => {
    const taken = [
      ...memory,
      ...passes.flatMap(({ locs }) => locs.flatMap((loc) => (loc.space === "memory" ? [loc] : []))),
    ];
    return !taken.some((a, i) => taken.slice(i + 1).some((b) => overlap(a, b)));
  });

interface Range {
  readonly address?: bigint;
  readonly length: bigint;
}

function overlap(a: Range, b: Range): boolean {
  if (a.address === undefined || b.address === undefined) return false;
  return a.address < b.address + b.length && b.address < a.address + a.length;
}

describe("a printed configuration", () => {
  it("reads back as the configuration it was printed from", () => {
    fc.assert(
      fc.property(config, (original) => {
        const read = parseConfig(printConfig(original), "printed");
        expect(withoutPlaces(read)).toEqual(withoutPlaces(original));
      }),
    );
  });

  it("is its own canonical form", () => {
    fc.assert(
      fc.property(config, (original) => {
        const printed = printConfig(original);
        expect(printConfig(parseConfig(printed, "printed"))).toBe(printed);
      }),
    );
  });

  it("puts the VM's options before every context, so that none is taken for a vdev's", () => {
    const printed = printConfig(parseConfig("vdev a x 1 set vdevbox-on-fault stop debug cmdline 'x'", "t"));
    expect(printed).toBe("set vdevbox-on-fault stop\ncmdline 'x'\ndebug\nvdev a\n    x 1\n");
  });
});

describe("any text", () => {
  it("is read or refused with a sentence, never anything else", () => {
    const soup = fc.array(
      fc.oneof(fc.constantFrom(...ALL_WORDS, "0x1000", "64m", "gic:3", "info", "stdout", "\n", "load"), text),
      { maxLength: 30 },
    );
    fc.assert(
      fc.property(soup, (words) => {
        try {
          parseConfig(words.join(" "), "soup");
        } catch (error) {
          expect((error as Error).name).toBe("UserError");
          expect((error as { place?: { line?: number } }).place?.line).toBeGreaterThan(0);
        }
      }),
    );
  });
});
