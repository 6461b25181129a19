import type { Command } from "./arguments.ts";

/** `vdevbox bench`: the figures of docs/benchmarks.md. */
export const benchCommand: Command = {
  name: "bench",
  usage: "[NAME…] [--json] [--rounds N]",
  summary: "measure dispatching, loading and reset, each beside its yardstick",
  options: [],
  run: async () => 2,
};
