// Enables, disables and deletes agents as each release requires. Responses are ignored: a changed record is returned
// with an invalid runtime state (GoCD AgentService.updateAgentAttributes), so only a GET counts.

import { invalidRegistration } from "../core/names.ts";
import { registrationProblemText } from "../core/words/names.ts";
import { GocdError, type GocdRights } from "./api.ts";
import type { WrittenRegistration } from "./registration.ts";
import type { GocdRequest, Requester } from "./request.ts";
import type { AgentsForm } from "./versions.ts";

/** The parameters of writes to one server. */
export interface WriteRoute {
  /** Sends the requests. */
  readonly requester: Requester;
  /** The agents API to write with. */
  readonly form: AgentsForm;
  /** Whether the server supports lists of agents. */
  readonly bulk: boolean;
  /** Aborts. */
  readonly signal: AbortSignal;
}

/** Maximum number of agents changed by one request, because a request may rewrite the configuration. */
const bulkMax = 100;

/** Enables one agent; throws {@linkcode GocdError}, for an invalid name before anything is sent. */
export async function enable(
  route: WriteRoute,
  uuid: string,
  registration: WrittenRegistration | undefined,
): Promise<void> {
  refuseBadNames(registration);
  const resources = registration === undefined ? {} : {
    ...(registration.hostname === undefined ? {} : { hostname: registration.hostname }),
    resources: registration.gocdResources,
  };
  // The v1 API supports neither agent_config_state nor environments.
  const body = route.form.shape === "v1" || route.form.shape === "legacy" ? { enabled: true, ...resources } : {
    agent_config_state: "Enabled",
    ...resources,
    ...(registration === undefined
      ? {}
      : { environments: registration.environment === undefined ? [] : [registration.environment] }),
  };
  await send(route, { method: "PATCH", path: pathOf(uuid), body });
}

/**
 * Disables agents; those that are gone count as done. Even a single one is sent as a list: up to 19.8 only that accepts
 * a Pending record (GoCD 19.8 AgentsEntityConfigUpdateCommand). Up to 16.6 only POST …/disable of the web UI would; it
 * is not used, because it would make a record permanent that gets no work, cannot be deleted and would disappear on its
 * own. The refusal is reported.
 */
export async function disable(route: WriteRoute, uuids: readonly string[]): Promise<void> {
  const body = route.form.shape === "v1" || route.form.shape === "legacy"
    ? { enabled: false }
    : { agent_config_state: "Disabled" };
  await inBulk(route, uuids, {
    many: (list) => ({
      method: "PATCH",
      path: "/api/agents",
      body: { uuids: list, agent_config_state: "Disabled", operations: noOperations },
    }),
    concernsList: mayConcernAgents,
    manyMin: 1,
    one: (uuid) => ({ method: "PATCH", path: pathOf(uuid), body }),
  });
}

/** Deletes agents; those that are gone count as done. Throws a `conflict` if one is not disabled or still builds. */
export async function deleteAgents(route: WriteRoute, uuids: readonly string[]): Promise<void> {
  await inBulk(route, uuids, {
    many: (list) => ({ method: "DELETE", path: "/api/agents", body: { uuids: list } }),
    // A load balancer may reject a DELETE with a body.
    concernsList: (error) => mayConcernAgents(error) || error.problem.code === "gocd-blocked",
    manyMin: 2,
    one: (uuid) => ({ method: "DELETE", path: pathOf(uuid) }),
  });
}

/**
 * Whether the account may change agents: a request that changes no agent is rejected as empty (GoCD 26.2: 422) only if
 * the account has the permission, otherwise it is refused earlier (403, up to 18.5 401).
 */
export async function mayChange(route: WriteRoute): Promise<GocdRights> {
  if (!route.bulk) {
    return { admin: "unknown", detail: "GoCD before 16.7 has no request that changes no agent, which would show it" };
  }
  const body = { uuids: [], "agent_config_state": "Disabled", operations: noOperations };
  const may: GocdRights = { admin: "yes", detail: "the account was allowed a change of no agent" };
  try {
    await send(route, { method: "PATCH", path: "/api/agents", body });
    return may;
  } catch (error) {
    if (!(error instanceof GocdError)) throw error;
    if (concernsAgents(error)) return may;
    const { code, kind, message } = error.problem;
    if (code === "gocd-forbidden") return { admin: "no", detail: message };
    if (kind === "maintenance") return { admin: "unknown", detail: "in maintenance mode every change is refused" };
    throw error;
  }
}

