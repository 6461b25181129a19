import { defineConfig } from "vitest/config";

/** Tests that take longer than `npm test` should: `npm run test:system`. */
export default defineConfig({
  // execArgv: as in vitest.config.ts
  test: { include: ["test/system/**/*.test.ts"], testTimeout: 120_000, execArgv: ["--single-threaded-gc"] },
});
