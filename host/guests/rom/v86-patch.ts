/**
 * Two changes to v86.wasm when it is loaded, without which it cannot be driven from outside. Each is checked to fit;
 * a v86 other than the pinned one is refused rather than run wrongly.
 */

/** Name under which the patched module exports its stack pointer. */
export const STACK_POINTER_EXPORT = "vdevbox_stack_pointer";

const EXPORT_SECTION = 7;
const GLOBAL_KIND = 3;
/** LLVM makes `__stack_pointer` the first global of every module. */
const STACK_POINTER_GLOBAL = 0;
const HEADER_BYTES = 8;

/** v86.wasm with prompt interrupts and its stack pointer exported. */
export function patchV86(original: Uint8Array): Uint8Array<ArrayBuffer> {
  return withStackPointer(withPromptInterrupts(original));
}

function refuse(): never {
  throw new Error("the installed v86 is not the version this adapter was made for (0.5.462); run npm ci");
}

/**
 * Lowers INTERPRETER_ITERATION_LIMIT from 100,001 to 1, so that an interrupt is taken at the next backward jump rather
 * than 100,001 instructions later: `i32.const 100001; i32.lt_u; br_if 0`, where the number is three bytes of LEB128.
 */
function withPromptInterrupts(original: Uint8Array): Buffer {
  const patched = Buffer.from(original);
  const pattern = Buffer.from([0x41, 0xa1, 0x8d, 0x06, 0x49, 0x0d, 0x00]);
  const at = patched.indexOf(pattern);
  if (at < 0 || patched.indexOf(pattern, at + 1) >= 0) refuse();
  patched.set([0x41, 0x81, 0x80, 0x00], at); // 1 in the same length
  return patched;
}

/**
 * Adds an export of the stack pointer. Leaving v86 by an exception skips the epilogues of its functions, and about 700
 * bytes of its stack would be lost each time; whoever leaves puts the stack pointer back.
 */
function withStackPointer(module: Buffer): Uint8Array<ArrayBuffer> {
  for (let offset = HEADER_BYTES; offset < module.length; ) {
    const size = readLeb(module, offset + 1);
    const body = offset + 1 + size.bytes;
    if (module[offset] === EXPORT_SECTION) {
      const count = readLeb(module, body);
      const entries = module.subarray(body + count.bytes, body + size.value);
      const name = Buffer.from(STACK_POINTER_EXPORT);
      const entry = Buffer.from([...leb(name.length), ...name, GLOBAL_KIND, STACK_POINTER_GLOBAL]);
      const newBody = Buffer.concat([Buffer.from(leb(count.value + 1)), entries, entry]);
      const header = Buffer.from([EXPORT_SECTION, ...leb(newBody.length)]);
      const rest = module.subarray(body + size.value);
      return Uint8Array.from(Buffer.concat([module.subarray(0, offset), header, newBody, rest]));
    }
    offset = body + size.value;
  }
  return refuse();
}

/** An unsigned LEB128 number and the bytes it takes. */
function readLeb(bytes: Uint8Array, offset: number): { value: number; bytes: number } {
  let value = 0;
  for (let i = 0; i < 5; i++) {
    const byte = bytes[offset + i];
    value += (byte & 0x7f) * 2 ** (7 * i);
    if (byte < 0x80) return { value, bytes: i + 1 };
  }
  return refuse();
}

function leb(value: number): number[] {
  return value < 0x80 ? [value] : [(value & 0x7f) | 0x80, ...leb(value >>> 7)];
}
