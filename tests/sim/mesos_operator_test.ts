// The operator API of the simulated master over a socket.

import { assertEquals, assertStringIncludes } from "@std/assert";
import { startCluster } from "../support/cluster.ts";
import { startScheduler } from "../support/scheduler.ts";

const json = { "content-type": "application/json" };

Deno.test("the operator API responds like the real master: media types, methods and bodies", async () => {
  // At the pace of real time: on a busy machine a faster clock makes the scheduler give up its SUBSCRIBE and send another.
  const cluster = startCluster({ speed: 1 });
  try {
    const ask = async (path: string, init: RequestInit = {}): Promise<readonly [number, string]> => {
      const response = await fetch(`${cluster.mesosHttp.url}${path}`, init);
      return [response.status, await response.text()];
    };
    const call = (body: string, headers: Record<string, string> = json): Promise<readonly [number, string]> =>
      ask("/api/v1", { method: "POST", body, headers });
    assertEquals(await call('{"type":"GET_FRAMEWORKS"}'), [200, '{"type":"GET_FRAMEWORKS","get_frameworks":{}}']);
    assertEquals((await ask("/api/v1"))[0], 405);
    assertEquals((await call("{}", { "content-type": "text/plain" }))[0], 415);
    assertEquals((await call("{"))[0], 400);
    assertEquals((await call("{}"))[0], 400);
    assertEquals((await call('{"type":"GET_FLAGS"}'))[0], 501);
    assertEquals((await call('{"type":"GET_WEIGHTS"}'))[1], '{"type":"GET_WEIGHTS","get_weights":{}}');
    assertEquals((await call('{"type":"GET_QUOTA"}'))[1], '{"type":"GET_QUOTA","get_quota":{"status":{}}}');
    assertEquals((await call('{"type":"GET_ROLES"}'))[1], '{"type":"GET_ROLES","get_roles":{}}');
    assertStringIncludes(
      (await call('{"type":"GET_AGENTS"}'))[1],
      ',{"name":"cpus","type":"SCALAR","scalar":{"value":16.0},"role":"*"},',
    );
    const running = await startScheduler(cluster);
    while (cluster.mesos.view().frameworks.length === 0) await cluster.clock.sleep(100, new AbortController().signal);
    const id = cluster.mesos.view().frameworks[0]?.id ?? "";
    assertStringIncludes((await call('{"type":"GET_FRAMEWORKS"}'))[1], `"id":{"value":"${id}"}`);
    assertStringIncludes((await call('{"type":"GET_FRAMEWORKS"}'))[1], '"active":true,"connected":true');
    assertStringIncludes((await ask(`/master/frameworks?framework_id=${id}`))[1], `{"id":"${id}","name":"GoCD-Mesos"`);
    assertStringIncludes((await ask("/frameworks?framework_id=x"))[1], '{"frameworks":[],');
    assertStringIncludes(
      (await call('{"type":"GET_ROLES"}'))[1],
      `{"roles":[{"name":"*","weight":1.0,"frameworks":[{"value":"${id}"}]}]}`,
    );
    await running.stop();
  } finally {
    await cluster.close();
  }
});

Deno.test("the operator API requires a login if the master does", async () => {
  const cluster = startCluster({ mesos: { credentials: [{ principal: "p", secret: "s" }] } });
  try {
    const init = { method: "POST", body: '{"type":"GET_FRAMEWORKS"}', headers: json };
    const refused = await fetch(`${cluster.mesosHttp.url}/api/v1`, init);
    await refused.body?.cancel();
    assertEquals([refused.status, refused.headers.get("www-authenticate")], [
      401,
      'Basic realm="mesos-master-readwrite"',
    ]);
    const headers = { ...json, authorization: `Basic ${btoa("p:s")}` };
    const answer = await fetch(`${cluster.mesosHttp.url}/api/v1`, { ...init, headers });
    assertEquals([answer.status, await answer.text()], [200, '{"type":"GET_FRAMEWORKS","get_frameworks":{}}']);
  } finally {
    await cluster.close();
  }
});
