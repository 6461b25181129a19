/** `0x2a`: how scripts and recordings write addresses and values. */
export function formatHex(value: bigint): string {
  return `0x${value.toString(16)}`;
}

/** `0x` and two hex digits for each byte, in the order of their addresses. */
export function formatBytes(bytes: Uint8Array): string {
  return `0x${Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("hex")}`;
}

/** A name as it is where that is a plain word, else in quotes. */
export function formatName(text: string): string {
  return /^[^\s"#]+$/.test(text) ? text : JSON.stringify(text);
}

/** `gic:42`. */
export function formatPin(pic: string, line: number): string {
  return formatName(`${pic}:${line}`);
}

/** A text as a sentence can hold it: `write` takes up to a megabyte on its line. */
export function brief(text: string): string {
  return text.length <= 80 ? text : `${text.slice(0, 77)}...`;
}
