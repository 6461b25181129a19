/** A controller of the host's own, until controllers are vdevs. */
export interface HostPic {
  readonly name: string;
  readonly lines: number;
}

/** Controllers every VM has, and how many lines the hardware of that name has. */
export const HOST_PICS: readonly HostPic[] = [
  { name: "gic", lines: 1020 },
  { name: "ioapic", lines: 24 },
  { name: "8259", lines: 16 },
];

/** Told when the level of a line changes. */
export type LineListener = (pic: string, line: number, level: boolean) => void;

/**
 * The interrupt lines of a VM. A line is the wired OR of its sources: it is high while at least one vdev asserts it, so
 * two vdevs may share one.
 */
export class InterruptLines {
  readonly #asserted = new Map<string, Set<number>>();
  readonly #listeners: LineListener[] = [];

  onChange(listener: LineListener): void {
    this.#listeners.push(listener);
  }

  /** @returns the controller, or undefined when there is none of that name */
  pic(name: string): HostPic | undefined {
    return HOST_PICS.find((pic) => pic.name === name);
  }

  level(pic: string, line: number): boolean {
    return (this.#asserted.get(`${pic}:${line}`)?.size ?? 0) > 0;
  }

  /** @param source the vdev (or pin) that asserts or releases the line */
  signal(pic: string, line: number, source: number, level: boolean): void {
    const key = `${pic}:${line}`;
    const before = this.level(pic, line);
    let sources = this.#asserted.get(key);
    if (sources === undefined) {
      sources = new Set();
      this.#asserted.set(key, sources);
    }
    if (level) sources.add(source);
    else sources.delete(source);
    const after = sources.size > 0;
    if (after !== before) for (const listener of this.#listeners) listener(pic, line, after);
  }

  /** Lines that are high now, as `pic:line`, sorted. */
  high(): string[] {
    return [...this.#asserted]
      .filter(([, sources]) => sources.size > 0)
      .map(([key]) => key)
      .sort();
  }

  /** All sources of all lines, for putting a VM back. */
  save(): ReadonlyMap<string, ReadonlySet<number>> {
    return new Map([...this.#asserted].map(([key, sources]) => [key, new Set(sources)]));
  }

  restore(saved: ReadonlyMap<string, ReadonlySet<number>>): void {
    // Keys are only ever added, so each of then is there now; most lines have not changed.
    for (const [key, sources] of this.#asserted) {
      const before = saved.get(key);
      if (before === undefined) sources.clear();
      else if (!isSame(sources, before)) this.#asserted.set(key, new Set(before));
    }
  }
}

function isSame(one: ReadonlySet<number>, other: ReadonlySet<number>): boolean {
  if (one.size !== other.size) return false;
  for (const source of one) if (!other.has(source)) return false;
  return true;
}
