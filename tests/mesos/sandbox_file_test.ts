// Reading the end of a container's stderr: the requests, the login, the text that is shown, and failures.

import { assertEquals, assertStringIncludes } from "@std/assert";
import type { SandboxEffect } from "../../src/core/effect.ts";
import type { SandboxAnswer } from "../../src/core/life/sandbox.ts";
import type { MesosConnection } from "../../src/mesos/api.ts";
import { createMasterClient } from "../../src/mesos/master_request.ts";
import { readStderr } from "../../src/mesos/sandbox_file.ts";
import { parseAllowedHost } from "../../src/net/allowed_hosts.ts";
import { Secret } from "../../src/secret.ts";
import { seededRandom } from "../../src/sim/random.ts";
import { createSimMesos, type SimMesos } from "../../src/sim/mesos/sim_mesos.ts";

const request: SandboxEffect = {
  kind: "read-sandbox",
  taskId: "gocd-1",
  profile: "linux",
  host: "h1",
  frameworkId: "f-1",
  address: { hostname: "h1", ip: "10.0.0.7", port: 5051 },
};

interface Asked {
  readonly url: URL;
  readonly authorization: string | null;
}

interface Bench {
  readonly asked: Asked[];
  read(options?: { readonly hosts?: readonly string[]; readonly isHttps?: boolean }): Promise<SandboxAnswer>;
}

function bench(answer: (asked: Asked) => Response | Promise<Response>): Bench {
  const asked: Asked[] = [];
  const fetching = (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const one = { url: new URL(String(input)), authorization: new Headers(init?.headers).get("authorization") };
    asked.push(one);
    return Promise.resolve(answer(one));
  };
  return {
    asked,
    read: ({ hosts = ["h1"], isHttps = false } = {}) => {
      const connection: MesosConnection = {
        masters: { kind: "static", addresses: [{ scheme: "http", host: "master", port: 5050 }] },
        allowedHosts: hosts.flatMap((text) => parseAllowedHost(text) ?? []),
        credentials: { kind: "basic", userName: "ci", password: new Secret("mesos.secret", () => "hunter2-secret") },
        caCerts: [],
      };
      const client = createMasterClient(connection, { fetch: fetching, setTimer: () => () => {} });
      const redact = (text: string): string => text.replaceAll("right-key", "***");
      return readStderr({ client, isHttps, redact }, request, new AbortController().signal);
    },
  };
}

/** A Mesos agent with this file. */
function fileOf(text: string): (asked: Asked) => Response {
  return ({ url: { searchParams } }) => {
    const offset = Number(searchParams.get("offset"));
    const bytes = new TextEncoder().encode(text);
    const data = new TextDecoder().decode(bytes.subarray(offset, offset + Number(searchParams.get("length"))));
    return Response.json(offset === -1 ? { data: "", offset: bytes.length } : { data, offset });
  };
}

Deno.test("the end of the file is read from its size, at the path of the executor", async () => {
  const { read, asked } = bench(fileOf(`${"x".repeat(20_000)}\nlast but one\nlast\n`));
  const answer = await read();
  assertEquals(asked.map(({ url }) => url.host), ["h1:5051", "h1:5051"]);
  assertEquals(asked[0]?.url.searchParams.get("path"), "/frameworks/f-1/executors/gocd-1/runs/latest/stderr");
  assertEquals(asked[1]?.url.searchParams.get("offset"), String(20_019 - 16_384 + 1 - 1));
  assertEquals(asked.map(({ authorization }) => authorization), [null, null]);
  if (answer.kind !== "read") throw new Error(answer.kind);
  assertEquals(answer.text.length, 2_001);
  assertStringIncludes(answer.text, "x\nlast but one\nlast");
});

Deno.test("the text contains no secrets, control characters or empty lines, and at most twenty lines", async () => {
  const lines = Array.from({ length: 30 }, (_, index) => `line ${index}`);
  const { read } = bench(fileOf(`${lines.join("\r\n")}\n\n\u001b[31mkey right-key\u202e\u0007\t.\n`));
  const answer = await read();
  const text = answer.kind === "read" ? answer.text : "";
  assertEquals(text.split("\n").length, 20);
  assertEquals(text.split("\n").at(-1), "[31mkey *** .");
});

Deno.test("an empty file is read in one request", async () => {
  const { read, asked } = bench(fileOf(""));
  assertEquals(await read(), { kind: "read", text: "" });
  assertEquals(asked.length, 1);
});

