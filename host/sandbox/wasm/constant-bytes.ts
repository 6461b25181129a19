import { ByteReader } from "./byte-reader.ts";
import { type Global, VALUE, type ValueType, type WasmModule } from "./module.ts";
import { OP, PREFIX } from "./opcodes.ts";

/** Bytes a value of the type takes in memory; undefined for references, which have no place there. */
export function valueBytes(type: ValueType): 4 | 8 | 16 | undefined {
  switch (type) {
    case VALUE.i32:
    case VALUE.f32:
      return 4;
    case VALUE.i64:
    case VALUE.f64:
      return 8;
    case VALUE.v128:
      return 16;
    default:
      return undefined;
  }
}

/**
 * What a global begins with, as it would lie in memory: little endian. Undefined when the module alone does not say:
 * references, and initialisers that name something imported.
 */
export function initialBytes(module: WasmModule, { initializer }: Global): Uint8Array | undefined {
  if (initializer === undefined) return undefined;
  const reader = new ByteReader(module.bytes, initializer.start, initializer.end);
  switch (reader.u8()) {
    case OP.i32Const:
      return littleEndian(BigInt(reader.signed(32)), 4);
    case OP.i64Const:
      return littleEndian(signedLeb(reader), 8);
    case OP.f32Const:
      return raw(reader, 4);
    case OP.f64Const:
      return raw(reader, 8);
    case PREFIX.simd:
      reader.u32();
      return raw(reader, 16);
    default:
      return undefined;
  }
}

function raw(reader: ByteReader, length: number): Uint8Array {
  return reader.bytes.slice(reader.offset, reader.offset + length);
}

function littleEndian(value: bigint, length: 4 | 8): Uint8Array {
  const bytes = new Uint8Array(8);
  new DataView(bytes.buffer).setBigInt64(0, BigInt.asIntN(64, value), true);
  return bytes.subarray(0, length);
}

function signedLeb(reader: ByteReader): bigint {
  let value = 0n;
  for (let shift = 0n; ; shift += 7n) {
    const byte = BigInt(reader.u8());
    value |= (byte & 0x7fn) << shift;
    if ((byte & 0x80n) === 0n) return BigInt.asIntN(Number(shift) + 7, value);
  }
}
