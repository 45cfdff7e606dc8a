// What deno.lock holds: nothing that our own files do not import. The benches' peer, which needs packages with known
// vulnerabilities, has a configuration and a lock file of its own (tests/bench/peer).

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

interface Lock {
  readonly specifiers: Readonly<Record<string, string>>;
  readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
}

const read = (path: string): string => Deno.readTextFileSync(root + path);
const lock: Lock = JSON.parse(read("deno.lock"));

function* sources(folder: string): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    if (isDirectory) yield* sources(`${folder}/${name}`);
    else if (/\.(ts|js)$/.test(name)) yield `${folder}/${name}`;
  }
}

/** `npm:NAME@VERSION` of a specifier with or without a path. */
const packageOf = (specifier: string): string => /^npm:(@[^/]+\/)?[^/]+/.exec(specifier)?.[0] ?? specifier;

Deno.test("deno.lock has the packages that deno.json and our files name, what those need, and no other", () => {
  const { imports }: { readonly imports: Readonly<Record<string, string>> } = JSON.parse(read("deno.json"));
  const files = ["main.ts", ...["src", "scripts", "tests"].flatMap((folder) => [...sources(folder)])];
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

Deno.test("the peer of the benches is locked beside them, not with us", () => {
  const peer: Lock = JSON.parse(read("tests/bench/peer/deno.lock"));
  assertEquals(Object.keys(peer.specifiers), ["npm:mesos-framework@0.5.3"]);
  assertEquals(Object.keys(lock.npm).filter((id) => id.startsWith("mesos-framework@")), []);
});
