// Environments that exist only in our configuration, requested from simulated servers that have a list of them.

import { serverAt } from "../support/addresses.ts";
import { assertEquals } from "@std/assert";
import fc from "../support/properties.ts";
import { environmentsFreshMs } from "../../src/gocd/environments.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import type { SimGocd, SimGocdOptions } from "../../src/sim/gocd/sim_gocd.ts";
import { basic, job, server, users } from "../sim/gocd_support.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import { connection, fakeGocd, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;
const prod = { environments: [{ name: "Prod", origin: "gocd" }] } as const;

interface Asked {
  readonly api: HttpGocdApi;
  /** `Accept` of each question. */
  readonly accepts: string[];
}

function asked(model: SimGocd, headers: Record<string, string> = {}): Asked {
  const accepts: string[] = [];
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = (input, init) => {
    const sent = { ...init?.headers as Record<string, string>, ...headers };
    if (String(input).endsWith("/api/admin/environments")) accepts.push(sent["accept"] ?? "");
    return plain(input, { ...init, headers: sent });
  };
  return {
    api: createHttpGocdApi({ ...connection, url: serverAt(simUrl) }, { fetch, nowMs: () => model.nowMs }),
    accepts,
  };
}

async function missing({ api }: Asked, ...names: string[]): Promise<readonly string[] | undefined> {
  return (await api.poll(signal, { environments: names })).missingEnvironments;
}

for (
  const [version, accept] of [
    ["15.2.0", undefined],
    ["16.6.0", undefined],
    ["16.7.0", "application/vnd.go.cd.v1+json"],
    ["17.2.0", "application/vnd.go.cd.v1+json"],
    ["17.3.0", "application/vnd.go.cd.v2+json"],
    ["18.10.0", "application/vnd.go.cd.v2+json"],
    ["18.12.0", "application/vnd.go.cd.v2+json"],
    ["19.7.0", "application/vnd.go.cd.v2+json"],
    ["19.8.0", "application/vnd.go.cd+json"],
    ["19.9.0", "application/vnd.go.cd+json"],
    ["20.8.0", "application/vnd.go.cd+json"],
    ["26.1.0", "application/vnd.go.cd+json"],
  ] as const
) {
  Deno.test(`on GoCD ${version} a missing environment is ${accept === undefined ? "not " : ""}reported`, async () => {
    const its = asked(server(version, prod));
    // What is in no doubt is answered everywhere.
    assertEquals(await missing(its), []);
    assertEquals(await missing(its, "prod", "prdo"), accept === undefined ? undefined : ["prdo"]);
    assertEquals(its.accepts, accept === undefined ? [] : [accept]);
  });
}

for (const version of ["20.8.0", "26.1.0"]) {
  Deno.test(`on GoCD ${version} environments are not requested without administrator rights`, async () => {
    const its = asked(server(version, { ...prod, security: users }), basic("guest", "guest"));
    assertEquals(await missing(its, "prod"), undefined);
    assertEquals(its.accepts, []);
  });
}

Deno.test("refused, missing and invalid lists of environments report no environment as missing", async () => {
  for (
    const answer of [
      () => json(401, { message: "You are not authorized to perform this action." }),
      () => json(403, { message: "You are not authorized to perform this action." }),
      () => json(404, { message: "no" }),
      () => json(406, {}),
      () => json(500, {}),
      () => new Response("<html></html>", { headers: { "content-type": "text/html" } }),
      () => new Response("[", { headers: { "content-type": "application/json" } }),
      () => json(200, []),
      () => json(200, { _embedded: {} }),
      () => json(200, { _embedded: { environments: [{ name: "prod" }, { nome: "prdo" }] } }),
    ]
  ) {
    const fake = fakeGocd("26.1.0");
    fake.override = ({ path }) => path === "/api/admin/environments" ? answer() : undefined;
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
    const poll = await api.poll(signal, { environments: ["prdo"] });
    assertEquals(poll.missingEnvironments, undefined);
    assertEquals(poll.jobs.length, 1, "the poll is good all the same");
    api.close();
  }
});

