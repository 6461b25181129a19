import { type Figure, figure, significant } from "./figure.ts";
import { NO_RUSTC, nativeBus } from "./native-bus.ts";
import { alternate } from "./rounds.ts";
import { ownSide, type Side } from "./side.ts";
import type { TrapMachineOptions, TrapOrder, TrapPath } from "./traps.ts";

const REGIONS = 256;
const MODULES = 8;
const MANY_REGIONS = 1000;

/** The side that `trapSide` in sides.ts serves. */
function traps({ regions, modules, gate, busy, still }: TrapMachineOptions): Side {
  const kind = still ? "still" : busy ? "busy" : gate ? "gated" : "ungated";
  return ownSide(`traps:${regions}:${modules}:${kind}`);
}

function read(side: Side, path: TrapPath, order: TrapOrder = "random"): () => Promise<number> {
  return () => side.round(`${path} ${order}`);
}

/** Runs with sides that are closed whatever happens. */
async function withSides<S extends Record<string, Side | undefined>, T>(
  sides: S,
  run: (sides: S) => Promise<T>,
): Promise<T> {
  try {
    return await run(sides);
  } finally {
    for (const side of Object.values(sides)) side?.close();
  }
}

function ns(value: number): string {
  return `${significant(value)} ns`;
}

/** One read handed over by JavaScript as a guest does, beside the native bus. */
export function single(rounds: number): Promise<Figure> {
  const ours = traps({ regions: REGIONS, modules: MODULES, gate: true });
  return withSides({ ours, native: nativeBus(REGIONS, MODULES) }, async ({ ours, native }) => {
    const times = await alternate(rounds, {
      vm: read(ours, "vm"),
      native: () => native?.round("random") ?? Number.NaN,
      sequential: read(ours, "vm", "sequential"),
      nativeSequential: () => native?.round("sequential") ?? Number.NaN,
      dispatcher: read(ours, "dispatcher"),
    });
    const beside = native === undefined ? NO_RUSTC : `native bus ${ns(times.median("nativeSequential"))}`;
    return figure(
      {
        value: times.median("vm"),
        unit: "ns",
        yardstick: native === undefined ? undefined : times.median("native"),
        ratio: native === undefined ? undefined : times.ratio("vm", "native"),
        rounds,
        note: `in sequential order ${ns(times.median("sequential"))}, ${beside}; the dispatcher without the VM, random order, ${ns(times.median("dispatcher"))}`,
      },
      { of: "ratio", most: 0.8 },
    );
  });
}

/** The same reads while timers fire and interrupt lines move, beside the native bus, which has neither. */
export function busy(rounds: number): Promise<Figure> {
  const machine = { regions: REGIONS, modules: MODULES, gate: true, busy: true };
  const sides = {
    ours: traps(machine),
    still: traps({ ...machine, still: true }),
    native: nativeBus(REGIONS, MODULES),
  };
  return withSides(sides, async ({ ours, still, native }) => {
    const times = await alternate(rounds, {
      vm: read(ours, "busy"),
      native: () => native?.round("random") ?? Number.NaN,
      timers: read(ours, "vm"),
      lines: read(still, "busy"),
      still: read(still, "vm"),
    });
    const missing = native === undefined ? `; ${NO_RUSTC}` : "";
    const without = times.median("still");
    return figure(
      {
        value: times.median("vm"),
        unit: "ns",
        yardstick: native === undefined ? undefined : times.median("native"),
        ratio: native === undefined ? undefined : times.ratio("vm", "native"),
        rounds,
        note:
          `every access takes 1 us of virtual time, ${REGIONS} timers fire every 100 ms of it, every 64th access moves a line; ` +
          `of an access the timers take ${ns(times.median("timers") - without)} and the lines ${ns(times.median("lines") - without)}; ` +
          `with neither it takes ${ns(without)}${missing}`,
      },
      { of: "ratio", most: 0.8 },
    );
  });
}

/** A ring of reads handed over at once, beside the native bus. */
export function batch(rounds: number): Promise<Figure> {
  const ours = traps({ regions: REGIONS, modules: MODULES, gate: true });
  return withSides({ ours, native: nativeBus(REGIONS, MODULES) }, async ({ ours, native }) => {
    const times = await alternate(rounds, {
      batch: read(ours, "batch"),
      native: () => native?.round("random") ?? Number.NaN,
      sequential: read(ours, "batch", "sequential"),
      nativeSequential: () => native?.round("sequential") ?? Number.NaN,
      ring: read(ours, "ring"),
    });
    const beside = native === undefined ? NO_RUSTC : `native bus ${ns(times.median("nativeSequential"))}`;
    return figure(
      {
        value: times.median("batch"),
        unit: "ns",
        yardstick: native === undefined ? undefined : times.median("native"),
        ratio: native === undefined ? undefined : times.ratio("batch", "native"),
        rounds,
        note: `in sequential order ${ns(times.median("sequential"))}, ${beside}; writing the ring beforehand ${ns(times.median("ring"))}`,
      },
      { of: "ratio", most: 0.6 },
    );
  });
}

/** What a thousand regions cost over one. All are of one module: several would add what a change of code costs. */
export function regions(rounds: number): Promise<Figure> {
  const sides = {
    many: traps({ regions: MANY_REGIONS, modules: MODULES, gate: true }),
    manyOfOne: traps({ regions: MANY_REGIONS, modules: 1, gate: true }),
    one: traps({ regions: 1, modules: 1, gate: true }),
  };
  return withSides(sides, async ({ many, manyOfOne, one }) => {
    const times = await alternate(rounds, {
      manyOfOne: read(manyOfOne, "vm"),
      one: read(one, "vm"),
      many: read(many, "vm"),
      manyBatch: read(many, "batch"),
      oneBatch: read(one, "batch"),
    });
    return figure(
      {
        value: times.median("manyOfOne"),
        unit: "ns",
        yardstick: times.median("one"),
        ratio: times.ratio("manyOfOne", "one"),
        rounds,
        note:
          `${MANY_REGIONS} regions of one module; of ${MODULES} modules ${ns(times.median("many"))}, ratio ${significant(times.ratio("many", "one"))}; ` +
          `in a batch, of ${MODULES} modules, ${ns(times.median("manyBatch"))} over ${ns(times.median("oneBatch"))}`,
      },
      { of: "ratio", most: 1.5 },
    );
  });
}

/** What the gate costs over a build without it; the limits of the sandbox are on in both. */
export function gate(rounds: number): Promise<Figure> {
  const sides = {
    gated: traps({ regions: REGIONS, modules: MODULES, gate: true }),
    ungated: traps({ regions: REGIONS, modules: MODULES, gate: false }),
  };
  return withSides(sides, async ({ gated, ungated }) => {
    const times = await alternate(rounds, {
      gated: read(gated, "vm"),
      ungated: read(ungated, "vm"),
      gatedBatch: read(gated, "batch"),
      ungatedBatch: read(ungated, "batch"),
    });
    const inBatch = significant(times.ratio("gatedBatch", "ungatedBatch"));
    return figure(
      {
        value: times.median("gated"),
        unit: "ns",
        yardstick: times.median("ungated"),
        ratio: times.ratio("gated", "ungated"),
        rounds,
        note: `in a batch ${ns(times.median("gatedBatch"))} over ${ns(times.median("ungatedBatch"))}, ratio ${inBatch}`,
      },
      { of: "ratio", most: 1.15 },
    );
  });
}