const noOperations = {
  resources: { add: [], remove: [] },
  environments: { add: [], remove: [] },
} as const;

type Write = Omit<GocdRequest, "accept">;

interface WriteForms {
  many(uuids: readonly string[]): Write;
  /** Whether agents may be changed individually although the list was refused. */
  readonly concernsList: (error: GocdError) => boolean;
  /** From this many agents on, a list is used. */
  readonly manyMin: number;
  one(uuid: string): Write;
}

async function inBulk(route: WriteRoute, uuids: readonly string[], forms: WriteForms): Promise<void> {
  const unique = [...new Set(uuids)];
  const size = route.bulk ? bulkMax : 1;
  const refused: GocdError[] = [];
  for (let from = 0; from < unique.length; from += size) {
    const list = unique.slice(from, from + size);
    const isList = route.bulk && list.length >= forms.manyMin;
    const failure = isList ? await attempt(route, forms.many(list), forms.concernsList) : noBulkRequest;
    if (failure !== undefined) {
      // The server does all or nothing: one unknown or building agent must not block the others.
      refused.push(...await oneByOne(route, list, forms));
    }
  }
  const [first] = refused;
  if (first !== undefined) {
    const more = refused.length > 1 ? ` (and ${refused.length - 1} more of ${unique.length} agents were refused)` : "";
    throw new GocdError({ ...first.problem, message: first.problem.message + more }, first);
  }
}

/** Stands for "no bulk request was made". */
const noBulkRequest = Symbol("no bulk request");

/** After this many records for which the server fails, the others are not tried. */
const failuresMax = 2;

async function oneByOne(route: WriteRoute, uuids: readonly string[], forms: WriteForms): Promise<readonly GocdError[]> {
  const refused: GocdError[] = [];
  let failed = 0;
  for (const uuid of uuids) {
    const failure = await attempt(route, forms.one(uuid), mayConcernAgents);
    if (failure === undefined || failure.problem.code === "gocd-agent-missing") continue;
    refused.push(failure);
    // The server fails whatever it is asked.
    if (!concernsAgents(failure) && ++failed >= failuresMax) throw failure;
  }
  return refused;
}

/** Sends a request; returns errors about the request, throws errors about the server. */
async function attempt(
  route: WriteRoute,
  write: Write,
  concerns: (error: GocdError) => boolean,
): Promise<GocdError | undefined> {
  try {
    await send(route, write);
    return undefined;
  } catch (error) {
    if (error instanceof GocdError && concerns(error)) return error;
    throw error;
  }
}

function concernsAgents({ problem }: GocdError): boolean {
  return problem.kind === "conflict" || problem.code === "gocd-agent-missing" || problem.code === "gocd-bad-request";
}

/** GoCD itself fails: because of all that it was asked, or of one record. */
function mayConcernAgents(error: GocdError): boolean {
  return concernsAgents(error) || error.refusal?.status === 500 && error.refusal.isOwn;
}

async function send(route: WriteRoute, write: Write): Promise<void> {
  await route.requester.exchange({ ...write, accept: route.form.accept }, route.signal, async (answer) => {
    await answer.text();
  });
}

function pathOf(uuid: string): string {
  return `/api/agents/${encodeURIComponent(uuid)}`;
}

function refuseBadNames(registration: WrittenRegistration | undefined): void {
  if (registration === undefined) return;
  const problem = invalidRegistration(registration.gocdResources, registration.environment);
  if (problem !== undefined) {
    throw new GocdError({
      code: "gocd-invalid",
      kind: "conflict",
      message: `an agent was not enabled: ${registrationProblemText(problem)}`,
      hint: "correct go-agent.resources or go-agent.environments (or those of the profile)",
    });
  }
}