Deno.test("for any body, only a complete list of environments reports an environment as missing", async () => {
  const names = fc.array(fc.string(), { maxLength: 5 });
  const list = names.map((all) => ({ _embedded: { environments: all.map((name) => ({ name })) } }));
  const other = fc.oneof(fc.json(), fc.string(), list.map((body) => JSON.stringify(body).slice(0, -2)));
  const answered = async (body: string): Promise<readonly string[] | undefined> => {
    const fake = fakeGocd("26.1.0");
    fake.override = ({ path }) =>
      path === "/api/admin/environments"
        ? new Response(body, { headers: { "content-type": "application/vnd.go.cd.v3+json" } })
        : undefined;
    const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
    return (await api.poll(signal, { environments: ["prdo"] })).missingEnvironments;
  };
  await fc.assert(
    fc.asyncProperty(other, async (body) => assertEquals(await answered(body), undefined)),
    { numRuns: 200 },
  );
  await fc.assert(
    fc.asyncProperty(list, async (body) => {
      const has = body._embedded.environments.some(({ name }) => name.toLowerCase() === "prdo");
      assertEquals(await answered(JSON.stringify(body)), has ? [] : ["prdo"]);
    }),
    { numRuns: 100 },
  );
});

Deno.test("environments are not requested if waiting jobs and agents show that they exist", async () => {
  const model = server("26.1.0", { environments: [{ name: "qa", origin: "gocd" }] });
  job(model, "shop", { environment: "Prod" });
  model.addAgent({ uuid: "u1", hostname: "box", environments: ["QA", "stage"] });
  const its = asked(model);
  assertEquals(await missing(its, "prod", "qa"), []);
  assertEquals(its.accepts.length, 0);
  // Only a name on an agent's record, which the server does not know.
  assertEquals(await missing(its, "stage"), ["stage"]);
  assertEquals(its.accepts.length, 1);
});

Deno.test("environments are requested once a minute, and a new one is noticed", async () => {
  const model = server("26.1.0");
  const its = asked(model);
  assertEquals(await missing(its, "prod"), ["prod"]);
  model.addEnvironment({ name: "prod", origin: "config-repo" });
  model.advance(environmentsFreshMs - 1);
  assertEquals(await missing(its, "prod"), ["prod"]);
  assertEquals(its.accepts.length, 1);
  model.advance(environmentsFreshMs);
  assertEquals(await missing(its, "prod"), []);
  assertEquals(its.accepts.length, 2);
});

Deno.test("after an error missing environments are unknown, and they are requested again a minute later", async () => {
  const model = server("26.1.0");
  const its = asked(model);
  assertEquals(await missing(its, "prod"), ["prod"]);
  model.advance(environmentsFreshMs);
  model.inject({ kind: "status", status: 500 }, 1, "environments");
  assertEquals(await missing(its, "prod"), undefined);
  assertEquals(await missing(its, "prod"), undefined);
  assertEquals(its.accepts.length, 2);
  model.advance(2 * environmentsFreshMs);
  assertEquals(await missing(its, "prod"), ["prod"]);
});

Deno.test("after an upgrade environments are requested with the media type of the new release", async () => {
  const options: Partial<SimGocdOptions> = { environments: [{ name: "prod", origin: "gocd" }] };
  const model = server("18.10.0", options);
  const its = asked(model);
  assertEquals(await missing(its, "prdo"), ["prdo"]);
  model.upgrade("26.1.0", 0);
  model.advance(20 * 60_000);
  assertEquals(await missing(its, "prdo"), ["prdo"]);
  assertEquals(its.accepts, ["application/vnd.go.cd.v2+json", "application/vnd.go.cd+json"]);
});

Deno.test("environments of a server without a version API are requested once the account is known to be an administrator", async () => {
  const fake = fakeGocd("26.1.0");
  const asked: string[] = [];
  fake.override = ({ path, accept }) => {
    if (path === "/api/version") return json(404, { message: "no" });
    if (path !== "/api/admin/environments") return undefined;
    asked.push(accept);
    return json(200, { _embedded: { environments: [] } });
  };
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  assertEquals((await api.poll(signal, { environments: ["prdo"] })).missingEnvironments, undefined);
  assertEquals((await api.poll(signal, { environments: ["prdo"] })).missingEnvironments, ["prdo"]);
  assertEquals(asked, ["application/vnd.go.cd+json"]);
});
