// Writes l10n/bundle.l10n.json: every text that the sources hand to `l10n.t`. Each is its own key.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const BUNDLE = join(ROOT, "l10n", "bundle.l10n.json");
const TEXT = /\bl10n\s*\.t\(\s*("(?:[^"\\]|\\.)*")/g;

/** The texts of all sources, sorted. */
export async function texts() {
  const found = new Set();
  for (const entry of await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const source = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const [, literal] of source.matchAll(TEXT)) found.add(JSON.parse(literal));
  }
  return [...found].sort();
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  const bundle = Object.fromEntries((await texts()).map((text) => [text, text]));
  await writeFile(BUNDLE, `${JSON.stringify(bundle, null, 2)}\n`);
}
