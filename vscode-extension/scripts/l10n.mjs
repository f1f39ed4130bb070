// Writes l10n/bundle.l10n.json: every text that the sources hand to `l10n.t`. Each is its own key.
// What the sources no longer say is taken out of the translations, and what they lack is told.
import { readdir, readFile, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { fileURLToPath } from "node:url";

const ROOT = fileURLToPath(new URL("..", import.meta.url));
const FOLDER = join(ROOT, "l10n");
const TEXT = /\bl10n\s*\.t\(\s*("(?:[^"\\]|\\.)*")/g;

/** The texts of all sources, sorted. */
async function texts() {
  const found = new Set();
  for (const entry of await readdir(join(ROOT, "src"), { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || !entry.name.endsWith(".ts")) continue;
    const source = await readFile(join(entry.parentPath, entry.name), "utf8");
    for (const [, literal] of source.matchAll(TEXT)) found.add(JSON.parse(literal));
  }
  return [...found].sort();
}

const found = await texts();
await written("bundle.l10n.json", Object.fromEntries(found.map((text) => [text, text])));
for (const name of await readdir(FOLDER)) {
  if (!/^bundle\.l10n\..+\.json$/.test(name)) continue;
  const translated = JSON.parse(await readFile(join(FOLDER, name), "utf8"));
  const kept = found.filter((text) => text in translated);
  await written(name, Object.fromEntries(kept.map((text) => [text, translated[text]])));
  const missing = found.filter((text) => !(text in translated));
  console.log(`${name}: ${kept.length} of ${found.length} translated`);
  for (const text of missing) console.log(`  ${text}`);
}

function written(name, bundle) {
  return writeFile(join(FOLDER, name), `${JSON.stringify(bundle, null, 2)}\n`);
}
