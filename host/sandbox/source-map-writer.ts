import { BASE64, type Mapping, readMappings } from "./source-map.ts";
import { lastAtOrBelow, type OffsetMap } from "./wasm/offset-map.ts";

/**
 * The source map of a rewritten module, from the one of the original: what was inserted for an instruction has the
 * instruction's place, as a stack resolved through the `OffsetMap` would say.
 * @param json text of the original's map. @throws UserError when it is no source map
 */
export function moveSourceMap(json: string, offsets: OffsetMap): string {
  return JSON.stringify({
    ...JSON.parse(json),
    names: [],
    mappings: encodeMappings(movedMappings(readMappings(json), offsets)),
  });
}

function movedMappings(original: readonly Mapping[], { pieces, bodyOf }: OffsetMap): Mapping[] {
  const starts = Float64Array.from(original, ({ offset }) => offset);
  const moved: Mapping[] = [];
  const put = (mapping: Mapping, offset: number) => {
    const last = moved.at(-1);
    if (last?.offset === offset) moved.pop();
    moved.push({ ...mapping, offset });
  };
  for (const { start, original: from, copied, kind } of pieces) {
    if (kind === "gap") {
      put(NOWHERE, start);
      continue;
    }
    const first = lastAtOrBelow(starts, from);
    const before = original[first];
    const isOfBody = before !== undefined && before.offset >= (bodyOf(from)?.start ?? 0);
    put(isOfBody ? before : NOWHERE, start);
    for (let next = first + 1; next < original.length && starts[next]! < from + copied; next++) {
      put(original[next]!, start + starts[next]! - from);
    }
  }
  return moved;
}

const NOWHERE: Mapping = { offset: 0, source: -1, line: 0, column: 0 };

/** Line 1 of the field `mappings`; a module has no other. */
function encodeMappings(mappings: readonly Mapping[]): string {
  let last: Mapping = { offset: 0, source: 0, line: 0, column: 0 };
  const segments: string[] = [];
  for (const mapping of mappings) {
    const { offset, source, line, column } = mapping;
    if (source < 0) {
      segments.push(encodeVlq(offset - last.offset));
      last = { ...last, offset };
      continue;
    }
    const fields = [offset - last.offset, source - last.source, line - last.line, column - last.column];
    segments.push(fields.map(encodeVlq).join(""));
    last = mapping;
  }
  return segments.join(",");
}

/** Base 64 VLQ, as `readMappings` reads it. */
function encodeVlq(value: number): string {
  let rest = value < 0 ? -value * 2 + 1 : value * 2;
  let text = "";
  do {
    const digit = rest % 32;
    rest = Math.floor(rest / 32);
    text += BASE64[digit + (rest > 0 ? 32 : 0)]!;
  } while (rest > 0);
  return text;
}
