// Helpers of the tests of the simulated GoCD server: a short way to ask it, and to start agents. Not a test itself.

import type { SimGocdOptions } from "../../src/sim/gocd/sim_gocd.ts";
import { createSimGocd, type SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import type { SimResponse } from "../../src/sim/gocd/http_message.ts";

/** A second, a minute. */
export const second = 1000;
export const minute = 60 * second;

/** The key that the simulated server takes. */
export const key = "right-key";

/** A server with the key, at time 0. */
export function server(version: string, options: Partial<SimGocdOptions> = {}): SimGocd {
  return createSimGocd({ version, nowMs: 0, autoRegisterKey: key, ...options });
}

/** A user with everything, and one with little. */
export const users = {
  kind: "on",
  users: [
    { name: "root", password: "sesame", token: "tok-1", admin: true },
    { name: "guest", password: "guest", token: "tok-2", admin: false, views: ["open"] },
  ],
} as const;

/** Basic credentials. */
export function basic(name: string, password: string): Record<string, string> {
  return { authorization: `Basic ${btoa(`${name}:${password}`)}` };
}

/** One request at the model's present time. */
export function ask(
  model: SimGocd,
  line: string,
  headers: Record<string, string> = {},
  body?: unknown,
): SimResponse {
  const [method = "GET", path = "/"] = line.split(" ");
  const json: Record<string, string> = body === undefined ? {} : { "content-type": "application/json" };
  const text = body === undefined ? "" : typeof body === "string" ? body : JSON.stringify(body);
  return model.handle({ method, path, headers: { host: "test.host", ...json, ...headers }, body: text }, model.nowMs);
}

/** The Accept that the server's release takes for agents. */
export function acceptOf(version: string): string {
  if (version === "15.2.0") return "application/vnd.go.cd.v1+json";
  if (version === "16.6.0") return "application/vnd.go.cd.v2+json";
  return version === "18.10.0" ? "application/vnd.go.cd.v4+json" : "application/vnd.go.cd+json";
}

/** The JSON of a body, to be looked into freely. */
// deno-lint-ignore no-explicit-any
export function json(response: SimResponse): any {
  return JSON.parse(response.body);
}

/** Starts a container of a modern image. */
export function launch(
  model: SimGocd,
  hostname: string,
  options: { env?: Record<string, string>; key?: string; resources?: string; environments?: string; uuid?: string } =
    {},
): void {
  model.agentStarted({
    hostname,
    uuid: options.uuid ?? `uuid-of-${hostname}`,
    nowMs: model.nowMs,
    env: {
      GO_SERVER_URL: "http://gocd:8153/go",
      AGENT_AUTO_REGISTER_KEY: options.key ?? key,
      AGENT_AUTO_REGISTER_RESOURCES: options.resources ?? "",
      AGENT_AUTO_REGISTER_ENVIRONMENTS: options.environments ?? "",
      AGENT_AUTO_REGISTER_HOSTNAME: `shown-${hostname}`,
      ...options.env,
    },
  });
}

/** Runs the model on for some time. */
export function run(model: SimGocd, forMs: number): void {
  model.advance(model.nowMs + forMs);
}

/** Advances in steps until the condition holds; throws after an hour of virtual time. */
export function runUntil(model: SimGocd, condition: () => boolean, stepMs = 100): void {
  const limitMs = model.nowMs + 60 * minute;
  while (!condition()) {
    if (model.nowMs >= limitMs) throw new Error("the condition did not hold within an hour");
    run(model, stepMs);
  }
}

/** A simple job. */
export function job(model: SimGocd, pipeline: string, options: Record<string, unknown> = {}): string {
  return model.schedule({
    pipeline,
    stage: "stage",
    job: "job",
    gocdResources: [],
    durationMs: minute,
    ...options,
  });
}

/** The record of an agent. */
export function record(model: SimGocd, hostname: string): ReturnType<SimGocd["agents"]>[number] {
  const found = model.agents().find((gocdAgent) => gocdAgent.uuid === `uuid-of-${hostname}`);
  if (found === undefined) throw new Error(`no record of ${hostname}`);
  return found;
}

/** Whether there is a record of an agent. */
export function hasRecord(model: SimGocd, hostname: string): boolean {
  return model.agents().some((gocdAgent) => gocdAgent.uuid === `uuid-of-${hostname}`);
}

/** Sets an agent's configured state over the API of 18.11 and later. */
export function patch(model: SimGocd, hostname: string, body: unknown): SimResponse {
  const accept = model.version >= "18.11" ? acceptOf("26.1.0") : acceptOf("18.10.0");
  return ask(model, `PATCH /go/api/agents/uuid-of-${hostname}`, { accept }, body);
}

/** Deletes an agent over the API. */
export function remove(model: SimGocd, hostname: string): SimResponse {
  const accept = model.version >= "18.11" ? acceptOf("26.1.0") : acceptOf("18.10.0");
  return ask(model, `DELETE /go/api/agents/uuid-of-${hostname}`, { accept });
}
