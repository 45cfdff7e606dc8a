// A strict GoCD server of one version as a fetch function: it serves only the paths and media types of that release
// (written down independently of versions.ts, so that a mistake there shows).

import { serverAt } from "../support/addresses.ts";
import type { GocdConnection } from "../../src/gocd/api.ts";

/** A request as the server saw it. */
export interface SeenRequest {
  readonly method: string;
  readonly path: string;
  readonly accept: string;
  readonly headers: Headers;
  readonly body: unknown;
}

/** A record of the fake server, in words of agents v2 and later. */
export interface FakeAgent {
  readonly uuid: string;
  config: string;
  readonly state: string;
  readonly elastic?: boolean;
}

/** What to answer instead, by "METHOD path". */
export type Override = (request: SeenRequest) => Response | undefined;

/** A fake server and what it saw. */
export interface FakeGocd {
  readonly fetch: typeof fetch;
  /** The same for a server on a socket. */
  readonly handle: (request: Request) => Promise<Response>;
  readonly seen: SeenRequest[];
  readonly agents: FakeAgent[];
  version: string;
  override: Override;
}

export const connection: GocdConnection = {
  url: serverAt("http://gocd.test:8153/go"),
  credentials: { kind: "none" },
  caCerts: [],
  insecure: false,
  timeoutMs: 30_000,
};

export const feedXml = `<?xml version="1.0" encoding="UTF-8"?>
<scheduledJobs><job name="compile" id="6"><link rel="self" href="http://x/y"/><buildLocator>p/5/s/1/compile</buildLocator><environment>prod</environment><resources><resource><![CDATA[linux]]></resource></resources></job></scheduledJobs>`;

export function json(status: number, body: unknown, headers: Record<string, string> = {}): Response {
  return new Response(JSON.stringify(body), {
    status,
    headers: { "content-type": "application/vnd.go.cd.v1+json; charset=utf-8", ...headers },
  });
}

export function releaseOf(version: string): number {
  const [major = 0, minor = 0] = version.split(".").map(Number);
  return major * 100 + minor;
}

const agentsTypes: readonly (readonly [accept: string, from: number, to: number])[] = [
  ["application/vnd.go.cd.v1+json", 1502, 1606],
  ["application/vnd.go.cd.v2+json", 1503, 1612],
  ["application/vnd.go.cd.v3+json", 1608, 1612],
  ["application/vnd.go.cd.v4+json", 1610, 1908],
  ["application/vnd.go.cd.v5+json", 1903, 1908],
  ["application/vnd.go.cd.v6+json", 1909, 2007],
  ["application/vnd.go.cd.v7+json", 2005, 2601],
  ["application/vnd.go.cd+json", 1908, 2601],
  ["application/json", 1502, 1606],
];

export function fakeGocd(version: string, agents: FakeAgent[] = []): FakeGocd {
  const fake: FakeGocd = {
    version,
    agents,
    seen: [],
    override: () => undefined,
    fetch: async (input, init): Promise<Response> => {
      init?.signal?.throwIfAborted();
      return await fake.handle(new Request(input as string, { ...init, signal: null }));
    },
    handle: async (request): Promise<Response> => {
      const text = await request.text();
      const seen: SeenRequest = {
        method: request.method,
        path: new URL(request.url).pathname.replace(/^\/go/, ""),
        accept: request.headers.get("accept") ?? "",
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text),
      };
      fake.seen.push(seen);
      return fake.override(seen) ?? answer(fake, seen);
    },
  };
  return fake;
}

function answer(fake: FakeGocd, request: SeenRequest): Response {
  const release = releaseOf(fake.version);
  const missing = release >= 1802
    ? new Response("The url you are trying to reach appears to be incorrect.", {
      status: 404,
      headers: { "content-type": "text/plain" },
    })
    : json(404, {
      message: "Either the resource you requested was not found, or you are not authorized to perform this action.",
    });
  const isV1 = request.accept === "application/vnd.go.cd.v1+json";
  switch (request.path) {
    case "/api/version":
      return release >= 1606 && isV1 ? json(200, { version: fake.version }) : missing;
    case "/api/jobs/scheduled.xml":
      return release <= 2008 ? xml(feedXml) : missing;
    case "/api/feed/jobs/scheduled.xml":
      return release >= 2001 && request.accept === "application/xml" ? xml(feedXml) : missing;
    case "/api/admin/drain_mode/info":
      return release === 1812 && isV1 ? json(200, { _embedded: { is_drain_mode: false } }) : missing;
    case "/api/admin/maintenance_mode/info":
      return release >= 1901 && isV1 ? json(200, { is_maintenance_mode: false, metadata: {} }) : missing;
    case "/api/server_health_messages":
      return release >= 1802 && isV1 ? json(200, []) : missing;
    default:
      return agentsAnswer(fake, request, release) ?? missing;
  }
}

