// The resources and build times of jobs, as the history follows them from list to list.

import { assert, assertEquals } from "@std/assert";
import { bucketJobs } from "../../src/core/demand/backlog.ts";
import type { PipelineGroups } from "../../src/core/demand/pipeline_groups.ts";
import type { GocdAgent } from "../../src/core/gocd_records.ts";
import type { JobLife } from "../../src/core/view/history.ts";
import { JobBook } from "../../src/history/jobs.ts";
import { building, gocdAgent, job, someSettings } from "../support/core.ts";
import { beginMs, minute, second } from "./samples.ts";

const { poller } = someSettings();
const at = (ms: number): number => beginMs + ms;

/** A list: which jobs wait, and what each agent builds. */
type List = readonly [ms: number, waiting: readonly string[], builds?: Readonly<Record<string, string>>];

function followed(lists: readonly List[], close = false): readonly JobLife[] {
  const book = new JobBook();
  for (const [ms, waiting, builds = {}] of lists) look(book, [ms, waiting, builds]);
  return (close ? book.everything() : book.finished()).map((
    { locator: _, agent: __, buildLeastMs: ___, buildMostMs: ____, ...life },
  ) => life);
}

function look(book: JobBook, [ms, waiting, builds = {}]: List, pipelineGroups?: PipelineGroups): void {
  const agents = Object.entries(builds).map(([name, built]): GocdAgent =>
    gocdAgent(name, { ...building, buildLocator: `p/1/s/1/${built}` })
  );
  book.look({
    backlog: bucketJobs(waiting.map((name) => job(name)), poller, "insensitive"),
    agents,
    pipelineGroups,
    firstSeenMs: () => undefined,
    isOurs: (uuid) => uuid !== "uuid-static",
  }, at(ms));
}

const linux = { resources: ["linux"] };

Deno.test("a job is recorded once its build is over, with the times of its wait and its build", () => {
  assertEquals(followed([[0, ["a"]], [15 * second, ["a"]], [30 * second, [], { x: "a" }]]), []);
  assertEquals(
    followed([[0, ["a"]], [30 * second, [], { x: "a" }], [90 * second, [], { x: "a" }], [2 * minute, []]]),
    [{ ...linux, atMs: at(0), beganMs: at(30 * second), buildMs: 90 * second, by: "ours" }],
  );
});

Deno.test("the build time has a lower and an upper bound from the lists", () => {
  const book = new JobBook();
  for (
    const list of [[0, ["a", "b"]], [8 * second, ["b"], { x: "a" }], [16 * second, [], { x: "a" }], [
      20 * second,
      [],
    ]] as const
  ) {
    look(book, list);
  }
  const [life] = book.finished();
  assertEquals([life?.buildLeastMs, life?.buildMs, life?.buildMostMs], [8 * second, 12 * second, 20 * second]);
});

Deno.test("a job that an agent of ours received before it was seen waiting is recorded without its resources", () => {
  const book = new JobBook();
  for (const list of [[0, []], [5 * second, [], { x: "a", static: "b" }]] as const) look(book, list);
  const known = { locator: "p/1/s/1/a", agent: "x", by: "ours", isDirect: true } as const;
  const times = { atMs: at(5 * second), beganMs: at(5 * second), resources: [] };
  assertEquals(book.building(), [{ ...known, ...times, isBuilding: true }]);
  const revision = book.revision;
  look(book, [10 * second, []]);
  assert(book.revision > revision);
  look(book, [15 * second, [], { x: "a" }]);
  look(book, [20 * second, []]);
  assertEquals(book.finished().map(({ locator }) => locator), ["p/1/s/1/a"], "once, also if it is listed again");
});

Deno.test("a build in the first list is not recorded", () => {
  const book = new JobBook();
  for (const list of [[0, [], { x: "a" }], [5 * second, [], { x: "a" }], [10 * second, []]] as const) look(book, list);
  assertEquals(book.everything(), []);
});

Deno.test("a job that another agent builds is recorded as such", () => {
  const [life] = followed([[0, ["a"]], [15 * second, [], { static: "a" }], [minute, []]]);
  assertEquals(life?.by, "others");
});

Deno.test("a job without a visible agent is recorded after a minute", () => {
  const short: readonly List[] = [[0, ["a"]], [15 * second, []], [45 * second, []]];
  assertEquals(followed(short), []);
  assertEquals(followed([...short, [75 * second, []]]), [{ ...linux, atMs: at(0), by: "unseen" }]);
  const late = followed([...short, [50 * second, [], { x: "a" }], [80 * second, []]]);
  assertEquals(late, [{ ...linux, atMs: at(0), beganMs: at(50 * second), buildMs: 30 * second, by: "ours" }]);
});

