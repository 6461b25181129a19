import type { FuzzedRegion } from "../fuzz/surface.ts";
import type { AccessWidth, Space } from "../guests/bus.ts";
import type { NamedRegister } from "./register-table.ts";
import { ValuesSeen } from "./values-seen.ts";

/** An access that a program made. */
export interface SeenAccess {
  readonly op: "read" | "write";
  readonly space: Space;
  readonly address: bigint;
  readonly width: number;
  readonly value: bigint;
  readonly isDone: boolean;
}

/** What was done with one register, or one offset. */
export interface RegisterUse {
  readonly offset: number;
  /** Whether accesses begin just there, somewhere inside a register behind its first byte, or between two registers. */
  readonly kind: "exact" | "inside" | "between";
  /** Offsets it stands for: one when it is exact. */
  readonly span: number;
  readonly register: NamedRegister | undefined;
  /** Accesses by width. */
  readonly reads: Map<number, number>;
  readonly writes: Map<number, number>;
  readonly read: ValuesSeen;
  readonly written: ValuesSeen;
}

/** A vdev's region and what was done there. */
export interface RegionUse {
  readonly vdev: string;
  readonly type: string;
  readonly space: Space;
  readonly start: bigint;
  readonly length: number;
  /** That the vdev takes. */
  readonly widths: readonly AccessWidth[];
  readonly hasTable: boolean;
  /** By offset. */
  readonly rows: readonly RegisterUse[];
}

/** Counts accesses by region, register, width and direction. */
export class AccessMap {
  readonly #regions: readonly CountedRegion[];

  /** @param tableOf registers by type of vdev; none where it has no table */
  constructor(regions: readonly FuzzedRegion[], tableOf: (type: string) => readonly NamedRegister[]) {
    this.#regions = regions.map((region) => new CountedRegion(region, tableOf(region.vdev.type)));
  }

  add(access: SeenAccess): void {
    for (const region of this.#regions) if (region.add(access)) return;
  }

  get regions(): RegionUse[] {
    return this.#regions.map((region) => region.use);
  }
}

class CountedRegion {
  readonly #region: FuzzedRegion;
  /** Registers of the table, when it is one of this region: registers behind an index are in none. */
  readonly #table: readonly NamedRegister[];
  readonly #rows = new Map<number, RegisterUse>();

  constructor(region: FuzzedRegion, table: readonly NamedRegister[]) {
    this.#region = region;
    this.#table = table.every(({ offset, bytes }) => offset + bytes <= region.length) ? table : [];
    for (const register of this.#table) this.#row(register.offset, "exact", register);
  }

  /** @returns whether it was one of this region */
  add({ op, space, address, width, value, isDone }: SeenAccess): boolean {
    const { start, length } = this.#region;
    if (space !== this.#region.space || address < start || address >= start + BigInt(length)) return false;
    const row = this.#rowOf(Number(address - start));
    const counts = op === "read" ? row.reads : row.writes;
    counts.set(width, (counts.get(width) ?? 0) + 1);
    // Refused accesses carry no value a register had, and those of another offset are not the register's.
    if (isDone && row.kind === "exact") (op === "read" ? row.read : row.written).add(value, width);
    return true;
  }

  /** The register that begins there; in the middle of one, and between two, all offsets up to the next are one row. */
  #rowOf(offset: number): RegisterUse {
    if (this.#table.length === 0) return this.#row(offset, "exact");
    const at = this.#table.findLastIndex((register) => register.offset <= offset);
    const register = this.#table[at];
    if (register?.offset === offset) return this.#row(offset, "exact", register);
    if (register !== undefined && offset < register.offset + register.bytes) {
      return this.#row(register.offset + 1, "inside", register, register.bytes - 1);
    }
    const from = register === undefined ? 0 : register.offset + register.bytes;
    const next = this.#table[at + 1]?.offset ?? this.#region.length;
    return this.#row(from, "between", undefined, next - from);
  }

  #row(offset: number, kind: RegisterUse["kind"], register?: NamedRegister, span = 1): RegisterUse {
    let row = this.#rows.get(offset);
    if (row === undefined) {
      const [reads, writes] = [new Map<number, number>(), new Map<number, number>()];
      row = { offset, kind, span, register, reads, writes, read: new ValuesSeen(), written: new ValuesSeen() };
      this.#rows.set(offset, row);
    }
    return row;
  }

  get use(): RegionUse {
    const { vdev, space, start, length, widths } = this.#region;
    const rows = [...this.#rows.values()].sort((a, b) => a.offset - b.offset);
    const hasTable = this.#table.length > 0;
    return { vdev: vdev.name, type: vdev.type, space, start, length, widths, hasTable, rows };
  }
}
