// The packages that the executable embeds.

import { assert, assertEquals } from "@std/assert";
import { shippedPackages } from "../../scripts/compile_packages.ts";

const root = decodeURIComponent(new URL("../..", import.meta.url).pathname);

interface Seen {
  readonly imports: Readonly<Record<string, string>>;
  readonly locked: {
    readonly npm: Readonly<Record<string, { readonly dependencies?: readonly string[] }>>;
    readonly workspace?: unknown;
  };
}

function shipped(): Seen {
  const { importMap, lock } = shippedPackages(root);
  const map: Pick<Seen, "imports"> = JSON.parse(decodeURIComponent(importMap.split(",")[1] ?? ""));
  return { imports: map.imports, locked: JSON.parse(lock) };
}

Deno.test("the executable embeds the packages that src imports, and none that only tests import", () => {
  const { imports, locked } = shipped();
  assertEquals(imports["saxes"], "npm:saxes@6.0.0");
  assertEquals(imports["saxes/"], "npm:/saxes@6.0.0/");
  assertEquals(imports["@std/cli/parse-args"], "npm:deno-std@1.4.0/cli/parse_args.js");
  for (const name of ["fast-check", "playwright-core", "axe-core"]) {
    assertEquals(imports[name], undefined);
    assert(Object.keys(locked.npm).every((id) => !id.startsWith(`${name}@`)), name);
  }
});

Deno.test("the lock file of the executable has all dependencies of its packages, and no workspace", () => {
  const { locked } = shipped();
  const ids = Object.keys(locked.npm);
  for (const [id, { dependencies = [] }] of Object.entries(locked.npm)) {
    for (const need of dependencies) {
      assert(ids.some((each) => each === need || each.startsWith(`${need}@`)), `${id} needs ${need}`);
    }
  }
  assert(ids.includes("saxes@6.0.0") && ids.some((id) => id.startsWith("xmlchars@")));
  assertEquals(locked.workspace, undefined);
});
