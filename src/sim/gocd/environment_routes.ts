// GET `/api/admin/environments` (16.7 on) by version: media types, permissions, format (GoCD EnvironmentsController).

import { askedVersion, vendorType } from "./accept.ts";
import { type Caller, isAdmin } from "./access.ts";
import { answer, baseUrl, jsonText, type SimRequest, type SimResponse, withEtag } from "./http_message.ts";
import type { GocdWorld } from "./state.ts";

/** The environments of the configuration with their pipelines; up to 19.8 also with their agents. */
export function environmentsAnswer(world: GocdWorld, request: SimRequest, caller: Caller): SimResponse {
  const { rules } = world;
  const version = askedVersion(world, request, { served: rules.environmentsApi, isSpark: rules.environmentsOnSpark });
  if (typeof version !== "string") return version;
  // The model has no policies: callers who are not administrators see none.
  const shown = isAdmin(caller) ? [...world.environments.values()] : [];
  const self = `${baseUrl(world, request)}/api/admin/environments`;
  const doc = { href: `${rules.policies ? "https://api.gocd.org/current/" : rules.docUrl}#environment-config` };
  const pipelines = `${baseUrl(world, request)}/api/pipelines`;
  const environments = shown.map(({ name }) => ({
    _links: { self: { href: `${self}/${name}` }, doc, find: { href: `${self}/:name` } },
    name,
    pipelines: pipelinesIn(world, name).map((pipeline) => ({
      _links: {
        self: { href: `${pipelines}/${pipeline}/history` },
        doc: { href: doc.href.replace("environment-config", "pipelines") },
        find: { href: "/api/admin/pipelines/:pipeline_name" },
      },
      name: pipeline,
    })),
    ...(version === "v3" ? {} : { agents: agentsIn(world, name).map((uuid) => ({ uuid })) }),
    "environment_variables": [{ name: "DEPLOY_TARGET", secure: false, value: `host of ${name}` }],
  }));
  const body = { _links: { self: { href: self }, doc }, _embedded: { environments } };
  const full = answer(200, vendorType(version), jsonText(body));
  return rules.environmentsOnSpark ? withEtag(request, full) : full;
}

function pipelinesIn(world: GocdWorld, environment: string): readonly string[] {
  const folded = environment.toLowerCase();
  return [...world.pipelineEnvironments].filter(([, name]) => name.toLowerCase() === folded).map(([name]) => name);
}

function agentsIn(world: GocdWorld, environment: string): readonly string[] {
  const folded = environment.toLowerCase();
  return [...world.agents.values()]
    .filter(({ environments }) => environments.some((name) => name.toLowerCase() === folded))
    .map(({ uuid }) => uuid);
}
