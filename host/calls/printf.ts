/** Where printf finds its arguments: 8-byte slots, and strings in module memory. */
export interface PrintfArguments {
  u64(slot: number): bigint;
  string(address: number): string;
}

/** Slots a call passes; a format that asks for more is refused. */
export const PRINTF_SLOTS = 6;

const CONVERSION = /%([-+ #0]*)(\*|[1-9]\d*)?(?:\.(\*|\d+))?(hh|h|ll|l|j|z|t)?([diouxXcsp%])/g;

/**
 * printf as the logging calls of the API take it: d i o u x X c s p %, flags, width, precision and length modifiers.
 * Integers without `ll`, `l` or `j` are 32 bits wide: `long` has 4 bytes on wasm32, but vdevs pass 64-bit values too.
 * @returns the text, or what is wrong with the format as the end of a sentence
 */
export function printf(format: string, args: PrintfArguments): { readonly text: string } | { readonly wrong: string } {
  let slot = 0;
  let wrong: string | undefined;
  const next = (): bigint => {
    if (slot >= PRINTF_SLOTS) wrong ??= `the format asks for more than ${PRINTF_SLOTS} arguments`;
    return slot < PRINTF_SLOTS ? args.u64(slot++) : 0n;
  };
  const number = (text: string | undefined): number | undefined =>
    text === undefined ? undefined : text === "*" ? Number(BigInt.asIntN(32, next())) : Math.min(Number(text), 1024);
  const text = format.replace(
    CONVERSION,
    (_all, flags: string, widthText, precisionText, length, conversion: string) => {
      if (conversion === "%") return "%";
      const width = number(widthText);
      const precision = number(precisionText);
      const body = convert(conversion, flags, precision, length, next(), args);
      return pad(body, width ?? 0, flags, conversion);
    },
  );
  const unknown = /%(?![-+ #0]*(\*|[1-9]\d*)?(?:\.(\*|\d+))?(hh|h|ll|l|j|z|t)?[diouxXcsp%])/.exec(
    format.replaceAll("%%", ""),
  );
  if (unknown !== null)
    wrong ??= `the format has a conversion that is not known here at "${unknown.input.slice(unknown.index, unknown.index + 4)}"`;
  return wrong === undefined ? { text } : { wrong };
}

function convert(
  conversion: string,
  flags: string,
  precision: number | undefined,
  length: string | undefined,
  value: bigint,
  args: PrintfArguments,
): string {
  const bits =
    length === "ll" || length === "l" || length === "j" ? 64 : length === "h" ? 16 : length === "hh" ? 8 : 32;
  switch (conversion) {
    case "c":
      return String.fromCharCode(Number(value & 0xffn));
    case "s": {
      const string = value === 0n ? "(null)" : args.string(Number(BigInt.asUintN(32, value)));
      return precision === undefined ? string : string.slice(0, precision);
    }
    case "p":
      return `0x${BigInt.asUintN(32, value).toString(16)}`;
    case "d":
    case "i": {
      const signed = BigInt.asIntN(bits, value);
      const digits = (signed < 0n ? -signed : signed).toString().padStart(precision ?? 1, "0");
      const sign = signed < 0n ? "-" : flags.includes("+") ? "+" : flags.includes(" ") ? " " : "";
      return sign + digits;
    }
    default: {
      const radix = conversion === "o" ? 8 : conversion === "u" ? 10 : 16;
      const unsigned = BigInt.asUintN(bits, value);
      const digits = unsigned.toString(radix).padStart(precision ?? 1, "0");
      const prefix = flags.includes("#") && unsigned !== 0n ? (radix === 16 ? "0x" : radix === 8 ? "0" : "") : "";
      return conversion === "X" ? (prefix + digits).toUpperCase() : prefix + digits;
    }
  }
}

function pad(body: string, width: number, flags: string, conversion: string): string {
  if (flags.includes("-")) return body.padEnd(width);
  if (!flags.includes("0") || conversion === "s" || conversion === "c") return body.padStart(width);
  const sign = /^[-+ ]|^0[xX]/.exec(body)?.[0] ?? "";
  return sign + body.slice(sign.length).padStart(width - sign.length, "0");
}
