// Jobs of elastic profiles, which the feed does not distinguish, found through the usages API of the simulated servers.

import { serverAt } from "../support/addresses.ts";
import { assertEquals, assertStringIncludes } from "@std/assert";
import type { GocdPoll } from "../../src/gocd/api.ts";
import { usagesAgainMs, usagesFreshMs } from "../../src/gocd/elastic.ts";
import { createHttpGocdApi, type HttpGocdApi } from "../../src/gocd/http_api.ts";
import type { SimGocd } from "../../src/sim/gocd/sim_gocd.ts";
import { basic, job, server, users } from "../sim/gocd_support.ts";
import { simFetch, simUrl } from "../support/sim_fetch.ts";
import { connection, json } from "./fake_gocd.ts";

const signal = new AbortController().signal;

interface Asked {
  readonly api: HttpGocdApi;
  readonly paths: string[];
}

function asked(model: SimGocd, headers: Record<string, string> = {}): Asked {
  const paths: string[] = [];
  const plain = simFetch(model);
  const fetch: typeof globalThis.fetch = (input, init) => {
    const path = new URL(String(input)).pathname.replace("/go", "");
    if (path.includes("elastic")) paths.push(path);
    return plain(input, { ...init, headers: { ...init?.headers as Record<string, string>, ...headers } });
  };
  return {
    api: createHttpGocdApi({ ...connection, url: serverAt(simUrl) }, { fetch, nowMs: () => model.nowMs }),
    paths,
  };
}

function profiles({ jobs }: GocdPoll): Record<string, string | undefined> {
  return Object.fromEntries(jobs.map((each) => [each.locator.split("/")[0], each.elasticProfile]));
}

const codes = (poll: GocdPoll): string[] => poll.findings.map((finding) => finding.code);

for (const version of ["19.1.0", "19.2.0", "19.3.0", "19.8.0", "20.8.0", "26.1.0"]) {
  Deno.test(`on GoCD ${version} jobs with an elastic profile are distinguished from jobs without resources`, async () => {
    const model = server(version);
    job(model, "plugin", { elasticProfile: "k8s 1/2" });
    job(model, "many", { elasticProfile: "docker", job: "unit-runInstance-3" });
    job(model, "plain");
    job(model, "linux", { gocdResources: ["linux"] });
    const poll = await asked(model).api.poll(signal);
    assertEquals(profiles(poll), { plugin: "k8s 1/2", many: "docker", plain: undefined, linux: undefined });
    assertEquals(codes(poll), []);
  });
}

for (const version of ["16.11.0", "17.1.0", "18.10.0", "18.12.0"]) {
  Deno.test(`on GoCD ${version}, which has no usages API, a finding with a hint is reported if elastic profiles exist`, async () => {
    const model = server(version);
    job(model, "plain");
    const { api } = asked(model);
    assertEquals(codes(await api.poll(signal)), []);
    model.advance(usagesFreshMs);
    job(model, "plugin", { elasticProfile: "k8s" });
    const poll = await api.poll(signal);
    assertEquals(profiles(poll), { plain: undefined, plugin: undefined });
    assertEquals(codes(poll), ["gocd-elastic-untold"]);
    assertStringIncludes(poll.findings[0]?.hint ?? "", "poller.ignore");
  });
}

for (const version of ["16.8.0", "16.10.0"]) {
  Deno.test(`on GoCD ${version}, which has no list of elastic profiles, a finding is reported if an elastic agent exists`, async () => {
    const model = server(version);
    job(model, "linux", { gocdResources: ["linux"] });
    model.addAgent({ uuid: "u1", hostname: "pod", elastic: { agentId: "pod", pluginId: "docker" } });
    const { api, paths } = asked(model);
    assertEquals(codes(await api.poll(signal)), []);
    job(model, "plain");
    const poll = await api.poll(signal);
    assertEquals(codes(poll), ["gocd-elastic-untold"]);
    assertEquals(poll.jobs.length, 2, "the poll is good all the same");
    assertEquals(paths, []);
  });
}

for (const version of ["15.2.0", "16.6.0", "16.8.0", "16.10.0"]) {
  Deno.test(`elastic profiles are never requested from GoCD ${version}`, async () => {
    const model = server(version);
    job(model, "plain");
    const { api, paths } = asked(model);
    assertEquals(codes(await api.poll(signal)), []);
    assertEquals(paths, []);
  });
}

