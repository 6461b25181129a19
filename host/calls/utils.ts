import { QST_MEMORY, QST_NO_TYPE, QST_X86_IO } from "../../abi/generated/constants.ts";
import { qvm_state_block } from "../../abi/generated/layouts.ts";
import { fillInterrupt } from "../interrupts/handles.ts";
import { bodies } from "./body.ts";

/** `[type:]location` at the start of a text. */
const LOCATION = /^(?:(mem|io):)?(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG]?)/;
/** Where the line ends is the controller's to say: it may know its lines by name. */
const INTERRUPT = /^([^:\s]+):([^\s,]+)/;
const SUFFIX: Record<string, bigint> = { "": 1n, k: 1n << 10n, m: 1n << 20n, g: 1n << 30n };

/** Both return the first character they did not take; text that is no such thing takes none. */
export const utilsBodies = bodies({
  qvm_parse_block(_vm, instance, text, block, isPciId) {
    const match = LOCATION.exec(instance.cstring(text!));
    if (match === null) return text!;
    const at = block! >>> 0;
    const address = BigInt(match[2]!) * SUFFIX[match[3]!.toLowerCase()]!;
    const preset = instance.view.getUint16(at + qvm_state_block.type, true);
    const type = match[1] === "io" ? QST_X86_IO : match[1] === "mem" || preset === QST_NO_TYPE ? QST_MEMORY : preset;
    instance.setU64(at + qvm_state_block.location, BigInt.asUintN(64, address));
    instance.setU16(at + qvm_state_block.type, type);
    if (isPciId !== 0 && isPciId !== undefined) instance.setU32(isPciId >>> 0, 0);
    return text! + match[0].length;
  },

  qvm_parse_intr(vm, instance, _gsp, text, interrupt) {
    const match = INTERRUPT.exec(instance.cstring(text!));
    const pic = match === null ? undefined : vm.interrupts.controllers.find(match[1]!);
    if (match === null || pic === undefined) return text!;
    const resolved = vm.interrupts.resolve(pic, match[2]!);
    const vdev = vm.vdevs[vm.context.vdev];
    if (typeof resolved === "string" || vdev === undefined) return text!;
    const source = vm.interrupts.connectConfigured(resolved.line, vdev, resolved.param);
    if (typeof source === "string") {
      vm.log("error", vdev, source);
      return text!;
    }
    fillInterrupt(instance, interrupt! >>> 0, pic, resolved.param, source.bit);
    return text! + match[1]!.length + 1 + resolved.length;
  },
});
