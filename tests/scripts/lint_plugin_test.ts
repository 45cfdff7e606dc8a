// Our own lint rules: the code that they report, and the code that they accept.

import { assertEquals } from "@std/assert";
import plugin from "../../scripts/lint_plugin.ts";

function reported(code: string): string[] {
  return Deno.lint.runPlugin(plugin, "example.ts", code).map(({ message }) => message);
}

const long = "x".repeat(111);
for (
  const [what, code, rules] of [
    ["one line without braces", "if (a) b();", []],
    ["a loop without a body", "while (step());", []],
    ["braces around two statements", "if (a) {\n  b();\n  c();\n}", []],
    ["braces around a declaration", "if (a) {\n  let b;\n}", []],
    ["braces around a body that does not fit on one line", `if (a) {\n  ${long}();\n}`, []],
    ["braces with a comment", "if (a) {\n  // Why.\n  b();\n}", []],
    ["braces around another if", "for (const a of b) {\n  if (a) c();\n}", []],
    ["branches that all have no braces", "if (a) b();\nelse c();", []],
    ["branches that all have braces", "if (a) {\n  b();\n} else {\n  c();\n}", []],
    ["braces around a body that fits on one line", "if (a) {\n  b();\n}", [
      "This body fits on one line without braces",
    ]],
    ["an if as the body of a loop", "for (const a of b) if (a) c();", ["This body needs braces"]],
    ["a body on several lines", "while (a) b(\n  c,\n);", ["This body needs braces"]],
    ["a branch without braces beside one with", "if (a) {\n  b();\n} else c();", ["This body needs braces"]],
    ["x += 1", "x += 1;", ["Write ++ for += 1"]],
    ["x -= 1 in a loop", "for (let x = 3; x > 0; x -= 1) y();", ["Write -- for -= 1"]],
    ["x += 1 as a value", "y = x += 1;", []],
  ] as const
) {
  Deno.test(`the lint plugin ${rules.length === 0 ? "accepts" : "reports"} ${what}`, () =>
    assertEquals(reported(code), rules));
}
