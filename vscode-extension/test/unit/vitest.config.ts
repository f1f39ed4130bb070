import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

const here = (name: string) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
  // What the tests look at of `vscode`, which is there in an extension host only.
  resolve: { alias: { vscode: here("./vscode.ts") } },
  test: { include: [here("./*.test.ts")], environment: "node" },
});
