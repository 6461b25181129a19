import type { Code } from "../wasm/function-editor.ts";
import { isNumber } from "../wasm/module.ts";
import { OP } from "../wasm/opcodes.ts";
import type { ModuleRewriter } from "../wasm/rewriter.ts";
import { globalGet, globalSet, i32Const } from "./instructions.ts";
import { EXPORT, type Pass } from "./pass.ts";

/**
 * Saves and restores the module's globals without the host touching each: `__vdevbox_save()` copies all mutable
 * globals the module defines to shadows, `__vdevbox_restore()` copies them back and resets what other passes count
 * (depth and limit). `__vdevbox_peek()` copies the numbers among them to exported globals, for whoever compares states.
 * Memory and tables are the host's to save. Must come after the passes whose globals it resets.
 */
export function snapshotPass(): Pass {
  return { name: "snapshot", key: "snapshot 2", apply };
}

function apply(rewriter: ModuleRewriter): void {
  const { module } = rewriter;
  const save: number[] = [];
  const restore: number[] = [];
  const peek: number[] = [];
  let peeked = 0;
  rewriter.addedGlobals.forEach(({ onRestore }, place) => {
    if (onRestore === undefined) return;
    restore.push(...i32Const(onRestore), ...globalSet(module.globals.length + place));
  });
  for (const { index, type, mutable, imported } of module.globals) {
    if (imported || !mutable) continue;
    const shadow = rewriter.addGlobal({ type, mutable: true });
    save.push(...globalGet(index), ...globalSet(shadow));
    restore.push(...globalGet(shadow), ...globalSet(index));
    if (!isNumber(type)) continue;
    const shown = rewriter.addGlobal({ type, mutable: true, exportAs: `${EXPORT.peeked}${peeked++}` });
    peek.push(...globalGet(index), ...globalSet(shown));
  }
  const procedure = (exportAs: string, code: Code) =>
    rewriter.addFunction({
      type: { parameters: [], results: [] },
      locals: [],
      code: [...code, OP.end],
      name: exportAs,
      exportAs,
    });
  procedure(EXPORT.save, save);
  procedure(EXPORT.restore, restore);
  procedure(EXPORT.peek, peek);
}
