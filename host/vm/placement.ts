import {
  QSL_NO_LOCATION,
  QST_MEMORY,
  QST_NO_TYPE,
  QST_PCI,
  QST_X86_IO,
  VFF_LOC_NO,
  VFF_MANUAL_REGION,
  VFF_VDEV_PCI,
} from "../../abi/generated/constants.ts";
import { qvm_state_block, vdev_s } from "../../abi/generated/layouts.ts";
import { formatPlace, type SourcePlace, UserError } from "../errors.ts";
import { AddressSpace, type Region, type Space } from "../memory/address-space.ts";
import { formatAddress } from "../memory/format.ts";
import { formatLocation, type Location, locationOf } from "./location.ts";
import { firstFreeFunction, functionOf, locationOfFunction } from "./pci-functions.ts";
import type { PassedRange } from "./plan.ts";
import { claimRegion, DEFAULT_REGION_FLAGS, releaseRegion } from "./regions.ts";
import { findUnreserved, NOTHING_RESERVED, type ReservedPlan } from "./reserved.ts";
import type { Vdev } from "./vdev.ts";
import { kindRefusal, type LocationKind, mayAssignLocation } from "./vdev-rules.ts";
import type { Vm } from "./vm.ts";

/**
 * Where the host looks for a free place: addresses and ports from here on. Below them is what boards and PCs have at
 * fixed places. Memory above 4 GiB is taken only when nothing below is free.
 */
const FIRST: Record<Space, bigint> = { memory: 0x1c00_0000n, io: 0x1000n };
const MIN_ALIGN: Record<Space, bigint> = { memory: 0x1000n, io: 4n };
const FOUR_GIB = 1n << 32n;

interface Placed extends Location {
  readonly region?: Region;
  readonly space?: Space;
}

/**
 * Gives vdevs their places at startup: the trapped region qvm makes for a vdev when it is complete, and a place for a
 * vdev that was given none and chose none. Which place the host takes is a rule of ours; see docs/configuration.md.
 */
export class Placement {
  readonly #vm: Vm;
  readonly #placed = new Map<number, Placed>();
  readonly #functions = new Map<number, Vdev>();
  readonly #reserved: ReservedPlan;

  constructor(vm: Vm) {
    this.#vm = vm;
    this.#reserved = vm.plan.reserved ?? NOTHING_RESERVED;
  }

  /**
   * Makes the region of a vdev that has a location, again when a callback has moved it.
   * @throws UserError when the place is taken, is outside its space, or is of a kind the factory does not allow
   */
  settle(vdev: Vdev): void {
    const here = locationOf(vdev);
    const before = this.#placed.get(vdev.index);
    if (before !== undefined && isSame(before, here)) return;
    if (before !== undefined) this.#release(vdev, before);
    if (here.address === QSL_NO_LOCATION) return;
    const place = vdev.plan.loc?.place ?? vdev.plan.place;
    const kind = kindOf(vdev, here.type, place);
    const refusal = kindRefusal(vdev.name, vdev.factory, kind);
    if (refusal !== undefined) throw new UserError(refusal, place);
    if (kind === "pci") this.#settleFunction(vdev, here, place);
    else if ((vdev.factory.flags & VFF_MANUAL_REGION) === 0) this.#settleRegion(vdev, here, kind, place);
  }

  /**
   * Gives a place to every vdev that has none and needs one, in the order of the configuration, after all that have one
   * have been settled.
   * @throws UserError for a vdev that must be given its place
   */
  assignRest(): void {
    const taken: Record<Space, AddressSpace> = { memory: this.#taken("memory"), io: this.#taken("io") };
    for (const vdev of this.#vm.vdevs) {
      const { address, length, type } = locationOf(vdev);
      if (address !== QSL_NO_LOCATION) continue;
      const { flags, vread, vwrite } = vdev.factory;
      if (type === QST_PCI || (flags & (VFF_VDEV_PCI | VFF_LOC_NO)) === VFF_VDEV_PCI) this.#assignFunction(vdev);
      else if (mayAssignLocation(vdev.factory) && length > 0) this.#assignAddress(vdev, taken);
      else if ((flags & VFF_MANUAL_REGION) === 0 && (vread !== 0 || vwrite !== 0))
        throw withoutLocation(vdev, this.#freeAddress(vdev, taken));
    }
  }

  #settleRegion(vdev: Vdev, here: Location, space: Space, place: SourcePlace | undefined): void {
    const { address, length } = here;
    if (length === 0) {
      throw new UserError(
        `${vdev.name} left v_block.length at 0; a vdev says in OPTIONS_START how many bytes its registers take`,
        place,
      );
    }
    this.#keepOffPassed(vdev, here, space, place);
    const refused = claimRegion(this.#vm, vdev, space, address, BigInt(length), 0, DEFAULT_REGION_FLAGS);
    if (refused !== undefined) {
      const other = this.#vm.spaces[space].overlapping(address, BigInt(length));
      throw new UserError(`${refused}${this.#whereIs(other)}`, place);
    }
    const region = this.#vm.spaces[space].find(address)!;
    this.#placed.set(vdev.index, { ...here, region, space });
  }

  #keepOffPassed(vdev: Vdev, { address, length }: Location, space: Space, place: SourcePlace | undefined): void {
    const end = address + BigInt(length);
    const isIn = (one: PassedRange) => one.space === space && address < one.address + one.length && one.address < end;
    const passed = this.#vm.plan.passed?.find(isIn);
    if (passed === undefined) return;
    const range = (first: bigint, behind: bigint) =>
      `${formatAddress(space, first)}..${formatAddress(space, behind - 1n)}`;
    const claims = `${vdev.name} claims ${range(address, end)}`;
    const other = `${range(passed.address, passed.address + passed.length)} of a pass (${formatPlace(passed.place)})`;
    throw new UserError(`${claims}, which overlaps ${other}`, place);
  }

  /** ` (vm.qvmconf:3:10)` of who has a region, where that is known. */
  #whereIs(region: Region | undefined): string {
    if (region?.what.kind !== "vdev") return "";
    const plan = this.#vm.vdevs[region.what.vdev]?.plan;
    const place = plan?.loc?.place ?? plan?.place;
    return place === undefined ? "" : ` (${formatPlace(place)})`;
  }

