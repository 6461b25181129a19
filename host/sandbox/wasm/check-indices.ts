import { malformed } from "./byte-reader.ts";
import type { WasmModule } from "./module.ts";

/**
 * Checks that every index outside the function bodies names something, so that analyses may follow them.
 * @throws UserError at the first that does not.
 */
export function checkIndices(module: WasmModule): void {
  for (const { index, range } of module.functionReferences) {
    if (index >= module.functionTypes.length) throw malformed(range.start, `there is no function ${index}`);
  }
  const sizes = {
    function: module.functionTypes.length,
    table: module.tables.length,
    memory: module.memories.length,
    global: module.globals.length,
  };
  for (const { kind, index, indexRange, name } of module.exports) {
    if (index >= sizes[kind]) throw malformed(indexRange.start, `the export "${name}" names no ${kind}`);
  }
  const end = module.bytes.length;
  if (module.memories.length > 1) throw malformed(end, "more than one memory is not supported");
  for (const { mode, table } of module.elements) {
    if (mode === "active" && table >= module.tables.length) throw malformed(end, `there is no table ${table}`);
  }
}
