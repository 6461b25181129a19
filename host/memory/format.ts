/** An address as people write it in a qvmconf: `0x1c090000`, `io:0x3f8`. */
export function formatAddress(space: "memory" | "io", address: bigint): string {
  const hex = `0x${address.toString(16)}`;
  return space === "io" ? `io:${hex}` : hex;
}