  #settleFunction(vdev: Vdev, here: Location, place: SourcePlace | undefined): void {
    const number = functionOf(here.address);
    const other = this.#functions.get(number);
    if (other !== undefined) {
      throw new UserError(`${vdev.name} and ${other.name} are the same PCI function ${formatLocation(vdev)}`, place);
    }
    this.#functions.set(number, vdev);
    this.#placed.set(vdev.index, here);
  }

  #release(vdev: Vdev, { region, space, type, address }: Placed): void {
    this.#placed.delete(vdev.index);
    if (type === QST_PCI) this.#functions.delete(functionOf(address));
    if (region !== undefined && space !== undefined) releaseRegion(this.#vm, space, region);
  }

  #assignFunction(vdev: Vdev): void {
    const number = firstFreeFunction([...this.#functions.keys(), ...this.#reserved.functions]);
    if (number === undefined) throw new UserError(`there is no free PCI function for ${vdev.name}`, vdev.plan.place);
    this.#choose(vdev, locationOfFunction(number), QST_PCI);
  }

  /** A place that would do for a vdev; undefined when there is none. */
  #freeAddress(vdev: Vdev, taken: Record<Space, AddressSpace>): bigint | undefined {
    const { type, length } = locationOf(vdev);
    const space = type === QST_X86_IO ? "io" : "memory";
    const size = BigInt(length);
    let align = MIN_ALIGN[space];
    while (align < size) align <<= 1n;
    const from = (first: bigint, last?: bigint) =>
      findUnreserved(this.#reserved[space], size, first, (at) => taken[space].findFree(size, align, at, last));
    return space === "io" ? from(FIRST.io) : (from(FIRST.memory, FOUR_GIB - 1n) ?? from(FOUR_GIB));
  }

  #assignAddress(vdev: Vdev, taken: Record<Space, AddressSpace>): void {
    const { type, length } = locationOf(vdev);
    const space = type === QST_X86_IO ? "io" : "memory";
    const found = this.#freeAddress(vdev, taken);
    if (found === undefined) {
      throw new UserError(`there is no free place for the ${length} bytes of ${vdev.name}`, vdev.plan.place);
    }
    taken[space].add({ start: found, length: BigInt(length), owner: vdev.name, what: { kind: "ram" } });
    this.#choose(vdev, found, space === "io" ? QST_X86_IO : QST_MEMORY);
  }

  /** Writes the host's choice where the vdev reads it. */
  #choose(vdev: Vdev, location: bigint, type: number): void {
    const block = vdev.vdp + vdev_s.v_block;
    vdev.instance.setU64(block + qvm_state_block.location, location);
    vdev.instance.setU16(block + qvm_state_block.type, type);
    this.settle(vdev);
    this.#vm.log("info", vdev, `chose no location in VDEV_CTRL_ASSIGN and was put at ${formatLocation(vdev)}`);
  }

  /** What is taken in a space: regions, and blocks of vdevs that make their own regions. */
  #taken(space: Space): AddressSpace {
    const taken = new AddressSpace(space);
    for (const region of this.#vm.spaces[space].regions) taken.add(region);
    for (const vdev of this.#vm.vdevs) {
      const { address, length, type } = locationOf(vdev);
      const isHere = type === (space === "io" ? QST_X86_IO : QST_MEMORY) && address !== QSL_NO_LOCATION;
      if (!isHere || length === 0 || (vdev.factory.flags & VFF_MANUAL_REGION) === 0) continue;
      taken.add({ start: address, length: BigInt(length), owner: vdev.name, what: { kind: "ram" } });
    }
    return taken;
  }
}

function isSame(one: Location, other: Location): boolean {
  return one.address === other.address && one.length === other.length && one.type === other.type;
}

function kindOf(vdev: Vdev, type: number, place: SourcePlace | undefined): LocationKind {
  if (type === QST_MEMORY || type === QST_NO_TYPE) return "memory";
  if (type === QST_X86_IO) return "io";
  if (type === QST_PCI) return "pci";
  const sentence = `${vdev.name} has a location of type 0x${type.toString(16)}, which nothing here can trap`;
  throw new UserError(sentence, place);
}

/** @param free where it could be */
function withoutLocation(vdev: Vdev, free: bigint | undefined): UserError {
  const { name, plan, factory } = vdev;
  if ((factory.flags & VFF_LOC_NO) !== 0) {
    const sentence = `${name} has no location: its factory forbids \`loc\` (VFF_LOC_NO), so it must fill in v_block itself`;
    return new UserError(sentence, plan.place);
  }
  const example =
    free === undefined
      ? ""
      : `, as in \`loc ${formatAddress(locationOf(vdev).type === QST_X86_IO ? "io" : "memory", free)}\``;
  return new UserError(`${name} has no location: give it one with \`loc ADDRESS\`${example}`, plan.place);
}
