import { existsSync, globSync, readFileSync } from "node:fs";
import path from "node:path";
import { expect, test } from "vitest";

const COMPONENTS = "node_modules/@mantine/core/esm/components";
const imported = new Set(matches(readFileSync("src/app/mantine.css", "utf8"), /styles\/([\w-]+)\.css/g));

/** What the first group of the pattern holds, each time. */
function matches(text: string, pattern: RegExp): string[] {
  return [...text.matchAll(pattern)].map((match) => match[1] ?? "");
}

/** The components that the application imports; notifications bring one of their own. */
function used(): string[] {
  const sources = globSync("src/**/*.tsx").map((file) => readFileSync(file, "utf8"));
  const lists = sources.flatMap((source) => matches(source, /import\s*\{([^}]*)\}\s*from "@mantine\/core"/g));
  return ["Notification", ...lists.flatMap((list) => list.split(",").map((name) => name.trim()))];
}

/** The modules of styles that a file of Mantine needs, itself or through others. */
function styles(file: string, seen: Set<string>): string[] {
  if (seen.has(file)) return [];
  seen.add(file);
  const needed = matches(readFileSync(file, "utf8"), /from "(\.[^"]+)"/g).map((name) => path.join(path.dirname(file), name));
  return needed.flatMap((name) => (name.endsWith(".module.mjs") ? [path.basename(name, ".module.mjs")] : styles(name, seen)));
}

test("the styles of every component that is used are there", () => {
  const seen = new Set<string>();
  const files = used().map((name) => `${COMPONENTS}/${name}/${name}.mjs`).filter((file) => existsSync(file));

  expect(files.length).toBeGreaterThan(20);
  expect(files.flatMap((file) => styles(file, seen)).filter((name) => !imported.has(name))).toEqual([]);
});
