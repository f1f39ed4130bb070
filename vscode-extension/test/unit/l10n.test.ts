import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";

const ROOT = fileURLToPath(new URL("../..", import.meta.url));

const read = (...names: string[]) => readFileSync(join(ROOT, ...names), "utf8");
const json = (...names: string[]): Record<string, string> => JSON.parse(read(...names));
const holes = (text: string) => (text.match(/\{\d\}/g) ?? []).sort();
const commands = (text: string) => (text.match(/\(command:[\w.]+\)/g) ?? []).sort();

/** What the sources call for, each text with the file that it is in. */
function texts(): Map<string, string> {
  const found = new Map<string, string>();
  const names = readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" });
  for (const name of names.filter((one) => one.endsWith(".ts"))) {
    for (const [, literal] of read("src", name).matchAll(/\bl10n\s*\.t\(\s*("(?:[^"\\]|\\.)*")/g)) {
      found.set(JSON.parse(literal ?? '""'), name);
    }
  }
  return found;
}

test("every key of the manifest has its text, and every text its key", () => {
  const used = [...read("package.json").matchAll(/"%([^%"]+)%"/g)].map(([, key]) => key ?? "");
  expect([...new Set(used)].sort()).toEqual(Object.keys(json("package.nls.json")).sort());
});

test("every text of the sources is in the bundle: node scripts/l10n.mjs", () => {
  expect(Object.keys(json("l10n", "bundle.l10n.json"))).toEqual([...texts().keys()].sort());
});

test("texts are plain strings, which can be found", () => {
  for (const name of readdirSync(join(ROOT, "src"), { recursive: true, encoding: "utf8" })) {
    if (!name.endsWith(".ts")) continue;
    expect(read("src", name).match(/\bvscode\.l10n\s*\.t\(\s*[^"\s)]/g), name).toBeNull();
  }
});

test.each([
  ["package.nls.json", "package.nls.bg.json"],
  ["l10n/bundle.l10n.json", "l10n/bundle.l10n.bg.json"],
])("%s has every key of its translation, with the same places and commands", (ours, theirs) => {
  const english = json(ours);
  for (const [key, text] of Object.entries(json(theirs))) {
    const original = english[key];
    expect(original, key).toBeDefined();
    expect(holes(text), key).toEqual(holes(original ?? ""));
    expect(commands(text), key).toEqual(commands(original ?? ""));
  }
});

test("commands, settings and walkthrough are translated whole", () => {
  expect(Object.keys(json("package.nls.bg.json"))).toEqual(Object.keys(json("package.nls.json")));
});
