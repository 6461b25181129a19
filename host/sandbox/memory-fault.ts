/** What an access ends in that reaches past the module's memory, as the engine says it. */
export function outOfBounds(): WebAssembly.RuntimeError {
  return new WebAssembly.RuntimeError("memory access out of bounds");
}

/** A module used an address so low that nothing of its own can be there: it followed a NULL pointer. */
export class FollowedNull extends WebAssembly.RuntimeError {
  constructor(address: number, bytes: number, writes: boolean) {
    const at = address === 0 ? "" : ` at 0x${address.toString(16)}`;
    super(
      `it followed a NULL pointer, to ${writes ? "write" : "read"} ${bytes === 1 ? "a byte" : `${bytes} bytes`}${at}`,
    );
  }
}
