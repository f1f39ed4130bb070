// One bundle for the extension host, one for each panel, and the schema that goes along.
import { copyFile, mkdir, rm } from "node:fs/promises";
import { context } from "esbuild";

const production = process.argv.includes("--production");
const watch = process.argv.includes("--watch");
const shared = {
  bundle: true,
  minify: production,
  sourcemap: !production,
  logLevel: "warning",
  legalComments: "none",
};

await rm("dist", { recursive: true, force: true });
await mkdir("dist/media", { recursive: true });
await copyFile("../schemas/pitchpipe_schemas/workflow.schema.json", "dist/workflow.schema.json");

const builds = [
  {
    ...shared,
    entryPoints: ["src/extension.ts"],
    outfile: "dist/extension.js",
    platform: "node",
    target: "node22",
    format: "cjs",
    external: ["vscode"],
  },
  {
    ...shared,
    entryPoints: {
      run: "src/webview/run/main.ts",
      memory: "src/webview/memory/main.ts",
      preview: "src/webview/preview/main.ts",
    },
    outdir: "dist/media",
    platform: "browser",
    target: "es2023",
    format: "iife",
    loader: { ".css": "css" },
  },
];

for (const options of builds) {
  const building = await context(options);
  if (watch) {
    await building.watch();
  } else {
    await building.rebuild();
    await building.dispose();
  }
}
