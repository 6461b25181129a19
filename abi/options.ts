/** Arguments of a vdev's own options, read strictly. For authors of vdevs; no part of the qvm API. */
import { vdev_logf } from "./log";
import { QVM_OUTE_QVM } from "./outpipe";
import { EINVAL } from "./posix";
import { cstr, cstring } from "./string";
import { vdev_t } from "./vdev-core";

/** What parse_number() and option_number() answer to a text that is no number, or not in its range. */
export const NO_NUMBER: u64 = u64.MAX_VALUE;

/**
 * A number as the configuration has them: decimal, or hexadecimal with 0x; no sign, no blanks, nothing behind it. A leading
 * 0 is no number, because it might mean octal, nor is a suffix, because it might mean powers of 1000 or of 1024.
 * @returns the number, below 2^64 - 1, or NO_NUMBER
 */
export function parse_number(text: cstring): u64 {
  const is_hex = load<u8>(text) == 0x30 && (load<u8>(text, 1) | 0x20) == 0x78;
  if (!is_hex && load<u8>(text) == 0x30 && load<u8>(text, 1) != 0) return NO_NUMBER;
  const base: u64 = is_hex ? 16 : 10;
  const first = is_hex ? text + 2 : text;
  let value: u64 = 0;
  let at = first;
  for (; load<u8>(at) != 0; at++) {
    const digit = digit_of(load<u8>(at));
    if (digit >= base || value > (NO_NUMBER - 1 - digit) / base) return NO_NUMBER;
    value = value * base + digit;
  }
  return at == first ? NO_NUMBER : value;
}

/** Value of a digit up to 15, or 16 for any other character. */
function digit_of(character: u32): u64 {
  if (character - 0x30 < 10) return character - 0x30;
  const letter = (character | 0x20) - 0x61;
  return letter < 6 ? letter + 10 : 16;
}

/**
 * The argument of an option that takes a number. What it takes is logged when the argument is something else.
 * @returns the number, or NO_NUMBER: answer EINVAL then
 */
export function option_number(vdp: vdev_t, option: cstring, text: cstring, least: u64, most: u64): u64 {
  const number = parse_number(text);
  if (number != NO_NUMBER && number >= least && number <= most) return number;
  const why =
    load<u8>(text) == 0x30 && load<u8>(text, 1) - 0x30 < 10 ? cstr(": a leading 0 might mean octal") : cstr("");
  vdev_logf(
    QVM_OUTE_QVM,
    vdp,
    cstr('%s takes a number from %llu to %llu, decimal or 0x hex without a suffix, and not "%s"%s'),
    option,
    least,
    most,
    text,
    why,
  );
  return NO_NUMBER;
}

/**
 * Says what an option takes, when its argument is something else.
 * @param takes what it takes, as the end of "OPTION takes …"
 * @returns EINVAL, the answer to the option
 */
export function refuse_option(vdp: vdev_t, option: cstring, text: cstring, takes: cstring): i32 {
  vdev_logf(QVM_OUTE_QVM, vdp, cstr('%s takes %s, and not "%s"'), option, takes, text);
  return EINVAL;
}
