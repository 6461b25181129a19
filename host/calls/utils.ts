import { QST_MEMORY, QST_NO_TYPE, QST_X86_IO } from "../../abi/generated/constants.ts";
import { guest_intr, qvm_state_block } from "../../abi/generated/layouts.ts";
import { bodies } from "./body.ts";

/** `[type:]location` at the start of a text. */
const LOCATION = /^(?:(mem|io):)?(0[xX][0-9a-fA-F]+|[0-9]+)([kKmMgG]?)/;
const INTERRUPT = /^([^:\s]+):(0[xX][0-9a-fA-F]+|[0-9]+)/;
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
    instance.view.setUint16(at + qvm_state_block.type, type, true);
    if (isPciId !== 0 && isPciId !== undefined) instance.setU32(isPciId >>> 0, 0);
    return text! + match[0].length;
  },

  qvm_parse_intr(vm, instance, _gsp, text, interrupt) {
    const match = INTERRUPT.exec(instance.cstring(text!));
    const pic = match === null ? undefined : vm.lines.pic(match[1]!);
    const line = Number(match?.[2] ?? -1);
    if (match === null || pic === undefined || line >= pic.lines) return text!;
    const at = interrupt! >>> 0;
    instance.setU32(at + guest_intr.pic, instance.picHandle(pic.name));
    instance.setU32(at + guest_intr.param, line);
    instance.setU32(at + guest_intr.src_id, Math.max(vm.context.vdev, 0));
    return text! + match[0].length;
  },
});