Deno.test("only allowed hosts are queried, by name or address, and with https if the masters use it", async () => {
  const { read, asked } = bench(fileOf("a"));
  assertEquals(await read({ hosts: ["other"] }), { kind: "not-allowed", host: "h1:5051" });
  assertEquals(await read({ hosts: ["h1:5052"] }), { kind: "not-allowed", host: "h1:5051" });
  assertEquals(asked, []);
  assertEquals(await read({ hosts: ["10.0.0.0/8"], isHttps: true }), { kind: "read", text: "a" });
  assertEquals(asked[0]?.url.origin, "https://10.0.0.7:5051");
});

Deno.test("the login is sent only to an agent that requires it", async () => {
  const { read, asked } = bench((one) =>
    one.authorization === null ? new Response("401 Unauthorized.", { status: 401 }) : fileOf("a")(one)
  );
  assertEquals(await read(), { kind: "read", text: "a" });
  assertEquals(asked.map(({ authorization }) => authorization !== null), [false, true, false, true]);
});

const refusals: readonly (readonly [status: number, body: string, says: string])[] = [
  [401, "", "h1:5051 requires a login (401)"],
  [403, "", "ACL access_sandboxes"],
  [404, "", "older than Mesos 1.5"],
  [500, "hunter2-secret", "answers 500"],
  [200, "<html>", "something other than a part of a file"],
  [200, '{"data":1,"offset":-3}', "something other than a part of a file"],
  [302, "", "answers 302"],
];
for (const [status, body, says] of refusals) {
  Deno.test(`the response ${status} ${JSON.stringify(body)} is reported as: ${says}`, async () => {
    const answer = await bench(() => new Response(body, { status })).read();
    if (answer.kind !== "failed") throw new Error(answer.kind);
    assertStringIncludes(answer.message, says);
    assertEquals(answer.message.includes("hunter2"), false);
  });
}

Deno.test("an unreachable agent is a failure, and an agent without permission is reported as not allowed", async () => {
  const refused = await bench(() => Promise.reject(new TypeError("error sending request: Connection refused"))).read();
  assertEquals(refused.kind, "failed");
  const barred = await bench(() => Promise.reject(new Deno.errors.NotCapable("Requires net access to h1:5051"))).read();
  assertEquals(barred, { kind: "not-allowed", host: "h1:5051" });
});

Deno.test("a response above the limit is a failure", async () => {
  const huge = JSON.stringify({ data: "y".repeat(200_000), offset: 1 });
  const answer = await bench(() => new Response(huge)).read();
  assertEquals(answer.kind, "failed");
});

function simulated(options: Partial<Parameters<typeof createSimMesos>[0]> = {}): SimMesos {
  const mesosAgents = [{ hostname: "h1", port: 5051, resources: { cpus: 4, mem: 4_096 } }];
  return createSimMesos({ random: seededRandom(1), mesosAgents, ...options });
}

const simRefusals: readonly (readonly [path: string, status: number, body: string])[] = [
  ["/files/read", 400, "Expecting 'path=value' in query.\n"],
  ["/files/read?path=/x&offset=-2", 400, "Negative offset provided: -2.\n"],
  ["/files/read?path=/x&length=z", 400, "Failed to parse length: Failed to convert 'z' to number.\n"],
  ["/files/read?path=/frameworks/f/executors/t/runs/latest/stderr", 404, ""],
  ["/state", 404, ""],
];
for (const [path, status, body] of simRefusals) {
  Deno.test(`the simulated agent answers ${path} with ${status} like a real one`, () => {
    const answer = simulated().mesosAgentRequest(5051, { method: "GET", path, headers: {}, call: {} }, 0);
    assertEquals([answer.status, answer.body], [status, body]);
  });
}

Deno.test("the simulated agent requires a login in its own realm, and an ACL can forbid the sandbox", () => {
  const path = "/files/read?path=/x";
  const asked = { method: "GET", path, headers: {}, call: {} };
  const locked = simulated({ credentials: [{ principal: "p", secret: "s" }] }).mesosAgentRequest(5051, asked, 0);
  assertEquals([locked.status, locked.headers["www-authenticate"]], [401, 'Basic realm="mesos-agent-readonly"']);
  assertEquals(simulated({ mesosAgentFiles: "forbidden" }).mesosAgentRequest(5051, asked, 0).status, 403);
});
