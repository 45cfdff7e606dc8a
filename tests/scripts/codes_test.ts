// docs/operations.md: generated from the current words, with every code of the program.

import { assertEquals } from "@std/assert";
import { codesModuleText, operationsText, sections } from "../../scripts/codes.ts";
import { isSection, keySpec } from "../../src/config/keys.ts";

const root = new URL("../..", import.meta.url).pathname;
const codes: ReadonlySet<string> = new Set(sections.flatMap(({ entries }) => entries.map(({ code }) => code)));

/** Files of the program that tell codes to operators: not the simulated servers, and not what only answers HTTP. */
function* sources(folder: string): Generator<readonly [path: string, text: string]> {
  for (const { name, isDirectory } of Deno.readDirSync(`${root}${folder}`)) {
    const path = `${folder}/${name}`;
    if (isDirectory && !["src/sim", "src/web", "src/cli/demo"].includes(path)) yield* sources(path);
    if (name.endsWith(".ts") && path !== "src/cli/demo.ts") yield [path, Deno.readTextFileSync(`${root}${path}`)];
  }
}

/** In src/gocd every text of this form is a code, but for its own name. */
const gocdCode = /"(gocd-(?!mesos\b)[a-z-]+)"/g;
/** Everywhere else a code is called so. */
const anyCode = /\bcode: "([a-z]+(?:-[a-z]+)*)"/g;
/** Or stands in a constant that is called so. */
const namedCode = /Code(?:: string)? = "([a-z]+(?:-[a-z]+)+)"/g;
/** Of what listens. */
const httpCode = /\["(http-[a-z-]+)"/g;

/** Each code with a file that uses it. */
function codesInSources(): ReadonlyMap<string, string> {
  const found = new Map<string, string>();
  for (const [path, text] of sources("src")) {
    const forms = [anyCode, namedCode, ...(path.startsWith("src/gocd/") ? [gocdCode] : []), httpCode];
    for (const form of forms) {
      for (const [, code = ""] of text.matchAll(form)) found.set(code, path);
    }
  }
  return found;
}

Deno.test("docs/operations.md and the texts of `gocd-mesos help CODE` are generated from the current words", () => {
  const words = (text: string): string => text.replaceAll(/\s+/g, " ");
  const file = Deno.readTextFileSync(`${root}docs/operations.md`);
  assertEquals(words(file), words(operationsText()), "run scripts/embed_assets.ts");
  const module = Deno.readTextFileSync(`${root}src/cli/codes_text.ts`);
  assertEquals(module === codesModuleText(), true, "run scripts/embed_assets.ts");
});

Deno.test("every code that the program reports has an entry", () => {
  const found = codesInSources();
  const missing = [...found].filter(([code]) => !codes.has(code)).map(([code, path]) => `${code} (${path})`);
  assertEquals(missing, [], "add them to scripts/codes_*.ts");
  assertEquals(found.size > 100, true, "the search finds the codes");
});

Deno.test("every manual entry has a code that the program reports", () => {
  const text = [...sources("src")].map(([, each]) => each).join("\n");
  // Those with a prefix are members of a union, which the compiler holds complete.
  const isMade = (code: string): boolean => /^(?:mesos|framework|secret)-/.test(code);
  const stale = [...codes].filter((code) => !isMade(code) && !text.includes(`"${code}"`));
  assertEquals(stale, []);
});

Deno.test("every warning and error has a hint", () => {
  const silent = sections.flatMap(({ entries }) => entries)
    .filter(({ level, act }) => (level === "warning" || level === "error") && act === "");
  assertEquals(silent.map(({ code }) => code), []);
});

const keyForm =
  /(?<![\w/.-])(?:mesos|go-server|go-agent|profiles|poller|scaling|state|history|http|notify)\.[a-z][a-z-]*(?:\.[a-z-]+)*/g;

Deno.test("every key in an example line or a hint exists", () => {
  const told = sections.flatMap(({ entries }) => entries)
    .flatMap(({ code, act, example = "" }) =>
      [...`${example} ${act}`.matchAll(keyForm)].map(([key]) => [code, key] as const)
    );
  const wrong = told.filter(([, key]) => keySpec(key) === undefined && !isSection(key) && !key.endsWith(".md"));
  assertEquals(wrong, []);
  assertEquals(told.length > 50, true, "keys are found");
});
