/** The PL031 as its manual and its README say it is, for `vdevbox fuzz --reference`. The clock is set to 0 at reset. */
import type { ReferenceModel } from "vdevbox/testing";

const [DR, MR, LR, CR, IMSC, RIS, MIS, ICR, ID] = [0x00, 0x04, 0x08, 0x0c, 0x10, 0x14, 0x18, 0x1c, 0xfe0] as const;
const IDENTIFICATION = [0x31, 0x10, 0x04, 0x00, 0x0d, 0xf0, 0x05, 0xb1];
const SECOND = 1_000_000_000n;
const RESET = { time: 0n, match: 0n, load: 0n, enabled: 0n, mask: 0n, raw: 0n, passed: 0n };
let rtc = { ...RESET };

/** The interrupt is raised when the time becomes the one that was set. */
function compare(): void {
  if (rtc.enabled === 1n && rtc.time === rtc.match) rtc.raw = 1n;
}

const model: ReferenceModel = {
  reset() {
    rtc = { ...RESET };
  },
  read({ offset, width }) {
    if ((offset % 4) + width > 4) return "bus-error";
    if (offset >= ID && offset % 4 === 0) return IDENTIFICATION[(offset - ID) / 4]!;
    const { time, match, load, enabled, mask, raw } = rtc;
    const registers = { [DR]: time, [MR]: match, [LR]: load, [CR]: enabled, [IMSC]: mask, [RIS]: raw, [MIS]: raw & mask };
    return registers[offset] ?? (offset % 4 === 0 ? 0 : undefined); // the upper bytes of a register are not judged
  },
  write({ offset, width }, value) {
    if ((offset % 4) + width > 4) return "bus-error";
    if (offset === MR) rtc.match = value;
    if (offset === LR) rtc.time = rtc.load = value;
    if (offset === IMSC) rtc.mask = value & 1n;
    if (offset === ICR && (value & 1n) === 1n) rtc.raw = 0n;
    const starts = offset === CR && rtc.enabled === 0n && (value & 1n) === 1n;
    if (starts) rtc.enabled = 1n;
    if (starts || offset === MR || offset === LR) compare();
    return "ok";
  },
  step(ns) {
    const ticks = (rtc.passed + ns) / SECOND - rtc.passed / SECOND;
    rtc.passed += ns;
    if (rtc.enabled === 0n) return;
    const left = BigInt.asUintN(32, rtc.match - rtc.time) || 1n << 32n;
    if (left <= ticks) rtc.raw = 1n;
    rtc.time = BigInt.asUintN(32, rtc.time + ticks);
  },
  level: () => (rtc.raw & rtc.mask) === 1n,
};

export default model;
