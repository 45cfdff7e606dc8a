// `deno task mutants` on a small project: survivors, uncounted mutants, and exit codes.

import { assert, assertEquals, assertStringIncludes } from "@std/assert";

const root = decodeURIComponent(new URL("../../", import.meta.url).pathname);

/** A limit at load, a loop that a mutant makes endless, a text for people and a branch that nothing reaches. */
const code = `// Counts.

export type Way = "up" | "down";
const limit = 3;

/** How far it is to the limit. */
export function steps(from: number): number {
  let count = 0;
  for (let at = from; at < limit; at++) count++;
  return count;
}

export function isBeyond(at: number): boolean {
  return at > limit;
}

export function told(way: Way): string {
  switch (way) {
    case "up":
      return "it goes up";
    case "down":
      return "it goes down";
    default:
      return way satisfies never;
  }
}
`;

const head = `import { assert, assertEquals } from "@std/assert";
import { isBeyond, steps, told } from "../../src/core/count.ts";

Deno.test("counts the steps", () => assertEquals([steps(0), steps(2), steps(3), steps(9)], [3, 1, 0, 0]));
Deno.test({ name: "returns the direction", fn: () => assertEquals([told("up"), told("down")], ["it goes up", "it goes down"]) });
`;
const weakTest = `${head}Deno.test("compares with the limit", () => assert(isBeyond(9) && !isBeyond(0)));\n`;
const strongTest = `${head}Deno.test("compares with the limit", () => assert(isBeyond(4) && !isBeyond(3)));\n`;

interface Run {
  readonly code: number;
  readonly lines: readonly string[];
}

/** Runs the tool on a project of one file and its test. */
async function mutants(
  files: Readonly<Record<string, string>>,
  ...args: readonly string[]
): Promise<Run> {
  const folder = Deno.makeTempDirSync({ prefix: "mutants-test-" });
  try {
    const { imports } = JSON.parse(Deno.readTextFileSync(`${root}deno.json`));
    Deno.mkdirSync(`${folder}/src/core`, { recursive: true });
    Deno.mkdirSync(`${folder}/tests/core`, { recursive: true });
    Deno.writeTextFileSync(`${folder}/deno.json`, JSON.stringify({ nodeModulesDir: "none", imports }));
    Deno.copyFileSync(`${root}deno.lock`, `${folder}/deno.lock`);
    Deno.writeTextFileSync(`${folder}/src/core/count.ts`, code);
    for (const [path, text] of Object.entries(files)) Deno.writeTextFileSync(`${folder}/${path}`, text);
    const { code: ended, stdout } = await new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        `--config=${root}deno.json`,
        `${root}scripts/mutants.ts`,
        `--root=${folder}`,
        ...args,
      ],
      env: { NO_COLOR: "1" },
    }).output();
    return { code: ended, lines: new TextDecoder().decode(stdout).trimEnd().split("\n") };
  } finally {
    Deno.removeSync(folder, { recursive: true });
  }
}

Deno.test("a surviving mutant is reported with its file, line and change, and too many survivors end with code 1", async () => {
  const { code, lines } = await mutants({ "tests/core/count_test.ts": weakTest });
  const at = lines.indexOf("src/core/count.ts:14 EqualityOperator");
  assertEquals(lines.slice(at, at + 4), [
    "src/core/count.ts:14 EqualityOperator",
    "  - at > limit",
    "  + at >= limit",
    "  in return at > limit;",
  ]);
  assert(/^\d+ of \d+ mutants killed \(\d\d\.\d %\)$/.test(lines.at(-1) ?? ""), lines.at(-1));
  assertEquals(code, 1);
});

Deno.test("with complete tests all mutants are killed, including load-time constants and endless loops, with code 0", async () => {
  const { code, lines } = await mutants({ "tests/core/count_test.ts": strongTest }, "--workers=1");
  const [, killed, all] = /^(\d+) of (\d+) mutants killed \(100\.0 %\)$/.exec(lines.at(-1) ?? "") ?? [];
  assert(killed !== undefined && killed === all, lines.join("\n"));
  assertStringIncludes(
    lines[0] ?? "",
    "not counted: 2 of wording, 1 unreachable by type, 0 absent keys, 0 listed as equivalent",
  );
  assertEquals(code, 0);
});

Deno.test("mutants listed as equivalent are not counted, and stale entries of the list are reported", async () => {
  const entry = {
    file: "src/core/count.ts",
    line: "return at > limit;",
    original: "at > limit",
    replacement: "at >= limit",
  };
  const { code, lines } = await mutants(
    {
      "tests/core/count_test.ts": weakTest,
      "tests/mutants_equivalent.json": JSON.stringify([entry, { ...entry, line: "return at > most;" }]),
    },
    "--sample=5",
    "--seed=7",
  );
  assertStringIncludes(lines[0] ?? "", "1 listed as equivalent");
  assertEquals(
    lines[1],
    "stale in tests/mutants_equivalent.json, remove it: src/core/count.ts: return at > most;: at > limit → at >= limit",
  );
  assertEquals(lines[2], "a sample of 5, seed 7");
  assertStringIncludes(lines.at(-1) ?? "", "of 5 mutants killed");
  assert(code <= 1);
});

Deno.test("tests that fail without a mutant, and unknown options, end with code 2", async () => {
  const failing = `Deno.test("fails", () => {\n  throw new Error("always");\n});\n`;
  const run = await mutants({ "tests/core/count_test.ts": failing });
  assertEquals([run.code, run.lines.at(-1)], [2, "  tests/core/count_test.ts: fails: Error: always"]);
  assertEquals((await mutants({}, "--sampel=3")).code, 2);
});
