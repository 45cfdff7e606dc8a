// The seeded mutants of `deno task mutants:seeds`.

import { assertEquals } from "@std/assert";
import { seedMutants } from "../../scripts/seed_mutants_list.ts";

const core = new URL("../../src/core/", import.meta.url);

Deno.test("the original text of each seeded mutant is in the code exactly once", () => {
  const astray = seedMutants.filter(({ file, original }) =>
    Deno.readTextFileSync(new URL(file, core)).split(original).length !== 2
  );
  assertEquals(astray.map(({ name, file }) => `${name}: ${file}`), []);
});
