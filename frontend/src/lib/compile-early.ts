import { readdir, readFile, writeFile } from "node:fs/promises";
import path from "node:path";

const HINT = "//# allFunctionsCalledOnLoad\n";

/**
 * Has Chromium compile what it loads while it loads it, beside the page, instead of function by function when each is first called,
 * in the page's way (https://v8.dev/blog/explicit-compile-hints). Other browsers read a comment. For the build, of which `distDir` is
 * the folder.
 */
export async function compileEarly(distDir: string): Promise<void> {
  const chunks = path.join(distDir, "static", "chunks");
  const names = (await readdir(chunks, { recursive: true })).filter((name) => name.endsWith(".js"));
  await Promise.all(names.map((name) => hint(path.join(chunks, name))));
}

async function hint(file: string): Promise<void> {
  const script = await readFile(file, "utf8");
  if (!script.startsWith(HINT)) await writeFile(file, HINT + script);
}
