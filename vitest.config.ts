import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    include: ["host/**/*.test.ts", "abi/**/*.test.ts", "build/**/*.test.ts", "vdevs/**/*.test.ts", "test/**/*.test.ts"],
    exclude: ["build/out/**", "node_modules/**", "test/system/**", "test/browser/**"],
    testTimeout: 30_000,
    // Test files keep no state for others: one import of the host for all of a process takes a fifth of the time off.
    isolate: false,
    maxWorkers: "100%",
    // Each VM's memory makes V8 collect; with threads of its own for that, workers on few cores wait for each other most of the time.
    execArgv: ["--single-threaded-gc"],
  },
});
