// All tests of the core in one module graph: if each file loads the core separately, loading takes longer than testing.
// `deno task test` runs this file instead of `core/`, whose files can still be run one by one.

for (const file of filesIn(new URL("./core/", import.meta.url))) await import(file);

/** The test files of a folder and its subfolders, in order of their names. */
function filesIn(folder: URL): string[] {
  const entries = [...Deno.readDirSync(folder)].toSorted((a, b) => (a.name < b.name ? -1 : 1));
  return entries.flatMap(({ name, isDirectory }) => {
    if (isDirectory) return filesIn(new URL(`${name}/`, folder));
    return name.endsWith("_test.ts") ? [new URL(name, folder).href] : [];
  });
}
