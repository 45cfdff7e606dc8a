// The page, health and metrics of an instance that shares its state with others. The election: tests/store.

import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import type { LeadershipView, StatusView } from "../../src/core/view/view.ts";
import { createHandler } from "../../src/web/handler.ts";
import { metricsPage } from "../../src/web/metrics.ts";
import { pageQuery } from "../../src/web/page_query.ts";
import { statusPage } from "../../src/web/status_page.ts";
import { pictureOf } from "../support/picture.ts";
import { hostileName, sampleMs, sampleView } from "../support/sample_view.ts";
import { sampleOptions } from "../support/web_options.ts";

const hourMs = 3_600_000;

function shared(leadership: Omit<LeadershipView, "sinceMs">, sinceMs = sampleMs - hourMs): StatusView {
  const health = { state: "unknown" as const, sinceMs };
  const mesos = { ...sampleView.mesos, session: "connecting" as const, sinceMs, health };
  return { ...sampleView, mesos, gocd: { ...sampleView.gocd, health }, leadership: { ...leadership, sinceMs } };
}

function tornDown(): StatusView {
  return { ...shared({ role: "leader" }), gocd: sampleView.gocd, tornDown: true };
}

const lead = "/health/leader";
const ready = "/health/ready";
const answers: readonly (readonly [string, StatusView, Readonly<Record<string, number>>, RegExp])[] = [
  [
    "a standby that knows the leader",
    shared({ role: "standby", leader: "one" }),
    { "/health": 200, [ready]: 503, [lead]: 503 },
    /^on standby: one leads$/,
  ],
  [
    "a new standby that knows no leader",
    shared({ role: "standby" }, sampleMs),
    { "/health": 200, [ready]: 503, [lead]: 503 },
    /^on standby: no leader is known$/,
  ],
  [
    "a standby that has known no leader for an hour",
    shared({ role: "standby" }),
    { "/health": 503, [ready]: 503, [lead]: 503 },
    /^on standby: no leader is known$/,
  ],
  [
    "a leader that is not subscribed yet",
    shared({ role: "leader" }),
    { "/health": 200, [ready]: 503, [lead]: 200 },
    /^not subscribed to a Mesos master yet$/,
  ],
  [
    "a leader that waits for the operator after a teardown",
    tornDown(),
    { "/health": 200, [ready]: 503, [lead]: 200 },
    /^torn down: no framework is registered until gocd-mesos resume$/,
  ],
];
for (const [what, view, statuses, reason] of answers) {
  Deno.test(`the health endpoints respond correctly for ${what}`, async () => {
    const handler = createHandler(sampleOptions({ picture: () => pictureOf(view) }));
    const ask = async (path: string): Promise<readonly [number, readonly string[]]> => {
      const answer = await handler(new Request(`http://localhost${path}`));
      return [answer.status, (await answer.json()).reasons];
    };
    for (const [path, status] of Object.entries(statuses)) assertEquals((await ask(path))[0], status, path);
    assertEquals(await ask("/health/live"), [200, []], "none of this is mended by a restart");
    assertMatch((await ask(ready))[1].join(), reason);
  });
}

function pageOf(view: StatusView): string {
  const query = pageQuery(new URLSearchParams());
  const links = { gocdUrl: "http://gocd.example.org/go", mesosScheme: "http" } as const;
  return statusPage({ view, notes: [], query, links, version: "1", sandbox: "on" });
}

Deno.test("the page of a standby shows the escaped name of the leader", () => {
  assertStringIncludes(pageOf(shared({ role: "standby", leader: "http://one:8090 (process 7)" })), "http://one:8090");
  assertStringIncludes(pageOf(shared({ role: "standby" })), "no leader is known");
  assert(!pageOf(shared({ role: "standby", leader: hostileName })).includes("<script>document.title"));
  assert(!pageOf(shared({ role: "leader" })).includes('id="standby"'));
  assert(!pageOf(sampleView).includes("Election"), "where there is only one instance nothing is said of it");
});

Deno.test("the page of a leader after a teardown names `gocd-mesos resume`", () => {
  assertStringIncludes(pageOf(tornDown()), "Torn down: no framework is registered until gocd-mesos resume.");
  assert(!pageOf(shared({ role: "leader" })).includes("Torn down"));
});

Deno.test("gocd_mesos_leader is 1 or 0 with an election, and absent without one", () => {
  const metrics = (view: StatusView): string => metricsPage(pictureOf(view), "1");
  assertStringIncludes(metrics(shared({ role: "leader" })), "gocd_mesos_leader 1\n");
  assertStringIncludes(metrics(shared({ role: "standby" })), "gocd_mesos_leader 0\n");
  assert(!metrics(sampleView).includes("gocd_mesos_leader"));
});
