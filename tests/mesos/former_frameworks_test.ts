// The frameworks of a master, from its operator API, with unusual responses. Real formats: tests/sim, tests/wire.

import { assertEquals, assertRejects } from "@std/assert";
import type { SeenFramework } from "../../src/core/identity/orphans.ts";
import { MesosError } from "../../src/mesos/api.ts";
import { mastersAt } from "../support/addresses.ts";
import { createHttpScheduler } from "../../src/mesos/http_scheduler.ts";

const signal = new AbortController().signal;

function framework(id: string, more: Record<string, unknown> = {}): Record<string, unknown> {
  return { "framework_info": { id: { value: id }, name: "ours", user: "root", ...more }, connected: false };
}

function answering(
  answers: readonly (Response | Error)[],
): { readonly asked: string[]; seen(): Promise<readonly SeenFramework[] | undefined> } {
  const asked: string[] = [];
  const left = [...answers];
  const scheduler = createHttpScheduler({
    connection: { masters: mastersAt("m:5050"), allowedHosts: [], credentials: { kind: "none" }, caCerts: [] },
    environmentOf: () => ({}),
    nowMs: () => 0,
    fetch: (url, init) => {
      asked.push(`${init?.method} ${url}`);
      const answer = left.shift() ?? new Error("not expected");
      return answer instanceof Error ? Promise.reject(answer) : Promise.resolve(answer);
    },
  });
  return {
    asked,
    seen: async () => {
      try {
        return await scheduler.frameworksNamed("ours", signal);
      } finally {
        scheduler.close();
      }
    },
  };
}

function list(...frameworks: readonly unknown[]): Response {
  return Response.json({ type: "GET_FRAMEWORKS", "get_frameworks": { frameworks } });
}

function tasksOf(id: string, tasks: readonly unknown[], unreachable: readonly unknown[] = []): Response {
  return Response.json({ frameworks: [{ id: "x" }, { id, tasks, "unreachable_tasks": unreachable }] });
}

Deno.test("frameworks with the name are listed with their tasks that may be alive", async () => {
  const { asked, seen } = answering([
    list(framework("f/1", { roles: ["a"], principal: "p" }), { ...framework("f-2"), connected: true }, {
      ...framework("f-3", { name: "theirs" }),
    }),
    tasksOf("f/1", [{ id: "t1", state: "TASK_RUNNING" }, { id: "t2", state: "TASK_FAILED" }], [{ id: "t3" }]),
    tasksOf("f-2", []),
  ]);
  assertEquals(await seen(), [
    {
      id: "f/1",
      name: "ours",
      registeredAs: { user: "root", principal: "p" },
      roles: ["a"],
      isConnected: false,
      taskIds: ["t1", "t3"],
    },
    { id: "f-2", name: "ours", registeredAs: { user: "root" }, roles: ["*"], isConnected: true, taskIds: [] },
  ]);
  assertEquals(asked, [
    "POST http://m:5050/api/v1",
    "GET http://m:5050/master/frameworks?framework_id=f%2F1",
    "GET http://m:5050/master/frameworks?framework_id=f-2",
  ]);
});

const hidden: readonly (readonly [what: string, answer: () => Response])[] = [
  ["a login is required", () => new Response("", { status: 401 })],
  ["it is forbidden", () => new Response("", { status: 403 })],
  ["a proxy does not have the path", () => new Response("", { status: 404 })],
  ["the master does not offer the call", () => new Response("", { status: 501 })],
  ["a login page responds", () => new Response("<html>", { status: 200 })],
  ["a redirect leads to a login page", () => new Response("", { status: 302, headers: { location: "/login" } })],
  ["the body has another shape", () => Response.json({ "get_frameworks": { frameworks: [{}] } })],
  ["the body is not an object", () => Response.json(null)],
];

for (const [what, answer] of hidden) {
  Deno.test(`the frameworks are unknown if ${what}`, async () => {
    assertEquals(await answering([answer()]).seen(), undefined);
  });
}

Deno.test("a master without frameworks has an empty list", async () => {
  assertEquals(await answering([Response.json({ type: "GET_FRAMEWORKS", "get_frameworks": {} })]).seen(), []);
});

Deno.test("a framework whose tasks are forbidden to us is listed without tasks", async () => {
  const { seen } = answering([list(framework("f-1")), new Response("", { status: 403 })]);
  assertEquals((await seen())?.map((each) => each.taskIds), [[]]);
});

const broken: readonly (readonly [what: string, answers: readonly (Response | Error)[]])[] = [
  ["does not answer", [new TypeError("connection refused")]],
  ["recovers", [new Response("Master has not finished recovery", { status: 503 })]],
  ["is overloaded", [new Response("", { status: 429 })]],
  ["breaks the response off", [
    new Response(
      new ReadableStream({
        pull: (stream) => stream.error(new TypeError("connection reset")),
      }),
    ),
  ]],
  ["is gone at the second request", [list(framework("f-1")), new TypeError("connection refused")]],
];

for (const [what, answers] of broken) {
  Deno.test(`a master that ${what} is an error and not an empty cluster`, async () => {
    await assertRejects(() => answering(answers).seen(), MesosError);
  });
}
