// The HTTP server of the simulated GoCD server, on loopback.

import { assertEquals, assertRejects } from "@std/assert";
import { type GocdHttp, startGocdHttp } from "../../src/sim/http/gocd.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { job, minute, server } from "./gocd_support.ts";

const newest = { accept: "application/vnd.go.cd+json" };

async function serving(
  act: (http: GocdHttp, model: SimGocd, slept: number[]) => Promise<void>,
): Promise<void> {
  const model = server("26.1.0");
  const slept: number[] = [];
  const sleep = (delayMs: number): Promise<void> => Promise.resolve(void slept.push(delayMs));
  const http = startGocdHttp(model, { port: 0, nowMs: () => 5 * minute, sleep });
  try {
    await act(http, model, slept);
  } finally {
    await http.close();
  }
}

Deno.test("the model is served over HTTP at the time of the clock, with a session cookie", async () => {
  await serving(async (http, model) => {
    model.addAgent({ uuid: "u", hostname: "h" });
    const response = await fetch(`${http.url}/api/agents`, { headers: newest });
    const body = await response.json();
    assertEquals([response.status, body._embedded.agents[0].hostname, model.nowMs], [200, "h", 5 * minute]);
    assertEquals(body._links.self.href, `${http.url}/api/agents`);
    assertEquals(response.headers.get("set-cookie")?.startsWith("JSESSIONID="), true);
    assertEquals([model.tally.sessionsCreated, model.tally.concurrentRequests], [1, 0]);
  });
});

Deno.test("methods, headers and bodies are passed to the model, and a 304 has no body", async () => {
  await serving(async (http, model) => {
    model.addAgent({ uuid: "u", hostname: "h" });
    const patched = await fetch(`${http.url}/api/agents/u`, {
      method: "PATCH",
      headers: { ...newest, "content-type": "application/json" },
      body: JSON.stringify({ "agent_config_state": "Disabled" }),
    });
    assertEquals([patched.status, (await patched.json()).agent_config_state], [200, "Disabled"]);
    const deleted = await fetch(`${http.url}/api/agents/u`, { method: "DELETE", headers: newest });
    assertEquals([deleted.status, (await deleted.json()).message], [200, "Deleted 1 agent(s)."]);
    const v1 = { accept: "application/vnd.go.cd.v1+json" };
    const messages = await fetch(`${http.url}/api/server_health_messages`, { headers: v1 });
    await messages.body?.cancel();
    const headers = { ...v1, "if-none-match": messages.headers.get("etag") ?? "" };
    const again = await fetch(`${http.url}/api/server_health_messages`, { headers });
    assertEquals([again.status, await again.text()], [304, ""]);
  });
});

Deno.test("a cut response is an error for the reader, a truncated one is short, and a slow one is delayed", async () => {
  await serving(async (http, model, slept) => {
    job(model, "p");
    const read = async (): Promise<string> => await (await fetch(`${http.url}/api/feed/jobs/scheduled.xml`)).text();
    const whole = await read();
    model.inject({ kind: "cut" });
    await assertRejects(read);
    model.inject({ kind: "refused" });
    await assertRejects(read);
    model.inject({ kind: "truncated" });
    assertEquals((await read()).length, Math.floor(whole.length / 2));
    model.inject({ kind: "slow", delayMs: 31_000 });
    assertEquals(await read(), whole);
    assertEquals(slept, [31_000]);
  });
});

Deno.test("a paused server refuses connections, and a resumed one responds on the same port", async () => {
  await serving(async (http) => {
    const status = async (): Promise<number> => {
      const response = await fetch(`${http.url}/api/v1/health`);
      await response.body?.cancel();
      return response.status;
    };
    assertEquals(await status(), 200);
    await http.pause();
    await assertRejects(status);
    http.resume();
    assertEquals(await status(), 200);
  });
});
