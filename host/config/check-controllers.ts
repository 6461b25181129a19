import { formatPlace, UserError } from "../errors.ts";
import { isHostPicType } from "../interrupts/host-pics.ts";
import type { VdevItem } from "./vm-config.ts";

/**
 * The order of interrupt controllers that have a stanza: each is defined in front of those that use it, as in every
 * published configuration; so there are no cycles either. The first stanza of a type that every VM has (gic, ioapic,
 * 8259) is that controller, whatever name it gives it: who uses it by its type comes behind it, too. What is no vdev of
 * the configuration at all is found out when the interrupt is connected.
 *
 * @throws UserError at the `intr` that uses a controller too early
 */
export function checkControllers(vdevs: readonly VdevItem[]): void {
  const nameOf = (vdev: VdevItem) => vdev.name?.text ?? vdev.type;
  const first = new Map<string, number>();
  for (const [index, vdev] of vdevs.entries()) if (!first.has(nameOf(vdev))) first.set(nameOf(vdev), index);
  for (const [index, vdev] of vdevs.entries()) {
    for (const { pic, place } of vdev.intr) {
      const at = first.get(pic) ?? renamedBehind(vdevs, pic, index);
      if (at === undefined || at < index) continue;
      if (at === index) throw new UserError(`${pic} cannot interrupt itself`, place);
      const where = formatPlace(vdevs[at]!.place);
      const order = `${pic} comes after ${nameOf(vdev)}: put the stanza of a controller before its users'; it is at ${where}`;
      const circle = leadsTo(vdevs, first, at, nameOf(vdev));
      if (circle === undefined) throw new UserError(order, place);
      const steps = circle.map((to, i) => `${i === 0 ? pic : circle[i - 1]} to ${to}`).join(", ");
      throw new UserError(`${order}, and interrupts go in a circle, from ${steps}`, place);
    }
  }
}

/** Behind a vdev, the stanza that gives a controller every VM has another name; undefined when there is none. */
function renamedBehind(vdevs: readonly VdevItem[], pic: string, index: number): number | undefined {
  if (!isHostPicType(pic)) return undefined;
  const at = vdevs.findIndex(({ type }) => type === pic);
  return at > index ? at : undefined;
}

/** Where interrupts of a vdev go, controller by controller, until they come to `target`; undefined when they do not. */
function leadsTo(
  vdevs: readonly VdevItem[],
  first: ReadonlyMap<string, number>,
  from: number,
  target: string,
): readonly string[] | undefined {
  const seen = new Set<number>();
  const open: { at: number; path: readonly string[] }[] = [{ at: from, path: [] }];
  for (let step = open.pop(); step !== undefined; step = open.pop()) {
    if (seen.has(step.at)) continue;
    seen.add(step.at);
    for (const { pic } of vdevs[step.at]!.intr) {
      if (pic === target) return [...step.path, target];
      const next = first.get(pic);
      if (next !== undefined) open.push({ at: next, path: [...step.path, pic] });
    }
  }
  return undefined;
}
