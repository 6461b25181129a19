import { UserError } from "../errors.ts";
import { readNumber } from "./numbers.ts";
import type { PciLocation } from "./vm-config.ts";
import type { ConfigWord } from "./words.ts";

const MAX_BUS = 255n;
const MAX_DEVICE = 31n;
const MAX_FUNCTION = 7n;
const MAX_ID = 0xffffn;
const MAX_INDEX = 255n;

/**
 * What stands behind `pci:`: `bus:dev[.func]`, or `VID/DID[/index]`.
 *
 * @param word where it stands
 * @throws UserError for anything else
 */
export function readPciLocation(text: string, word: ConfigWord): PciLocation {
  const number = (part: string, what: string, max: bigint) => Number(readNumber(part, word, what, max));
  const ids = text.split("/");
  if (ids.length === 2 || ids.length === 3) {
    const [vendor, device, index] = ids as [string, string, string?];
    return {
      by: "id",
      vendor: number(vendor, "a PCI vendor", MAX_ID),
      device: number(device, "a PCI device id", MAX_ID),
      ...(index !== undefined && { index: number(index, "which of the devices with that id", MAX_INDEX) }),
    };
  }
  const match = /^([^:.]*):([^:.]*)(?:\.([^:.]*))?$/.exec(text);
  if (ids.length !== 1 || match === null) {
    throw new UserError(
      `a PCI location is pci:BUS:DEVICE.FUNCTION or pci:VENDOR/DEVICE, not "pci:${text}"`,
      word.place,
    );
  }
  const [, bus, device, func] = match as unknown as [string, string, string, string?];
  return {
    by: "function",
    bus: number(bus, "a PCI bus", MAX_BUS),
    device: number(device, "a PCI device", MAX_DEVICE),
    function: func === undefined ? 0 : number(func, "a PCI function", MAX_FUNCTION),
  };
}
