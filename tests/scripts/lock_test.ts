// The content of deno.lock: only packages that our own files import; and no other lock file.

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

const read = (path: string): string => Deno.readTextFileSync(root + path);
const lock: Lock = JSON.parse(read("deno.lock"));

function* filesIn(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    if (isDirectory) yield* filesIn(`${folder}/${name}`);
    else yield `${folder}/${name}`;
  }
}

function sources(folder: string): readonly string[] {
  return [...filesIn(folder)].filter((path) => /\.(ts|js)$/.test(path));
}

/** `npm:NAME@VERSION` of a specifier with or without a path. */
const packageOf = (specifier: string): string => /^npm:(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

Deno.test("deno.lock has only the packages that deno.json and our files import, and their dependencies", () => {
  const { imports }: { readonly imports: Readonly<Record<string, string>> } = JSON.parse(read("deno.json"));
  const files = ["main.ts", ...["src", "scripts", "tests"].flatMap(sources)];
  const written = files.flatMap((path) =>
    [...read(path).matchAll(/(?:from|import) "(npm:[^"]+)"/g)].map(([, specifier = ""]) => specifier)
  );
  const named = new Set([...Object.values(imports), ...written].map(packageOf));
  assertEquals(Object.keys(lock.specifiers).sort(), [...named].sort());
  const needed = new Set<string>();
  const need = (dependency: string): void => {
    const id = dependency in lock.npm
      ? dependency
      : Object.keys(lock.npm).find((each) => each.slice(0, each.lastIndexOf("@")) === dependency) ?? dependency;
    if (needed.has(id)) return;
    needed.add(id);
    for (const each of lock.npm[id]?.dependencies ?? []) need(each);
  };
  for (const [specifier, version] of Object.entries(lock.specifiers)) {
    need(`${specifier.slice("npm:".length, specifier.lastIndexOf("@"))}@${version}`);
  }
  assertEquals(Object.keys(lock.npm).sort(), [...needed].sort());
});

Deno.test("the project has only one lock file and one package list", () => {
  const others = ["deno.lock", "deno.json", "package.json", "package-lock.json", "yarn.lock"];
  const found = [...Deno.readDirSync(root)].filter(({ isDirectory, name }) => isDirectory && !/^[.]|^dist$/.test(name))
    .flatMap(({ name }) => [...filesIn(name)]).filter((path) => others.includes(path.split("/").at(-1) ?? ""));
  assertEquals(found, []);
});
