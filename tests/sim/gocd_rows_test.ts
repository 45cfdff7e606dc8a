// The simulated GoCD server against a real GoCD 26.2: one request after the other, each with the recorded status,
// headers and body (tests/fixtures/gocd/rows.jsonl).

import { assertEquals } from "@std/assert";
import { startGocdHttp } from "../../src/sim/http/gocd.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { basic, job, key, minute, run, server } from "./gocd_support.ts";

/** A request and what the real server made of it. */
interface Row {
  readonly name: string;
  /** Method and path below `/go`. */
  readonly request: string;
  /** Absent: an administrator. */
  readonly user?: "none" | "viewer" | "wrong" | "wrong token";
  readonly accept?: string;
  /** A body that is no JSON as text. */
  readonly sent?: unknown;
  /** Further headers of the request. */
  readonly with?: Readonly<Record<string, string>>;
  readonly status: number;
  /** Those that matter; the others of `shown` are absent. */
  readonly headers: Readonly<Record<string, string>>;
  /** A text, or of JSON the fields that are no dressing; `…` at the end of a text stands for more. */
  readonly body: unknown;
}

const rows: readonly Row[] = Deno.readTextFileSync(new URL("../fixtures/gocd/rows.jsonl", import.meta.url))
  .trim().split("\n").map((line) => JSON.parse(line));

/** What the simulated server leaves out: it keeps no jobs that have ended, and gocd-mesos asks for none. */
const leftOut = ["job instance"];

const shown = [
  "content-type",
  "cache-control",
  "location",
  "www-authenticate",
  "x-gocd-api-deprecated-in",
  "x-gocd-api-removal-in",
  "x-gocd-api-deprecation-info",
  "warning",
];

const logins: Readonly<Record<string, Record<string, string>>> = {
  admin: basic("admin", "right"),
  viewer: basic("viewer", "right"),
  wrong: basic("admin", "wrong"),
  "wrong token": { authorization: "Bearer wrong" },
  none: {},
};

/** The server as it was set up for the recordings. */
function recordedServer(): SimGocd {
  const model = server("26.2.0", {
    environments: [{ name: "prod-EU", origin: "gocd" }],
    security: {
      kind: "on",
      users: [
        { name: "admin", password: "right", admin: true },
        { name: "viewer", password: "right", admin: false, views: ["plain"] },
      ],
    },
  });
  start(model, "auto-host-a", "e046d51a-05ff-4907-936a-61baa6bd8781", "linux,java 17,Linux", "prod-EU,nowhere");
  start(model, "solo-p", "e57ca2c5-8c7a-4490-b444-07d27cf289a2");
  start(model, "default-14", "5b929f31-7760-414b-8e6a-424884b5bbc8", "", "prod-EU");
  start(model, "default-13", "a398a8a7-f322-4707-b139-4fd696a4d844", "linux", "prod-EU");
  job(model, "envjobs", { stage: "st", environment: "prod-EU" });
  run(model, 3 * minute);
  job(model, "elastic", { stage: "st", job: "pod", elasticProfile: "small-pod" });
  run(model, 11 * minute);
  return model;
}

/** Starts an agent whose connection comes from the server's own host; Pending where it brings no resources. */
function start(model: SimGocd, hostname: string, uuid: string, resources?: string, environments = ""): void {
  const env = {
    GO_SERVER_URL: "http://gocd:8153/go",
    AGENT_AUTO_REGISTER_KEY: resources === undefined ? "guess" : key,
    AGENT_AUTO_REGISTER_RESOURCES: resources ?? "",
    AGENT_AUTO_REGISTER_ENVIRONMENTS: environments,
    AGENT_AUTO_REGISTER_HOSTNAME: hostname,
  };
  model.agentStarted({ hostname, uuid, nowMs: model.nowMs, peerAddress: "127.0.0.1", env });
}

/** The HTTP face without sockets. */
function faceOf(model: SimGocd): (request: Request) => Promise<Response> {
  let face: ((request: Request) => Promise<Response>) | undefined;
  startGocdHttp(model, {
    port: 8153,
    nowMs: () => model.nowMs,
    listen: ({ port }, serve) => {
      face = serve;
      return { port, shutdown: () => Promise.resolve() };
    },
  });
  if (face === undefined) throw new Error("it does not listen");
  return face;
}

function requestOf(row: Row): Request {
  const [method = "", path = ""] = row.request.split(" ");
  const headers = {
    host: "gocd.test:8153",
    ...logins[row.user ?? "admin"],
    ...(row.accept === undefined ? {} : { accept: row.accept }),
    ...(row.sent === undefined ? {} : { "content-type": "application/json" }),
    ...row.with,
  };
  // As bytes: a text would get a content type.
  const text = typeof row.sent === "string" ? row.sent : JSON.stringify(row.sent);
  const body = row.sent === undefined ? null : new TextEncoder().encode(text);
  return new Request(`http://gocd.test:8153/go${path}`, { method, headers, body });
}

/** The part of a value that is told of the recorded one; lists whole. */
function likeRecorded(value: unknown, recorded: unknown): unknown {
  if (typeof recorded === "string" && recorded.endsWith("…") && typeof value === "string") {
    return value.slice(0, recorded.length - 1) + "…";
  }
  if (Array.isArray(recorded) && Array.isArray(value)) {
    return value.map((element, index) => likeRecorded(element, recorded[index]));
  }
  if (!isRecord(recorded) || !isRecord(value)) return value;
  return Object.fromEntries(Object.keys(recorded).map((name) => [name, likeRecorded(value[name], recorded[name])]));
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

Deno.test("the simulated server responds to the requests of the recorded session like GoCD 26.2", async (t) => {
  const face = faceOf(recordedServer());
  for (const row of rows) {
    if (leftOut.includes(row.name)) continue;
    await t.step(`${row.name}: ${row.request}`, async () => {
      const response = await face(requestOf(row));
      const text = await response.text();
      const headers = Object.fromEntries(shown.flatMap((name) => {
        const value = response.headers.get(name);
        return value === null ? [] : [[name, value]];
      }));
      const body = typeof row.body === "string" ? text : likeRecorded(JSON.parse(text), row.body);
      assertEquals({ status: response.status, headers, body }, {
        status: row.status,
        headers: row.headers,
        body: row.body,
      });
      assertEquals(response.headers.get("x-ua-compatible"), "chrome=1");
    });
  }
});