Deno.test("a lost build is recorded until its loss, and its job waits again", () => {
  const lives = followed([
    [0, ["a"]],
    [15 * second, [], { x: "a" }],
    [minute, ["a"]],
    [2 * minute, [], { y: "a" }],
    [5 * minute, []],
  ]);
  assertEquals(lives.map(({ atMs, buildMs }) => [atMs - beginMs, buildMs]), [
    [0, 45 * second],
    [minute, 3 * minute],
  ]);
});

Deno.test("a build that is missing in one list is one build, and in two lists is over", () => {
  const begun: readonly List[] = [[0, ["a"]], [10 * second, [], { x: "a" }], [12 * second, []]];
  const build = { ...linux, atMs: at(0), beganMs: at(10 * second), by: "ours" } as const;
  assertEquals(followed([...begun, [14 * second, [], { x: "a" }], [20 * second, []]]), [
    { ...build, buildMs: 10 * second },
  ]);
  assertEquals(followed([...begun, [14 * second, []]]), [{ ...build, buildMs: 2 * second }]);
  assertEquals(followed([...begun, [14 * second, ["a"]]]), [{ ...build, buildMs: 2 * second }], "it is lost");
  assertEquals(followed(begun), []);
  assertEquals(followed(begun, true), [{ ...build, buildMs: 2 * second }], "nobody will look again");
  const book = new JobBook();
  for (const list of begun) look(book, list);
  assertEquals(book.building().map(({ isBuilding, buildMs }) => [isBuilding, buildMs]), [[undefined, 2 * second]]);
});

Deno.test("a build continues while its agent has it, even if an older feed still lists its job", () => {
  const lives = followed([
    [0, ["a"]],
    [15 * second, [], { x: "a" }],
    [16 * second, ["a"], { x: "a" }],
    [minute, [], { x: "a" }],
    [2 * minute, []],
  ]);
  assertEquals(lives, [{ ...linux, atMs: at(0), beganMs: at(15 * second), buildMs: 105 * second, by: "ours" }]);
});

Deno.test("at the end builds in progress are recorded without their build time, and waiting jobs are not recorded", () => {
  const lives = followed([[0, ["a", "b"]], [15 * second, ["b"], { x: "a" }]], true);
  assertEquals(lives, [{ ...linux, atMs: at(0), beganMs: at(15 * second), by: "ours" }]);
});

Deno.test("a job is listed as building until its build is over", () => {
  const book = new JobBook();
  look(book, [0, ["a", "b"]]);
  look(book, [15 * second, ["b"], { x: "a" }]);
  const running = { ...linux, atMs: at(0), beganMs: at(15 * second), by: "ours", locator: "p/1/s/1/a" };
  assertEquals(book.building().map(({ agent: _, ...life }) => life), [{ ...running, isBuilding: true } as const]);
  look(book, [minute, ["b"]]);
  assertEquals([book.building(), book.finished().length], [[], 1]);
});

Deno.test("a recorded job has the last known group of its pipeline", () => {
  const book = new JobBook();
  look(book, [0, ["a", "b"]]);
  look(book, [15 * second, ["b"], { x: "a" }], new Map([["p", "Team A"]]));
  look(book, [minute, ["b"]], new Map([["p", "Team A"]]));
  look(book, [90 * second, [], { x: "b" }], new Map([["other", "Team B"]]));
  assertEquals(book.finished().map(({ group }) => group), ["Team A"]);
  assertEquals(book.everything().map(({ group }) => group), ["Team A", undefined]);
});

Deno.test("a job is recorded with its name and its agent, if one was seen", () => {
  const book = new JobBook();
  for (const list of [[0, ["a", "b"]], [15 * second, [], { x: "a" }], [5 * minute, []]] as const) look(book, list);
  assertEquals(
    book.finished().map(({ locator, agent }) => [locator, agent]),
    [
      ["p/1/s/1/b", undefined],
      ["p/1/s/1/a", "x"],
    ].toReversed(),
  );
});

Deno.test("a stored job is not recorded again", () => {
  const book = new JobBook();
  for (const list of [[0, ["a"]], [15 * second, [], { x: "a" }], [minute, []]] as const) look(book, list);
  assertEquals(book.finished().length, 1);
  book.kept();
  look(book, [2 * minute, []]);
  assertEquals(book.finished(), []);
});

Deno.test("ignored jobs are not followed", () => {
  const book = new JobBook();
  const ignoring = { ...poller, ignore: ["p"] };
  book.look({
    backlog: bucketJobs([job("a")], ignoring, "insensitive"),
    agents: [],
    firstSeenMs: () => undefined,
    isOurs: () => true,
  }, at(0));
  look(book, [5 * minute, []]);
  assertEquals(book.everything(), []);
});
