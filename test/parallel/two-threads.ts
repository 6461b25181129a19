import { once } from "node:events";
import { Worker } from "node:worker_threads";
import type { LoadedModule } from "../../host/sandbox/load.ts";

/** One export and its arguments. */
export type Call = readonly [name: string, ...args: (number | bigint)[]];

const JOINER = `
const { parentPort, workerData } = require("node:worker_threads");
const { thread, memory, calls, gate, milliseconds } = workerData;
const imports = { vdevbox: { memory, contended: (at) => void Atomics.wait(new Int32Array(memory.buffer), at >>> 2, 2, 10) } };
for (const { module, name, kind } of WebAssembly.Module.imports(thread)) {
  if (kind === "function" && module !== "vdevbox") (imports[module] ??= {})[name] = () => { throw new Error(name); };
}
const { exports } = new WebAssembly.Instance(thread, imports);
const run = ([name, ...args]) => { try { return exports[name](...args); } catch (error) { return String(error.stack); } };
parentPort.postMessage("ready");
while (Atomics.load(gate, 0) === 0);
const answers = [];
const end = performance.now() + milliseconds;
do answers.push(...calls.map(run)); while (performance.now() < end);
parentPort.postMessage(answers);
`;

/**
 * Makes calls on a worker, in an instance of its own over the memory, while `here` runs on this thread: both begin at
 * the same time. The calls are made again until `milliseconds` have passed.
 * @returns what the calls gave; the stack of an error as a string
 */
export async function bothAtOnce(
  module: LoadedModule,
  memory: WebAssembly.Memory,
  calls: readonly Call[],
  here: () => void = () => {},
  milliseconds = 0,
): Promise<unknown[]> {
  const gate = new Int32Array(new SharedArrayBuffer(4));
  const { thread } = module.shared!;
  const worker = new Worker(JOINER, { eval: true, workerData: { thread, memory, calls, gate, milliseconds } });
  try {
    await once(worker, "message");
    const answers = once(worker, "message");
    Atomics.store(gate, 0, 1);
    here();
    return (await answers)[0];
  } finally {
    await worker.terminate();
  }
}
