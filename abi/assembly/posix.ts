/** Bodies of libc functions that run inside the module: strings, bytes, numbers, and the comparison of threads. Nothing is allocated. */
import { cstring } from "../string";

export function pthread_equal(t1: u32, t2: u32): i32 {
  return t1 == t2 ? 1 : 0;
}

export function strlen(s: cstring): u32 {
  let end = s;
  while (load<u8>(end) != 0) end++;
  return <u32>(end - s);
}

export function strcmp(s1: cstring, s2: cstring): i32 {
  let offset: usize = 0;
  while (load<u8>(s1 + offset) != 0 && load<u8>(s1 + offset) == load<u8>(s2 + offset)) offset++;
  return <i32>load<u8>(s1 + offset) - <i32>load<u8>(s2 + offset);
}

export function memcpy(s1: usize, s2: usize, n: u32): usize {
  memory.copy(s1, s2, n);
  return s1;
}

export function memmove(s1: usize, s2: usize, n: u32): usize {
  memory.copy(s1, s2, n);
  return s1;
}

export function memset(s: usize, c: i32, n: u32): usize {
  memory.fill(s, <u8>c, n);
  return s;
}

export function memcmp(s1: usize, s2: usize, n: u32): i32 {
  for (let i: u32 = 0; i < n; i++) {
    const difference = <i32>load<u8>(s1 + i) - <i32>load<u8>(s2 + i);
    if (difference != 0) return difference;
  }
  return 0;
}

/** `unsigned long` has 32 bits here, as on every wasm32 C compiler. */
export function strtoul(str: cstring, endptr: usize, base: i32): u32 {
  return <u32>parse_unsigned(str, endptr, base, u32.MAX_VALUE);
}

export function strtoull(str: cstring, endptr: usize, base: i32): u64 {
  return parse_unsigned(str, endptr, base, u64.MAX_VALUE);
}

/**
 * C's rules: blanks, a sign, `0x` with base 16 or 0, `0` for octal with base 0, then digits. Too large a number gives
 * the largest; unlike C's, errno stays as it is. Without digits the result is 0 and `*endptr` is `str`.
 */
function parse_unsigned(str: cstring, endptr: usize, base: i32, limit: u64): u64 {
  let at = skip_blanks(str);
  const negative = load<u8>(at) == 0x2d;
  if (negative || load<u8>(at) == 0x2b) at++;
  const prefixed = load<u8>(at) == 0x30 && (load<u8>(at, 1) | 0x20) == 0x78 && digit_of(load<u8>(at, 2)) < 16;
  if (base == 0) base = prefixed ? 16 : load<u8>(at) == 0x30 ? 8 : 10;
  if (base == 16 && prefixed) at += 2;
  const first = at;
  let value: u64 = 0;
  let overflow = false;
  for (let digit = digit_of(load<u8>(at)); digit < <u32>base; digit = digit_of(load<u8>(++at))) {
    if (value > (limit - digit) / base) overflow = true;
    value = value * base + digit;
  }
  if (endptr != 0) store<usize>(endptr, at == first ? str : at);
  return overflow ? limit : (negative ? 0 - value : value) & limit;
}

/** Space and the control characters from tab to carriage return. */
function skip_blanks(str: cstring): usize {
  let at = str;
  while (load<u8>(at) == 0x20 || <u8>(load<u8>(at) - 9) < 5) at++;
  return at;
}

/** Value of a digit in any base up to 36, or a number above every base. */
function digit_of(character: u32): u32 {
  if (character - 0x30 < 10) return character - 0x30;
  const letter = (character | 0x20) - 0x61;
  return letter < 26 ? letter + 10 : u32.MAX_VALUE;
}
