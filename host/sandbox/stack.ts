import type { StackFrame } from "../gate/finding.ts";
import { isLibrary } from "./library.ts";
import type { LoadedModule } from "./load.ts";
import { resolveStack } from "./source-map.ts";

/**
 * The vdevs' part of a call stack, innermost first, in AssemblyScript files and lines. Frames of the dispatcher, of the
 * host and, unless there is nothing else, of the SDK are left out.
 * @param error whose stack is meant; the stack of this call unless given
 * @param find the module of a V8 stack frame by its id
 */
export function stackOf(
  error: Error | undefined,
  find: (id: string) => LoadedModule | undefined,
): readonly StackFrame[] {
  const resolved = resolveStack(error ?? captureStack(), (id) => find(id)?.source, isLibrary);
  const frames = resolved.flatMap((frame) => {
    const module = find(frame.module);
    if (module === undefined) return [];
    const name = frame.functionName ?? `function ${frame.functionIndex}`;
    const place = frame.place;
    const known = {
      function: name.slice(name.lastIndexOf("/") + 1),
      module: module.file,
      ...(place === undefined ? {} : { file: place.file, line: place.line!, column: place.column! }),
    };
    return [known];
  });
  const authors = frames.filter((frame) => frame.file !== undefined && !isLibrary(frame.file));
  return authors.length > 0 ? authors : frames;
}

/** Made outside any vdev: stands for a place that nobody put down, where an error that is left out would stand for this call's. */
export const NOWHERE = new Error("nowhere");

/** An error whose stack reaches from a host call to the vdev's own lines, to be looked at later if at all. */
export function callPlace(): Error {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 24;
  const error = new Error("call");
  Error.stackTraceLimit = limit;
  return error;
}

/** The file of the innermost frame of a module, the SDK and AssemblyScript's library included. */
export function innermostFile(error: Error, module: LoadedModule): string | undefined {
  const frames = resolveStack(error, (id) => (id === module.id ? module.source : undefined));
  return frames.find((frame) => frame.module === module.id)?.place?.file;
}

function captureStack(): string {
  const limit = Error.stackTraceLimit;
  Error.stackTraceLimit = 50;
  const { stack } = new Error("stack");
  Error.stackTraceLimit = limit;
  return stack ?? "";
}
