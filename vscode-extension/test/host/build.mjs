// Bundles each test file of this folder; mocha and vscode are what the extension host finds.
import { readdir, rm } from "node:fs/promises";
import { build } from "esbuild";

const out = ".vscode-test/host";
const names = (await readdir("test/host")).filter((name) => /^index\.ts$|\.test\.ts$/.test(name));
await rm(out, { recursive: true, force: true });
await build({
  entryPoints: names.map((name) => `test/host/${name}`),
  outdir: out,
  bundle: true,
  platform: "node",
  target: "node22",
  format: "cjs",
  sourcemap: "inline",
  external: ["vscode", "mocha"],
  logLevel: "warning",
});
