import { UserError } from "../errors.ts";
import { HOST_PIC_TYPES, hostPic, isHostPicType } from "../interrupts/host-pics.ts";
import { didYouMean } from "../nearest-word.ts";
import type { PassPin, VmConfig } from "./vm-config.ts";

/** A controller of the host's own that has a stanza. */
interface DeclaredController {
  readonly type: ReturnType<typeof hostPic>["type"];
  readonly name: string;
}

/**
 * The interrupts of `pass`: each names a controller of the VM, and a line it has. A vdev of that name may be a
 * controller, whose lines only its module knows.
 *
 * @param declared the controllers of the host's own that have a stanza; those of the other types have their type's name
 * @throws UserError with the place of the interrupt
 */
export function checkPassInterrupts(config: VmConfig, declared: readonly DeclaredController[]): void {
  const stanzas = new Set(declared.map(({ type }) => type));
  const builtIn = HOST_PIC_TYPES.filter((type) => isHostPicType(type) && !stanzas.has(type));
  const hosts = new Map([...declared, ...builtIn.map((type) => ({ type, name: type }))].map((pic) => [pic.name, pic]));
  const vdevs = new Set(config.vdevs.map((vdev) => vdev.name?.text ?? vdev.type));
  const check = ({ pic, line, place }: PassPin) => {
    const host = hosts.get(pic);
    if (host === undefined) {
      if (vdevs.has(pic)) return;
      const known = [...hosts.keys()];
      const hint = didYouMean(pic, [...known, ...vdevs]);
      throw new UserError(`there is no interrupt controller ${pic}${hint}; known are ${known.join(", ")}`, place);
    }
    const { lines } = hostPic(host.type);
    if (Number(line) >= lines) throw new UserError(`${pic} has lines 0 to ${lines - 1}, and not ${line}`, place);
  };
  for (const { intr } of config.passes) intr.forEach(check);
}
