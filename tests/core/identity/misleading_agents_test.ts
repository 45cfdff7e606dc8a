// Agents that are not what they seem: run-on-all jobs without a pin, agents that take no jobs, other programs, other names.
// Boundaries only; stories are in the tests of each subject.

import { assertEquals } from "@std/assert";
import { isOlderVersion } from "../../../src/core/life/brake.ts";
import { invalidRegistration } from "../../../src/core/names.ts";
import { registrationProblemText } from "../../../src/core/words/names.ts";
import { appearedSince, strangersTo } from "../../../src/core/identity/recognition.ts";
import { isRunOnAll, trackUnpinned, type Unpinned, unpinnedAt } from "../../../src/core/demand/run_on_all.ts";
import { isSick } from "../../../src/core/demand/sick_agents.ts";
import type { SeenJob } from "../../../src/core/state.ts";
import { building, gocdAgent, job, lostContact, minute, serverInfo } from "../../support/core.ts";
import { stateOf } from "../instance_fixtures.ts";

for (
  const [version, than, isOlder] of [
    ["26.1.0", "26.2.0", true],
    ["26.2.0", "26.1.0", false],
    ["26.1.0", "26.1.0", false],
    ["26.1", "26.1.0", false],
    ["26.1", "26.1.1", true],
    ["26.1.1", "26.1", false],
    ["9.9", "10.0", true],
    ["25.9", "26.1", true],
    ["26.1", "25.9", false],
    ["x", "26.1", false],
    ["26.1", "x", false],
    ["25.x", "26.1", false],
    ["25.1", "26.x", false],
    ["26.1.0", "26.2", true],
    ["27.1.0", "26.2.0", false],
  ] as const
) {
  Deno.test(`version ${version} is ${isOlder ? "" : "not "}older than ${than}`, () => {
    assertEquals(isOlderVersion(version, than), isOlder);
  });
}

Deno.test("a name that a server refuses is quoted, up to sixty characters of it", () => {
  const said = (name: string): string | undefined => {
    const problem = invalidRegistration([name], undefined);
    return problem === undefined ? undefined : registrationProblemText(problem);
  };
  const whole = `/${"x".repeat(59)}`;
  const why = "only letters, digits, spaces, and - _ . | are allowed";
  assertEquals(said(whole), `the GoCD server would refuse an agent with the resource "${whole}": ${why}`);
  assertEquals(said(`${whole}y`), `the GoCD server would refuse an agent with the resource "${whole}…": ${why}`);
});

const runOnAll = (name: string, changes = {}): ReturnType<typeof job> => job(`${name}-runOnAll-1`, changes);
const path = (name: string): string => `p/1/s/1/${name}-runOnAll-1`;

Deno.test("the name of a run-on-all job ends with the number of its agent", () => {
  const names = ["j-runOnAll-1", "j-runOnAll-12", "j-runOnAll-", "j-runOnAll-1x", "j-runInstance-1", "runOnAll-1"];
  assertEquals(names.map((name) => isRunOnAll({ name })), [true, true, false, false, false, false]);
});

/** Run-on-all jobs that count as without a pin, after these have waited since 0. */
function unpinned(
  names: readonly string[],
  atMs: number,
  { before = new Map() as Unpinned, agents = [] as ReturnType<typeof gocdAgent>[], resources = ["linux"] } = {},
): string[] {
  const jobs = names.map((name) => runOnAll(name, { gocdResources: resources }));
  const seen = new Map<string, SeenJob>(jobs.map(({ locator }) => [
    locator,
    { firstSeenMs: 0, bucketKey: "", order: 0, passedOver: 0, otherCauseCount: 0 },
  ]));
  return [...unpinnedAt(before, { jobs, agents, rule: "insensitive", seen }, atMs).keys()];
}

Deno.test("one run-on-all job of a kind counts as unpinned after ten minutes without a matching agent", () => {
  assertEquals([unpinned(["a"], 10 * minute - 1), unpinned(["a"], 10 * minute)], [[], [path("a")]]);
  assertEquals(unpinned(["a", "b"], 10 * minute), [path("a")]);
  for (const agent of [gocdAgent("h"), gocdAgent("h", building)]) {
    assertEquals(unpinned(["a"], 20 * minute, { agents: [agent] }), []);
  }
  const none = [
    gocdAgent("h", lostContact),
    gocdAgent("h", { configState: "Disabled" }),
    gocdAgent("h", { elastic: true }),
    gocdAgent("h", { gocdResources: [] }),
  ];
  for (const agent of none) assertEquals(unpinned(["a"], 20 * minute, { agents: [agent] }), [path("a")]);
});

