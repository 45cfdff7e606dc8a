// What the executable is compiled with: the packages that `src/` imports, and no others. Deno (2.4) embeds every package that
// deno.json or the lock file names, those of the tests as well.

import * as v from "valibot";

const configShape = v.object({ imports: v.record(v.string(), v.string()) });
const lockShape = v.object({
  version: v.string(),
  specifiers: v.record(v.string(), v.string()),
  npm: v.record(v.string(), v.looseObject({ dependencies: v.optional(v.array(v.string()), []) })),
});

/** Of the packages: where each is found, and the versions of all that they need. */
export interface Shipped {
  /** An import map, as a `data:` URL: a file would leave its path in the executable. */
  readonly importMap: string;
  /** The text of a lock file. */
  readonly lock: string;
}

/** The packages of a checkout, whose `root` ends with a slash. */
export function shippedPackages(root: string): Shipped {
  const { imports } = v.parse(configShape, JSON.parse(Deno.readTextFileSync(`${root}deno.json`)));
  const lock = v.parse(lockShape, JSON.parse(Deno.readTextFileSync(`${root}deno.lock`)));
  const imported = sourcesBelow(`${root}src/`).flatMap((path) => importsOf(Deno.readTextFileSync(path)));
  const isShipped = ([name]: readonly [string, string]): boolean =>
    imported.some((specifier) => specifier === name || specifier.startsWith(`${name}/`));
  const shipped = Object.entries(imports).filter(isShipped);
  const map = Object.fromEntries(shipped.flatMap(([name, target]) => [
    [name, target],
    // deno.json means the files of a package with its name; an import map says so.
    [`${name}/`, `${target.replace(/^npm:/, "npm:/")}/`],
  ]));
  return {
    importMap: `data:application/json,${encodeURIComponent(JSON.stringify({ imports: map }))}`,
    lock: JSON.stringify(onlyOf(lock, shipped.map(([, target]) => target))),
  };
}

/** A lock file with no more than these packages, and theirs. */
function onlyOf(
  { version, specifiers, npm }: v.InferOutput<typeof lockShape>,
  targets: readonly string[],
): v.InferOutput<typeof lockShape> {
  // A target may name a file of the package: npm:deno-std@1.4.0/cli/parse_args.js.
  const kept = Object.entries(specifiers).filter(([specifier]) =>
    targets.some((target) => target === specifier || target.startsWith(`${specifier}/`))
  );
  const ids = new Set<string>();
  const add = (id: string): void => {
    if (ids.has(id)) return;
    ids.add(id);
    // A package of one version is named without it.
    for (const need of npm[id]?.dependencies ?? []) {
      add(need in npm ? need : Object.keys(npm).find((each) => each.startsWith(`${need}@`)) ?? need);
    }
  };
  for (const [specifier] of kept) add(specifier.replace(/^npm:/, ""));
  const needed = Object.entries(npm).filter(([id]) => ids.has(id));
  return { version, specifiers: Object.fromEntries(kept), npm: Object.fromEntries(needed) };
}

function sourcesBelow(folder: string): string[] {
  return [...Deno.readDirSync(folder)].flatMap(({ name, isDirectory }) => {
    if (isDirectory) return sourcesBelow(`${folder}${name}/`);
    return name.endsWith(".ts") ? [folder + name] : [];
  });
}

/** The specifiers of static and dynamic imports. */
function importsOf(source: string): string[] {
  return [...source.matchAll(/(?:\bfrom |\bimport |\bimport\()"([^"]+)"/g)].map(([, specifier = ""]) => specifier);
}