function xml(text: string): Response {
  return new Response(text, { headers: { "content-type": "application/xml; charset=utf-8" } });
}

function agentsAnswer(fake: FakeGocd, request: SeenRequest, release: number): Response | undefined {
  const type = agentsTypes.find(([accept, from, to]) => accept === request.accept && release >= from && release <= to);
  if (type === undefined || !request.path.startsWith("/api/agents")) return undefined;
  const isList = request.path === "/api/agents";
  if (request.method === "GET" && isList) return list(fake, request.accept, release);
  const isBulk = isList && release >= 1607;
  if (isList && !isBulk) return undefined;
  if (request.body !== undefined && request.headers.get("content-type") !== "application/json") {
    return json(415, { message: "You must specify a 'Content-Type' of 'application/json'" });
  }
  const body = (request.body ?? {}) as Record<string, unknown>;
  const uuids = isBulk ? body["uuids"] as string[] : [decodeURIComponent(request.path.slice("/api/agents/".length))];
  return change(fake, { method: request.method, uuids, body, release, isBulk, isV1: /v1\+json/.test(request.accept) });
}

interface Change {
  readonly method: string;
  readonly uuids: readonly string[];
  readonly body: Record<string, unknown>;
  readonly release: number;
  readonly isBulk: boolean;
  readonly isV1: boolean;
}

function change(fake: FakeGocd, { method, uuids, body, release, isBulk, isV1 }: Change): Response {
  const found = fake.agents.filter((agent) => uuids.includes(agent.uuid));
  if (found.length < uuids.length) {
    const unknown = uuids.find((uuid) => !found.some((agent) => agent.uuid === uuid));
    return json(404, { message: `Agent with uuid '${unknown}' was not found!` });
  }
  if (method === "DELETE") {
    if (found.some((agent) => agent.config !== "Disabled" || agent.state === "Building")) {
      return json(release >= 1909 ? 422 : 406, {
        message: "Failed to delete an agent, as it is not in a disabled state or is still building.",
      });
    }
    fake.agents.splice(0, fake.agents.length, ...fake.agents.filter((agent) => !uuids.includes(agent.uuid)));
    return json(200, { message: `Deleted ${uuids.length} agent(s).` });
  }
  const wanted = isV1
    ? body["enabled"] === true ? "Enabled" : body["enabled"] === false ? "Disabled" : undefined
    : body["agent_config_state"];
  if (typeof wanted !== "string") {
    return json(400, { message: "Bad Request. No operation is specified in the request to be performed on agent." });
  }
  if (release <= 1908 && !isBulk && wanted === "Disabled" && found.some((agent) => agent.config === "Pending")) {
    return json(400, { message: "Failed to disable: the agent is not in the configuration" });
  }
  for (const agent of found) agent.config = wanted;
  return json(200, { "agent_state": "Missing", "agent_config_state": wanted });
}

function list(fake: FakeGocd, accept: string, release: number): Response {
  const hasObjects = release >= 1903 && !accept.includes("v4");
  const common = { "ip_address": "10.0.0.1", resources: ["linux"] };
  const environments = hasObjects ? [{ name: "prod", origin: { type: "gocd" } }] : ["prod"];
  const entries = fake.agents.map((agent): Record<string, unknown> => {
    const { uuid } = agent;
    const status = agent.config === "Enabled" ? agent.state : agent.config;
    if (accept === "application/json") {
      const locator = agent.state === "Building" ? "/p/1/s/1/j" : "";
      return { uuid, "agent_name": uuid, ...common, environments, status, build_locator: locator };
    }
    if (accept.includes("v1+")) {
      return { uuid, hostname: uuid, ...common, environments, status, enabled: agent.config === "Enabled" };
    }
    return {
      uuid,
      hostname: uuid,
      ...common,
      environments,
      "agent_config_state": agent.config,
      "agent_state": agent.state,
      "build_state": agent.state,
      ...(agent.elastic && !accept.includes("v2") ? { elastic_agent_id: "e", elastic_plugin_id: "p" } : {}),
    };
  });
  return json(200, accept === "application/json" ? entries : { _embedded: { agents: entries } });
}
