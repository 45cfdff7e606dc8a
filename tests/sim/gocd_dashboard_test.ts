// Running stages and the configuration in the API of the simulated GoCD server: by release, by account, as recorded.

import { assert, assertEquals } from "@std/assert";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { apiRecordings } from "../support/gocd_recordings.ts";
import { ask, basic, job, json, launch, minute, run, runUntil, second, server, users } from "./gocd_support.ts";

const type = (version: string): string => `application/vnd.go.cd${version === "" ? "" : `.${version}`}+json`;
const newest = { accept: type("") };
const paths = {
  dashboard: "GET /go/api/dashboard",
  stage: "GET /go/api/stages/open/1/stage/1",
  pipeline: "GET /go/api/admin/pipelines/open",
  template: "GET /go/api/admin/templates/build",
};

/** By release: the versions of each path that are served. */
const releases: readonly (readonly [string, Readonly<Record<keyof typeof paths, readonly string[]>>])[] = [
  ["18.10.0", { dashboard: [], stage: [], pipeline: [], template: [] }],
  ["19.8.0", { dashboard: ["v4"], stage: [], pipeline: [], template: [] }],
  ["20.1.0", { dashboard: ["v4"], stage: ["v2"], pipeline: ["v10"], template: ["v5", "v6"] }],
  ["20.5.0", { dashboard: ["v4"], stage: ["v2"], pipeline: ["v10"], template: ["v7"] }],
  ["20.9.0", { dashboard: ["v4"], stage: ["v2", "v3"], pipeline: ["v10", "v11"], template: ["v7"] }],
  ["26.1.0", { dashboard: ["v4"], stage: ["v3"], pipeline: ["v11"], template: ["v7"] }],
];

function installed(version: string): SimGocd {
  const model = server(version, { security: users });
  job(model, "open");
  job(model, "closed");
  model.configureTemplate({ name: "build", stages: [] });
  return model;
}

for (const [version, served] of releases) {
  Deno.test(`GoCD ${version} serves dashboard, stages and configuration only in the API versions of its era`, () => {
    const model = installed(version);
    const root = basic("root", "sesame");
    for (const [what, path] of Object.entries(paths)) {
      const versions: readonly string[] = served[what as keyof typeof paths];
      for (const each of ["v2", "v3", "v4", "v5", "v6", "v7", "v10", "v11"]) {
        const { status, headers } = ask(model, path, { ...root, accept: type(each) });
        assertEquals(status, versions.includes(each) ? 200 : 404, `${what} ${each}`);
        if (status === 200) assertEquals(headers["content-type"], `${type(each)};charset=utf-8`);
      }
      const latest = ask(model, path, { ...root, ...newest });
      assertEquals(latest.status, versions.length > 0 ? 200 : 404, what);
      assertEquals(ask(model, path, { ...root, accept: "application/json" }).status, 404);
      assertEquals(ask(model, path, newest).status, 401, "nobody");
    }
  });
}

Deno.test("each account sees only the pipelines that it may view, and the configuration that it administers", () => {
  const model = installed("26.1.0");
  const guest = { ...basic("guest", "guest"), ...newest };
  const names = (headers: Record<string, string>): readonly string[] =>
    json(ask(model, paths.dashboard, headers))._embedded.pipelines.map(({ name }: { name: string }) => name);
  assertEquals(names(guest), ["open"]);
  assertEquals(names({ ...basic("root", "sesame"), ...newest }), ["open", "closed"]);
  const statuses = (path: string): number => ask(model, path, guest).status;
  assertEquals(statuses(paths.stage), 200);
  assertEquals(statuses("GET /go/api/stages/closed/1/stage/1"), 403);
  assertEquals([statuses(paths.pipeline), statuses(paths.template)], [403, 403]);
  assertEquals(json(ask(model, paths.pipeline, guest)).message, "You are not authorized to perform this action.");
  const may = { administers: ["open"], viewsTemplates: ["build"] };
  model.setSecurity({ kind: "on", users: [{ name: "guest", password: "guest", admin: false, ...may }] });
  assertEquals([statuses(paths.pipeline), statuses(paths.template)], [200, 200]);
});

