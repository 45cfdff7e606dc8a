// The format of a trace: written traces are read back, and errors are reported with their line.

import { assertEquals, assertThrows } from "@std/assert";
import fc from "../support/properties.ts";
import { OperatorError } from "../../src/errors.ts";
import { formatTrace, type Trace } from "../../src/whatif/trace.ts";
import { parseTrace } from "../../src/whatif/trace_reader.ts";
import { aJob, aTrace } from "./support.ts";

Deno.test("a written trace is read back unchanged", () => {
  const lengthMs = 3_600_000;
  const time = fc.integer({ min: 0, max: lengthMs });
  const job = fc.record({
    atMs: time,
    resources: fc.array(fc.string(), { maxLength: 3 }),
    environment: fc.option(fc.string(), { nil: undefined }),
    group: fc.option(fc.string(), { nil: undefined }),
    buildMs: time,
  });
  fc.assert(
    fc.property(
      fc.array(job, { maxLength: 20 }),
      fc.array(fc.record({ atMs: time, forMs: time }), { maxLength: 3 }),
      fc.double({ min: 0, max: 1, noNaN: true }),
      (jobs, outages, neverRegister) => {
        const byTime = (a: { atMs: number }, b: { atMs: number }): number => a.atMs - b.atMs;
        const trace: Trace = {
          name: "a name",
          startMs: Date.UTC(2026, 1, 3, 4, 5, 6),
          lengthMs,
          neverRegister,
          jobs: jobs.toSorted(byTime).map(({ environment, group, ...rest }) => ({
            ...rest,
            ...(environment === undefined ? {} : { environment }),
            ...(group === undefined ? {} : { group }),
          })),
          outages: outages.toSorted(byTime),
        };
        assertEquals(parseTrace(formatTrace(trace), "t"), trace);
      },
    ),
  );
});

const head = '{"trace":1,"name":"n","start":"2026-01-05T00:00:00.000Z","seconds":60}';

for (
  const [title, text, message] of [
    ["an empty file", "", "t.jsonl: the trace is empty"],
    ["a file that is not JSON", "hello", "t.jsonl:1: this is not JSON"],
    ["JSON that is not a trace", '{"jobs":[]}', "t.jsonl:1: this is not a trace of demand"],
    ["a newer format", '{"trace":2}', 't.jsonl:1: format "2" is unknown; this program supports 1'],
    [
      "an invalid start time",
      '{"trace":1,"start":"soon","seconds":1}',
      't.jsonl:1: start: ""soon"" is not a time',
    ],
    ["a trace without length", head.replace(',"seconds":60', ""), "t.jsonl:1: seconds is missing"],
    ["an unknown key", `${head}\n{"at":1,"build":2,"pipeline":"p"}`, 't.jsonl:2: "pipeline" is unknown'],
    ["a job without build time", `${head}\n{"at":1}`, "t.jsonl:2: build is missing"],
    ["a negative time", `${head}\n\n{"at":-1,"build":2}`, 't.jsonl:3: at: "-1" is not a time in seconds'],
    ["a job after the end", `${head}\n{"at":61,"build":2}`, "t.jsonl:2: 61 is beyond the end of the trace at 60"],
    ["resources that are not a list", `${head}\n{"at":1,"build":2,"resources":"x"}`, "t.jsonl:2: resources:"],
    ["an environment that is not a name", `${head}\n{"at":1,"build":2,"environment":3}`, "t.jsonl:2: environment:"],
    ["a group that is not a name", `${head}\n{"at":1,"build":2,"group":["x"]}`, "t.jsonl:2: group:"],
    ["a line that is a list", `${head}\n[]`, "t.jsonl:2: this is not a JSON object"],
    ["a share above 1", head.replace("}", ',"neverRegister":5}'), "t.jsonl:1: neverRegister:"],
    ["an outage without length", `${head}\n{"down":5}`, "t.jsonl:2: for is missing"],
  ] as const
) {
  Deno.test(`${title} is refused with its line number`, () => {
    const error = assertThrows(() => parseTrace(text, "t.jsonl"), OperatorError);
    assertEquals(error.message.slice(0, message.length), message);
    assertEquals(error.kind, "usage");
  });
}

Deno.test("any text is read or refused with an OperatorError", () => {
  fc.assert(
    fc.property(fc.oneof(fc.string(), fc.json().map((json) => `${head}\n${json}`)), (text) => {
      try {
        parseTrace(text, "t");
      } catch (error) {
        if (!(error instanceof OperatorError)) throw error;
      }
    }),
  );
});

Deno.test("jobs and outages are sorted by time", () => {
  const text = `${head}\n{"at":9,"build":1}\n{"down":5,"for":1}\n{"at":3,"build":1}\n{"down":2,"for":1}`;
  const { jobs, outages } = parseTrace(text, "t");
  assertEquals(jobs.map(({ atMs }) => atMs), [3_000, 9_000]);
  assertEquals(outages.map(({ atMs }) => atMs), [2_000, 5_000]);
});

Deno.test("a job is written as one line without default values", () => {
  assertEquals(
    formatTrace(aTrace([aJob(1_500), aJob(2_000, { resources: ["linux"], environment: "prod", group: "a team" })]))
      .split("\n"),
    [
      '{"trace":1,"name":"test","start":"2026-01-05T00:00:00.000Z","seconds":3600}',
      '{"at":1.5,"build":60}',
      '{"at":2,"resources":["linux"],"environment":"prod","group":"a team","build":60}',
      "",
    ],
  );
});
