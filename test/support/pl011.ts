import * as R from "../../vdevs/pl011/registers.ts";
import { type DeviceLab, deviceLab } from "./device.ts";

export const BASE = 0x1c090000;
/** With UARTCLK at 16 MHz and a divisor of 1 a bit takes a microsecond, a character 8N1 ten. */
export const BIT = 1000n;
export const CHARACTER = 10n * BIT;
/** Compiles the vdev; to be called once in a test file, at its top. */
export const lab = deviceLab("pl011");
export const pl011 = (options = "") => lab(`vdev pl011 loc 0x1c090000 intr gic:37 clock 16000000 hostdev - ${options}`);

export const get = (one: DeviceLab, offset: number) => one.get(BASE + offset);
export const set = (one: DeviceLab, offset: number, value: number) => one.set(BASE + offset, value);
export const line = ({ vm }: DeviceLab) => vm.lines.level("gic", 37);
export const send = ({ vm }: DeviceLab, text: string | number[]) =>
  vm.character.send("pl011", typeof text === "string" ? new TextEncoder().encode(text) : Uint8Array.from(text));
export const bytesOut = ({ events }: DeviceLab) =>
  events.flatMap((event) => (event.kind === "output" ? [...event.bytes] : []));
export const out = (one: DeviceLab) => String.fromCharCode(...bytesOut(one));

export const N8 = 0x60;
export const FIFOS = N8 | R.LCR_FEN;
export const ON = R.CR_UARTEN | R.CR_TXE | R.CR_RXE;

/** A UART as a driver sets it up: 1 Mbaud, frame and control as given, all interrupts let through. */
export function uart(lcr = FIFOS, cr = ON, options = ""): DeviceLab {
  const one = pl011(options);
  set(one, R.UARTIBRD_RW, 1);
  set(one, R.UARTLCR_H_RW, lcr);
  set(one, R.UARTCR_RW, cr);
  set(one, R.UARTIMSC_RW, 0x7ff);
  return one;
}
