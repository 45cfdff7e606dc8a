import { assertEquals } from "@std/assert";
import { environmentNameFlaw, gocdResourceFlaw, invalidRegistration } from "../../src/core/names.ts";
import { groupNameProblem } from "../../src/core/words/names.ts";

for (
  const [name, isGood] of [
    ["linux", true],
    ["Big Mem | 2.0_x-y", true],
    ["", false],
    [" ", false],
    ["a,b", false],
    ["jdk+", false],
    ["größe", false],
    ["a\nb", false],
    ["a\tb", false],
    ["x".repeat(255), true],
    ["x".repeat(256), false],
  ] as const
) {
  Deno.test(`${JSON.stringify(name.slice(0, 20))} (${name.length} characters) is ${isGood ? "a" : "no"} GoCD resource`, () => {
    assertEquals(gocdResourceFlaw(name) === undefined, isGood);
    assertEquals(invalidRegistration(["linux", name], undefined) === undefined, isGood);
  });
}

for (
  const [name, isGood] of [
    ["prod", true],
    ["-x_1.2", true],
    ["", false],
    [".hidden", false],
    ["two words", false],
    ["a,b", false],
    ["x".repeat(255), true],
    ["x".repeat(256), false],
  ] as const
) {
  Deno.test(`${JSON.stringify(name.slice(0, 20))} (${name.length} characters) is ${isGood ? "a" : "no"} name of a GoCD environment`, () => {
    assertEquals(environmentNameFlaw(name) === undefined, isGood);
    assertEquals(invalidRegistration(["linux"], name) === undefined, isGood);
  });
}

Deno.test("the name of a pipeline group follows the rules of environments, and the message names the group", () => {
  assertEquals(["prod", "", ".a", "x".repeat(256)].map(groupNameProblem), [
    undefined,
    "the name of a pipeline group must not be empty",
    "only letters, digits, and - _ . are allowed, and no dot in front",
    "it has more than 255 characters",
  ]);
});

Deno.test("the first name that the server would refuse is reported with what is wrong with it, that of the environment last", () => {
  const [long, what] = ["x".repeat(256), "resource" as const];
  assertEquals(invalidRegistration(["linux", "a,b", ""], ".a"), { what, name: "a,b", flaw: "characters" });
  assertEquals(invalidRegistration(["linux", " "], undefined), { what, name: " ", flaw: "empty" });
  assertEquals(invalidRegistration([long], undefined), { what, name: long, flaw: "too-long" });
  assertEquals(
    ["", long, ".a", "prod", undefined].map((name) => invalidRegistration(["linux"], name)?.flaw),
    ["empty", "too-long", "characters", undefined, undefined],
  );
  assertEquals(invalidRegistration([], ".a"), { what: "environment", name: ".a", flaw: "characters" });
});
