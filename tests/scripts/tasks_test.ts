// The documented tasks of deno.json.

import { assertEquals } from "@std/assert";

const root = new URL("../../", import.meta.url).pathname;

/** Whatever may say `deno task NAME`: documents, workflows, and the script that CI runs. */
function* filesThatName(folder = ""): Generator<string> {
  for (const { name, isDirectory } of Deno.readDirSync(root + folder)) {
    const path = folder + name;
    if (isDirectory && /^(docs|src|tests|\.github|\.ci)\b/.test(path)) yield* filesThatName(`${path}/`);
    else if (/\.(md|yml)$|^\.ci\/run$/.test(path)) yield path;
  }
}

Deno.test("every task in a document, a workflow or CI exists", () => {
  const { tasks } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
  const named = [...filesThatName()].flatMap((path) =>
    [...Deno.readTextFileSync(root + path).matchAll(/(?:\bdeno|deno@\S+) task ([a-z][\w:]*)/g)].map(([, task = ""]) =>
      `${path}: ${task}`
    )
  );
  assertEquals(named.filter((each) => !((each.split(": ")[1] ?? "") in tasks)), []);
  assertEquals(named.length > 10, true);
});
