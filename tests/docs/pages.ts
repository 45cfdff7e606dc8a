// The documents in Markdown, as the tests of this folder read them.

const root = new URL("../..", import.meta.url).pathname;
const left: ReadonlySet<string> = new Set([".git", "node_modules", "coverage", "dist", "fixtures"]);

/** Every document with its path in the project. */
export function* pages(folder = ""): Generator<readonly [path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}${folder}`)) {
    const path = `${folder}${name}`;
    if (isDirectory && !left.has(name)) yield* pages(`${path}/`);
    if (name.endsWith(".md")) yield [path, Deno.readTextFileSync(`${root}${path}`)];
  }
}