Deno.test("missing stages, pipelines and templates are a 404 with GoCD's message in JSON", () => {
  const model = installed("26.1.0");
  const root = { ...basic("root", "sesame"), ...newest };
  for (
    const [path, status, message] of [
      ["/api/stages/none/1/stage/1", 404, "Pipeline with name 'none' was not found!"],
      ["/api/stages/open/7/stage/1", 404, "Not Found { Pipeline 'open' with counter '7' not found }\n"],
      ["/api/admin/pipelines/none", 404, "Pipeline with name 'none' was not found!"],
      ["/api/admin/templates/none", 404, "Template with name 'none' was not found!"],
    ] as const
  ) {
    const answer = ask(model, `GET /go${path}`, root);
    assertEquals([answer.status, json(answer).message], [status, message]);
  }
});

Deno.test("dashboard and configuration support If-None-Match, and a run of a stage does not", () => {
  const model = server("26.1.0");
  job(model, "open", { durationMs: minute });
  const etagOf = (path: string): string => ask(model, path, newest).headers["etag"] ?? "";
  const again = (path: string, etag: string): number => ask(model, path, { ...newest, "if-none-match": etag }).status;
  const [dashboard, pipeline] = [etagOf(paths.dashboard), etagOf(paths.pipeline)];
  assertEquals([again(paths.dashboard, dashboard), again(paths.pipeline, pipeline)], [304, 304]);
  assertEquals(etagOf(paths.stage), "");
  launch(model, "a");
  runUntil(model, () => model.jobs()[0]?.state === "Building");
  assertEquals(again(paths.dashboard, dashboard), 304, "it does not show that a job was assigned");
  runUntil(model, () => model.jobs().length === 0);
  assertEquals(again(paths.dashboard, dashboard), 200, "but that one has ended");
  job(model, "open", { gocdResources: ["linux"] });
  assertEquals(again(paths.pipeline, pipeline), 200);
});

Deno.test("the time stamp of a pipeline in the dashboard changes only when this pipeline changes", () => {
  const model = server("26.1.0");
  job(model, "open");
  job(model, "other");
  const stamps = (): readonly number[] =>
    json(ask(model, paths.dashboard, newest))._embedded.pipelines.map(
      (pipeline: { readonly ["last_updated_timestamp"]: number }) => pipeline["last_updated_timestamp"],
    );
  const [before, other] = stamps();
  run(model, minute);
  assertEquals(stamps(), [before, other]);
  job(model, "open", { environment: "prod" });
  const after = stamps();
  assert((after[0] ?? 0) > (other ?? 0));
  assertEquals(after[1], other);
});

Deno.test("a job whose agent has ended is Scheduled again in the same run of its stage", () => {
  const model = server("26.1.0");
  job(model, "open", { durationMs: 60 * minute });
  launch(model, "a");
  launch(model, "b");
  runUntil(model, () => model.jobs()[0]?.state === "Building");
  const holder = model.processes().find(({ building }) => building !== undefined)?.hostname ?? "";
  model.agentStopped(holder, model.nowMs);
  const states = (): unknown => json(ask(model, paths.stage, newest)).jobs.map(({ state }: { state: string }) => state);
  assertEquals(states(), ["Building"]);
  runUntil(model, () => model.jobs()[0]?.state === "Scheduled", second);
  assertEquals(states(), ["Scheduled"]);
});

/** The keys of the first of everything, as paths. */
function shape(value: unknown, at = ""): readonly string[] {
  if (Array.isArray(value)) return value.slice(0, 1).flatMap((each) => shape(each, `${at}[]`));
  if (typeof value !== "object" || value === null) return [at];
  return Object.entries(value).flatMap(([key, each]) => shape(each, `${at}.${key}`));
}

Deno.test("the simulated dashboard, stages and configuration have only fields of the recorded ones", () => {
  const model = server("26.1.0", { environments: [{ name: "prod-EU", origin: "gocd" }] });
  job(model, "multi", { environment: "prod-EU", job: "shard-runInstance-1", gocdResources: ["linux"] });
  const mine = {
    "dashboard": paths.dashboard,
    "run of a stage": "GET /go/api/stages/multi/1/stage/1",
    "pipeline configuration": "GET /go/api/admin/pipelines/multi",
  };
  for (const [name, path] of Object.entries(mine)) {
    const real = new Set(shape(JSON.parse(apiRecordings.find((each) => each.name === name)?.text ?? "")));
    const made = shape(json(ask(model, path, newest)));
    // An example of a variable, of which the recorded pipeline has none.
    const extra = made.filter((each) => !real.has(each) && !each.includes("environment_variables"));
    assertEquals(extra, [], name);
  }
});