Deno.test("elastic profiles are requested only while jobs without resources wait", async () => {
  const model = server("26.1.0");
  job(model, "linux", { gocdResources: ["linux"] });
  const { api, paths } = asked(model);
  await api.poll(signal);
  assertEquals(paths, []);
});

Deno.test("usages are read again after ten minutes, or for an unknown job, and at most once a minute", async () => {
  const model = server("26.1.0");
  job(model, "plain");
  const { api, paths } = asked(model);
  const readings = async (): Promise<number> => {
    await api.poll(signal);
    return paths.filter((path) => path === "/api/elastic/profiles").length;
  };
  assertEquals(await readings(), 1);
  job(model, "plugin", { elasticProfile: "k8s" });
  model.advance(usagesAgainMs - 1);
  assertEquals(await readings(), 1);
  model.advance(usagesAgainMs);
  assertEquals(await readings(), 2);
  assertEquals(profiles(await api.poll(signal)), { plain: undefined, plugin: "k8s" });
  model.advance(usagesAgainMs * 3);
  assertEquals(await readings(), 2);
  model.advance(usagesAgainMs + usagesFreshMs);
  assertEquals(await readings(), 3);
});

Deno.test("an account that may not view elastic profiles is reported as a finding, and the poll succeeds", async () => {
  const model = server("26.1.0", { security: { ...users, users: [{ ...users.users[1], views: ["plain"] }] } });
  job(model, "plain");
  const { api } = asked(model, basic("guest", "guest"));
  const poll = await api.poll(signal);
  assertEquals(codes(poll), ["gocd-too-few-rights", "gocd-elastic-untold"]);
  assertEquals(poll.jobs.length, 1);
});

/** A server of 26.2 that answers as recorded where these paths are asked for. */
function answering(model: SimGocd, answers: Record<string, () => Response>): HttpGocdApi {
  const plain = simFetch(model);
  return createHttpGocdApi({ ...connection, url: serverAt(simUrl) }, {
    fetch: (input, init) => {
      const found = Object.entries(answers).find(([part]) => String(input).includes(part));
      return found === undefined ? plain(input, init) : Promise.resolve(found[1]());
    },
    nowMs: () => model.nowMs,
  });
}

const forbidden = (): Response => json(403, { message: "You are not authorized to access this resource!" });
const list = (...ids: readonly string[]) => (): Response =>
  json(200, { _embedded: { profiles: ids.map((id) => ({ id })) } });

for (const ids of [[], ["k8s"]] as const) {
  Deno.test(`a list of ${ids.length} elastic profiles read without administrator rights is treated as incomplete`, async () => {
    const model = server("26.1.0");
    job(model, "plain");
    const answers = { "/usages": () => json(200, []), "elastic/profiles": list(...ids) };
    const api = answering(model, { ...answers, "maintenance_mode": forbidden });
    const poll = await api.poll(signal);
    assertEquals(codes(poll), ["gocd-too-few-rights", "gocd-elastic-untold"]);
    assertStringIncludes(poll.findings[1]?.message ?? "", "the account is not an administrator");
    assertEquals(codes(await answering(model, answers).poll(signal)), [], "for an administrator it is");
  });
}

Deno.test("an elastic profile whose usages GoCD 26.2 answers with 422 is ignored", async () => {
  const model = server("26.1.0");
  job(model, "plain");
  const message = 'Cannot invoke "com.thoughtworks.go.config.elastic.ElasticProfile.getId()" because "profile" is null';
  const usages = (): Response => json(422, { message });
  const poll = await answering(model, { "/usages": usages, "elastic/profiles": list("gone") }).poll(signal);
  assertEquals(codes(poll), []);
});

Deno.test("known elastic jobs are kept after a failed read, which is reported as a finding", async () => {
  const model = server("26.1.0");
  job(model, "plugin", { elasticProfile: "k8s" });
  const { api } = asked(model);
  await api.poll(signal);
  const faults = [
    { kind: "login-page", style: "html-200" },
    { kind: "status", status: 500 },
    { kind: "truncated" },
    { kind: "cut" },
    { kind: "refused" },
  ] as const;
  for (const fault of faults) {
    model.advance(model.nowMs + usagesFreshMs);
    model.inject(fault, 1, "elastic");
    const poll = await api.poll(signal);
    assertEquals(profiles(poll), { plugin: "k8s" });
    assertEquals(codes(poll).includes("gocd-elastic-untold"), true, fault.kind);
  }
  model.advance(model.nowMs + usagesFreshMs);
  assertEquals(codes(await api.poll(signal)).includes("gocd-elastic-untold"), false);
});
