/** The 64-bit number of two 32-bit halves, which may be signed: integers cross from WebAssembly as i32. */
export function joinHalves(lo: number, hi: number): bigint {
  return (BigInt(hi >>> 0) << 32n) | BigInt(lo >>> 0);
}