Deno.test("a run-on-all job that an agent had and that waits again is without its pin, for an hour after it was last seen", () => {
  const had = gocdAgent("h", { ...building, buildLocator: path("a") });
  const before = trackUnpinned(new Map(), [had, gocdAgent("i", { ...building, buildLocator: "p/1/s/1/plain" })], 5);
  assertEquals([...before], [[path("a"), 5]]);
  assertEquals(trackUnpinned(before, [gocdAgent("h")], 9) === before, true);
  assertEquals(unpinned(["a", "b"], minute, { before }), [path("a")]);
  assertEquals(unpinned(["b"], 20 * minute, { before: new Map([[path("x"), 5]]) }), [path("x"), path("b")]);
  const late = { before: new Map([[path("x"), 0]]) };
  assertEquals([unpinned([], 60 * minute - 1, late), unpinned([], 60 * minute, late)], [[path("x")], []]);
  const own = new Map([[path("a"), minute]]);
  assertEquals(unpinned(["a", "b"], 20 * minute, { before: own }), [path("a")]);
});

Deno.test("an agent is sick after two jobs that passed it in one stretch of idleness", () => {
  const { server } = stateOf([]);
  const sick = (jobs: number, idleSinceMs: number): boolean =>
    isSick({
      server: {
        ...server,
        overtaken: new Map([["u", { jobs, idleSinceMs: 5 }]]),
        idleSinceMs: new Map([["u", idleSinceMs]]),
      },
    }, "u");
  assertEquals([sick(1, 5), sick(2, 5), sick(3, 5), sick(2, 6)], [false, true, true, false]);
  assertEquals(isSick({ server }, "u"), false);
});

Deno.test("the time at which a record appeared is remembered, even while a list lacks it, but not forever", () => {
  const before = new Map([["uuid-a", 1]]);
  assertEquals(appearedSince(before, [gocdAgent("a")], 9) === before, true);
  assertEquals([...appearedSince(before, [gocdAgent("b")], 9)], [["uuid-a", 1], ["uuid-b", 9]]);
  const many = (count: number): Map<string, number> =>
    new Map(Array.from({ length: count }, (_, index) => [`old-${index}`, 0]));
  assertEquals(appearedSince(many(1_001), [gocdAgent("b")], 9).size, 1_002);
  assertEquals([...appearedSince(many(1_002), [gocdAgent("b")], 9)], [["uuid-b", 9]]);
  const tooMany = many(1_003);
  assertEquals(appearedSince(tooMany, [], 9) === tooMany, true, "a list without a new one forgets nobody");
});

Deno.test("strangers to a launch are those that it could be taken for: neither ours by name, nor plugins', nor unlike it", () => {
  const state = stateOf([]);
  const launched = { gocdResources: ["linux"], environment: "prod" };
  const env = [{ name: "Prod", origin: "gocd" }] as const;
  const strangers = (...agents: readonly ReturnType<typeof gocdAgent>[]): readonly string[] | undefined =>
    strangersTo({ ...state, server: { ...state.server, info: serverInfo, agents } }, launched);
  assertEquals(
    strangers(
      gocdAgent("alike"),
      gocdAgent("bare", { gocdResources: [] }),
      gocdAgent("sameplace", { gocdResources: ["arm"], environments: env }),
      gocdAgent("unlike", { gocdResources: ["arm"] }),
      gocdAgent("plugin", { elastic: true }),
      gocdAgent("gocd-abc123-default-7"),
    ),
    ["uuid-alike", "uuid-bare", "uuid-sameplace"],
  );
  const many = (count: number): ReturnType<typeof gocdAgent>[] =>
    Array.from({ length: count }, (_, index) => gocdAgent(`h${index}`));
  assertEquals([strangers(...many(100))?.length, strangers(...many(101))], [100, undefined]);
  const missing = { gocdAgent: gocdAgent("static"), sinceMs: 0 };
  const server = { ...state.server, info: serverInfo, agents: many(1), unlisted: new Map([["uuid-static", missing]]) };
  assertEquals(
    strangersTo({ ...state, server }, launched)?.slice(1),
    ["uuid-static"],
    "the next list may have it again",
  );
});
