/** Files and functions of the SDK and of AssemblyScript's library: between an ABI call and the author's own line. */
const LIBRARY = /^(~|vdevbox\/abi\/|abi\/|__vdevbox_)/;

/** Whether a source file, function or global by this name is none of the author's. */
export function isLibrary(name: string): boolean {
  return LIBRARY.test(name);
}
