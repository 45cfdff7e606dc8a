// One record that makes the server fail does not keep it from changing the others.

import { assertEquals, assertRejects } from "@std/assert";
import { GocdError } from "../../src/gocd/api.ts";
import { createHttpGocdApi } from "../../src/gocd/http_api.ts";
import { connection, type FakeGocd, fakeGocd, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;

/** A server that answers 500 to every change of the agent `bad`, or of any agent. */
function failing(which: "one" | "all"): FakeGocd {
  const fake = fakeGocd(
    "26.1.0",
    ["bad", "b", "c", "d", "e"].map((uuid) => ({ uuid, config: "Disabled", state: "Idle" })),
  );
  fake.override = ({ method, path, body }) =>
    method !== "GET" && (which === "all" || path.endsWith("/bad") || JSON.stringify(body ?? "").includes('"bad"'))
      ? json(500, { message: "Some error occurred while processing the request" })
      : undefined;
  return fake;
}

const uuids = ["bad", "b", "c", "d", "e"];

Deno.test("a record for which the server fails keeps no other from being deleted", async () => {
  const fake = failing("one");
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  const error = await assertRejects(() => api.deleteAgents(uuids, signal), GocdError);
  assertEquals(error.problem.code, "gocd-server-error");
  assertEquals(fake.agents.map(({ uuid }) => uuid), ["bad"]);
});

Deno.test("a server that fails for every record gets few requests", async () => {
  const fake = failing("all");
  const api = createHttpGocdApi(connection, { fetch: fake.fetch, nowMs: () => 0 });
  const error = await assertRejects(() => api.deleteAgents(uuids, signal), GocdError);
  assertEquals(error.problem.code, "gocd-server-error");
  assertEquals(fake.seen.filter(({ method }) => method === "DELETE").length, 3);
});
