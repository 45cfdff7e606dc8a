// All tests of the core in one module graph: loaded file by file, each of them, the core takes longer to load than to be
// tested. `deno task test` runs this instead of `core/`; a single file there runs as ever.

for (const file of filesIn(new URL("./core/", import.meta.url))) await import(file);

/** The test files of a folder and its subfolders, in order of their names. */
function filesIn(folder: URL): string[] {
  const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(({ name, isDirectory }) => {
    if (isDirectory) return filesIn(new URL(`${name}/`, folder));
    return name.endsWith("_test.ts") ? [new URL(name, folder).href] : [];
  });
}
