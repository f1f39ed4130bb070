import path from "node:path";
import { defineConfig } from "vitest/config";

export default defineConfig({
  resolve: { alias: { vscode: path.join(import.meta.dirname, "vscode.ts") } },
  test: {
    // `MEASURE=1`: how fast they are, which is no test.
    include: [`test/panels/**/*.${process.env.MEASURE ? "measure" : "test"}.ts`],
    testTimeout: 60_000,
    hookTimeout: 60_000,
    fileParallelism: false,
  },
});
