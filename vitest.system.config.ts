import { defineConfig } from "vitest/config";

/** Tests that take longer than `npm test` should: `npm run test:system`. */
export default defineConfig({ test: { include: ["test/system/**/*.test.ts"], testTimeout: 120_000 } });
