/** Where printf finds its arguments: 8-byte slots, and strings in module memory. */
export interface PrintfArguments {
  u64(slot: number): bigint;
  string(address: number): string;
}

/** Slots a call passes; a format that asks for more is refused. */
export const PRINTF_SLOTS = 6;

/** What a slot holds whose argument was left out: NO_ARGUMENT of abi/runtime/frame.ts. */
export const NO_ARGUMENT = 0x7ff4_6e6f_6172_6773n;

/** Widest field and longest precision: what is more is cut. */
const FIELD_LIMIT = 1024;

/** `%%`, a conversion, or a percent sign that begins none of those known. */
const CONVERSION = /%(?:(%)|([-+ #0]*)(\*|[1-9]\d*)?(?:\.(\*|\d*))?(hh|h|ll|l|j|z|t)?([diouxXcsp]))?/g;

/** What a format came to. */
export interface Printed {
  readonly text: string;
  /** How many arguments the format asks for and how many were passed, when those are fewer. */
  readonly tooFew?: { readonly asked: number; readonly given: number };
}

/** One conversion of a format. */
interface Conversion {
  readonly kind: string;
  readonly flags: string;
  readonly width: number;
  /** Left out, or given as a negative `*`: undefined. */
  readonly precision: number | undefined;
  readonly bits: 8 | 16 | 32 | 64;
}

/** A conversion as the format has it; a width or precision of `*` is an argument. */
interface Specified {
  readonly kind: string;
  readonly flags: string;
  readonly width: number | "*";
  readonly precision: number | "*" | undefined;
  readonly bits: Conversion["bits"];
}

/** A format in its parts: text, conversions, and what is none. */
type Part = string | Specified | { readonly unknown: string; readonly text: string };

/** Formats taken apart, by their text: vdevs have few, and use them often. */
const known = new Map<string, readonly Part[]>();
const KNOWN_MAX = 512;

function partsOf(format: string): readonly Part[] {
  const cached = known.get(format);
  if (cached !== undefined) return cached;
  const parts: Part[] = [];
  let done = 0;
  for (const match of format.matchAll(CONVERSION)) {
    const [all, percent, flags = "", width, precision, length, kind] = match;
    if (match.index > done) parts.push(format.slice(done, match.index));
    done = match.index + all.length;
    if (percent !== undefined) parts.push(percent);
    else if (kind === undefined) parts.push({ unknown: format.slice(match.index, match.index + 4), text: all });
    else {
      const numbers = { width: numberOrStar(width ?? "0"), precision: precisionOf(precision) };
      parts.push({ kind, flags, bits: bitsOf(length), ...numbers });
    }
  }
  if (done < format.length) parts.push(format.slice(done));
  if (known.size >= KNOWN_MAX) known.clear();
  known.set(format, parts);
  return parts;
}

/** A precision without digits is 0. */
const precisionOf = (text: string | undefined) => (text === undefined ? undefined : numberOrStar(text));
const numberOrStar = (text: string): number | "*" => (text === "*" ? text : Number(text));

/**
 * printf as the logging calls of the API take it: d i o u x X c s p %, flags, width, precision and length modifiers.
 * Integers without `ll`, `l` or `j` are 32 bits wide: `long` has 4 bytes on wasm32, but vdevs pass 64-bit values too.
 * @returns the text, in which an argument that was left out counts as 0, or what is wrong with the format as the end of
 * a sentence
 */
export function printf(format: string, args: PrintfArguments): Printed | { readonly wrong: string } {
  let slot = 0;
  let given: number | undefined;
  let wrong: string | undefined;
  const next = (): bigint => {
    if (slot >= PRINTF_SLOTS) wrong ??= `the format asks for more than ${PRINTF_SLOTS} arguments`;
    if (slot >= PRINTF_SLOTS) return 0n;
    const value = args.u64(slot);
    if (value === NO_ARGUMENT) given ??= slot;
    slot++;
    return value === NO_ARGUMENT ? 0n : value;
  };
  const number = (value: number | "*"): number => (value === "*" ? Number(BigInt.asIntN(32, next())) : value);
  let text = "";
  for (const part of partsOf(format)) {
    if (typeof part === "string") text += part;
    else if ("unknown" in part) {
      wrong ??= `the format has a conversion that is not known here at "${part.unknown}"`;
      text += part.text;
    } else {
      const { kind, bits } = part;
      const width = number(part.width);
      const precision = part.precision === undefined ? undefined : number(part.precision);
      const conversion = {
        kind,
        // A negative width is the flag `-` and a width.
        flags: width < 0 ? `${part.flags}-` : part.flags,
        width: Math.min(Math.abs(width), FIELD_LIMIT),
        precision: precision === undefined || precision < 0 ? undefined : Math.min(precision, FIELD_LIMIT),
        bits,
      };
      text += convert(conversion, next(), args);
    }
  }
  if (wrong !== undefined) return { wrong };
  return given === undefined ? { text } : { text, tooFew: { asked: slot, given } };
}

function bitsOf(length: string | undefined): Conversion["bits"] {
  if (length === "ll" || length === "l" || length === "j") return 64;
  return length === "h" ? 16 : length === "hh" ? 8 : 32;
}

function convert(conversion: Conversion, value: bigint, args: PrintfArguments): string {
  const { kind, precision } = conversion;
  switch (kind) {
    case "c":
      return padded("", String.fromCharCode(Number(value & 0xffn)), conversion, false);
    case "s": {
      const string = value === 0n ? "(null)" : args.string(Number(BigInt.asUintN(32, value)));
      return padded("", precision === undefined ? string : string.slice(0, precision), conversion, false);
    }
    case "p":
      return padded("0x", BigInt.asUintN(32, value).toString(16), conversion, true);
    case "d":
    case "i":
      return signed(conversion, BigInt.asIntN(conversion.bits, value));
    default:
      return unsigned(conversion, BigInt.asUintN(conversion.bits, value));
  }
}

function signed(conversion: Conversion, value: bigint): string {
  const { flags } = conversion;
  const sign = value < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
  return padded(sign, digits(value < 0n ? -value : value, 10, conversion), conversion, true);
}

function unsigned(conversion: Conversion, value: bigint): string {
  const { kind, flags } = conversion;
  const radix = kind === "o" ? 8 : kind === "u" ? 10 : 16;
  const text = digits(value, radix, conversion);
  const alternative = flags.includes("#") && value !== 0n;
  const octal = alternative && radix === 8 && !text.startsWith("0") ? `0${text}` : text;
  const whole = padded(alternative && radix === 16 ? "0x" : "", octal, conversion, true);
  return kind === "X" ? whole.toUpperCase() : whole;
}

/** At least as many digits as the precision; zero with precision 0 has none. */
function digits(value: bigint, radix: number, { precision }: Conversion): string {
  if (value === 0n && precision === 0) return "";
  return value.toString(radix).padStart(precision ?? 1, "0");
}

/** Fills up to the width: zeros go between sign or prefix and digits, and a precision turns them off. */
function padded(prefix: string, body: string, { flags, width, precision }: Conversion, isNumber: boolean): string {
  if (flags.includes("-")) return (prefix + body).padEnd(width);
  const zeros = isNumber && flags.includes("0") && precision === undefined;
  return zeros ? prefix + body.padStart(width - prefix.length, "0") : (prefix + body).padStart(width);
}
