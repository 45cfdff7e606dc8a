// The GoCD port over HTTP, for releases 15.2 to 26.2.

import type { Finding } from "../core/event.ts";
import type { GocdAgent, GocdServerInfo } from "../core/gocd_records.ts";
import { type AgentsReading, readGocdAgents, withLegacyBuilds } from "./agents.ts";
import {
  type GocdApi,
  type GocdConnection,
  GocdError,
  type GocdPoll,
  type GocdRights,
  type PollQuestions,
} from "./api.ts";
import { createDashboardMemory } from "./dashboard.ts";
import { createElasticMemory, type ElasticMemory } from "./elastic.ts";
import { createEnvironmentsMemory, type EnvironmentsMemory, readEnvironments } from "./environments.ts";
import { firstSupported } from "./first_supported.ts";
import { createHealthMemory, type HealthMemory } from "./health.ts";
import { createJobReader, type JobReader } from "./job_source.ts";
import { maintenanceRequests, readMaintenance } from "./maintenance.ts";
import { createGroupsMemory, type GroupsMemory } from "./pipeline_groups.ts";
import { createDialectMemory, type DialectMemory } from "./probe.ts";
import { createRequester, type Requester, type RequesterOptions } from "./request.ts";
import { type AgentsForm, type GocdDialect, legacyAgentsForm, mediaType, settledDialect } from "./versions.ts";
import { deleteAgents, disable, enable, mayChange, type WriteRoute } from "./writes.ts";

/** A GoCD server over HTTP. */
export interface HttpGocdApi extends GocdApi {
  /** The names of all environments, for an administrator; nothing if they cannot be read. */
  environments(signal: AbortSignal): Promise<readonly string[] | undefined>;
  /** The time of the server's clock, ms, in whole seconds; nothing if it sends none, or is older than 16.6. */
  clockMs(signal: AbortSignal): Promise<number | undefined>;
  /** Whether the account may change agents, by a change of no agent. */
  mayChange(signal: AbortSignal): Promise<GocdRights>;
  /** Releases the client for custom certificate authorities; no requests may follow. */
  close(): void;
}

/**
 * Creates the client of one server. Nothing is sent before the first call. `options.fetch` is Deno's by default
 * (which honours HTTP_PROXY, HTTPS_PROXY and NO_PROXY); `options.nowMs` gives the time in ms since the epoch.
 */
export function createHttpGocdApi(connection: GocdConnection, options: RequesterOptions): HttpGocdApi {
  const requester = createRequester(connection, options);
  const dashboards = createDashboardMemory(requester);
  const server: Server = {
    connection,
    nowMs: options.nowMs,
    requester,
    waiting: createJobReader(connection, { requester, dashboards }, options.nowMs),
    groups: createGroupsMemory(dashboards, options.nowMs),
    dialects: createDialectMemory(requester, options.nowMs),
    profiles: createElasticMemory(requester, options.nowMs),
    environments: createEnvironmentsMemory(requester, options.nowMs),
    health: createHealthMemory(requester),
    remarks: new Map(),
    elastic: new Set(),
  };
  return {
    async poll(signal, questions = {}): Promise<GocdPoll> {
      try {
        return await server.waiting.poll(() =>
          server.dialects.use(signal, (dialect) => poll(server, { dialect, questions }, signal))
        );
      } catch (error) {
        server.dialects.doubt();
        throw error;
      }
    },
    readAgents: (signal) =>
      server.dialects.use(signal, async (dialect) => (await readAgents(server, dialect, signal)).agents),
    async enableAgent(uuid, registration, signal): Promise<void> {
      refuseElastic(server, [uuid]);
      await writeTo(server, signal, async (route) => {
        await enable(route, uuid, registration);
        if (route.form.shape === "v1" && registration?.environment !== undefined) {
          server.remarks.set("environment", environmentNotSet);
        }
      });
    },
    async disableAgents(uuids, signal): Promise<void> {
      refuseElastic(server, uuids);
      await writeTo(server, signal, (route) => disable(route, uuids));
    },
    async deleteAgents(uuids, signal): Promise<void> {
      refuseElastic(server, uuids);
      await writeTo(server, signal, (route) => deleteAgents(route, uuids));
    },
    rights: (signal) => server.dialects.use(signal, (dialect) => rights(server, dialect, signal)),
    clockMs: (signal) => readServerClock(requester, signal),
    mayChange: async (signal): Promise<GocdRights> => {
      let rights: GocdRights = { admin: "unknown", detail: "" };
      await writeTo(server, signal, async (route) => void (rights = await mayChange(route)));
      return rights;
    },
    environments: (signal) => server.dialects.use(signal, (dialect) => readEnvironments(requester, dialect, signal)),
    close: () => requester.close(),
  };
}

interface Server {
  readonly connection: GocdConnection;
  readonly nowMs: () => number;
  readonly requester: Requester;
  /** Which jobs wait. */
  readonly waiting: JobReader;
  readonly dialects: DialectMemory;
  /** Which jobs belong to elastic profiles. */
  readonly profiles: ElasticMemory;
  /** Which environments exist. */
  readonly environments: EnvironmentsMemory;
  /** Which groups pipelines are in. */
  readonly groups: GroupsMemory;
  readonly health: HealthMemory;
  /** Findings of writes, reported with each poll from then on. */
  readonly remarks: Map<string, Finding>;
  /** Uuids of elastic agents in the last list: they belong to their plugin. */
  elastic: ReadonlySet<string>;
}

interface PollQuery {
  readonly dialect: GocdDialect;
  readonly questions: PollQuestions;
}

async function poll(server: Server, query: PollQuery, signal: AbortSignal): Promise<GocdPoll> {
  const { dialect, questions } = query;
  const maintenance = await readMode(server, dialect, signal);
  const waiting = await server.waiting.read(dialect, signal);
  // Before the agents, whose list must be fresh: KILLs are based on it.
  const { feedPath: _, ...ofGroups } = { ...waiting, dialect };
  const groups = questions.pipelineGroups === true ? await server.groups.read(ofGroups, signal) : { findings: [] };
  const agentsRequestedMs = server.nowMs();
  const list = await readAgents(server, dialect, signal);
  const settled = settledDialect(dialect, waiting.feedPath ?? dialect.feedPaths[0] ?? "", list.form);
  server.dialects.settle(settled);
  // After the lists, so that those are as close in time as possible. The configuration names elastic profiles itself.
  const isFed = waiting.feedPath !== undefined;
  const lists = { jobs: waiting.jobs, agents: list.agents, isNoAdmin: maintenance.findings.length > 0 };
  const { jobs, findings } = isFed ? await server.profiles.mark(lists, settled, signal) : { ...waiting, findings: [] };
  const missing = await server.environments.missing({
    names: questions.environments ?? [],
    jobs,
    agents: list.agents,
    // An account that may not see maintenance mode may not see everything else either.
    dialect,
    isAdmin: maintenance.mode !== "unknown",
  }, signal);
  const health = settled.healthMessages ? await server.health.read(signal) : [];
  const info: GocdServerInfo = {
    version: settled.version,
    resourceCase: settled.resourceCase,
    slowRegistration: settled.slowRegistration,
    maintenance: maintenance.mode,
  };
  return {
    server: info,
    jobs,
    agents: list.agents,
    agentsRequestedMs,
    findings: [
      ...(settled.finding === undefined ? [] : [settled.finding]),
      ...(isFed ? maintenance.findings : maintenance.findings.map(() => tooFewRights(hiddenFromApi))),
      ...waiting.findings,
      ...list.findings,
      ...findings,
      ...groups.findings,
      ...server.remarks.values(),
      ...server.requester.findings(),
      ...health,
    ],
    ...(missing === undefined ? {} : { missingEnvironments: missing }),
    ...(groups.pipelineGroups === undefined ? {} : { pipelineGroups: groups.pipelineGroups }),
  };
}

interface Mode {
  readonly mode: GocdServerInfo["maintenance"];
  readonly findings: readonly Finding[];
}

/** Only administrators may read maintenance mode, so this also shows whether we are one. */
async function readMode(server: Server, dialect: GocdDialect, signal: AbortSignal): Promise<Mode> {
  if (dialect.maintenance === "none") return { mode: "off", findings: [] };
  const { path, accept } = maintenanceRequests[dialect.maintenance];
  try {
    const mode = await server.requester.exchange(
      { method: "GET", path, accept },
      signal,
      async (answer) => readMaintenance(await answer.text(), answer.source),
    );
    return { mode, findings: [] };
  } catch (error) {
    if (error instanceof GocdError && error.problem.code === "gocd-forbidden") {
      return { mode: "unknown", findings: [tooFewRights(dialect.feedHidesJobs ? hiddenFromFeed : "")] };
    }
    if (error instanceof GocdError && error.problem.kind === "missing") return { mode: "unknown", findings: [] };
    throw error;
  }
}

async function readAgents(
  server: Server,
  dialect: GocdDialect,
  signal: AbortSignal,
): Promise<AgentsReading & { readonly form: AgentsForm }> {
  const list = await firstSupported(dialect.agentsForms, async (form) => ({
    ...await readList(server, form, signal),
    form,
  }));
  const agents = list.form.shape === "v1" ? await withBuilds(server, list.agents, signal) : list.agents;
  server.elastic = new Set(agents.filter((record) => record.elastic).map((record) => record.uuid));
  return { ...list, agents };
}

async function readList(server: Server, form: AgentsForm, signal: AbortSignal): Promise<AgentsReading> {
  return await server.requester.exchange(
    { method: "GET", path: "/api/agents", accept: form.accept },
    signal,
    async (answer) => readGocdAgents(await answer.text(), form.shape, answer.source),
  );
}

/** 15.2 shows only in its un-versioned list whether a disabled agent still builds; without that it stays `Unknown`. */
async function withBuilds(
  server: Server,
  agents: readonly GocdAgent[],
  signal: AbortSignal,
): Promise<readonly GocdAgent[]> {
  if (!agents.some((record) => record.configState === "Disabled")) return agents;
  try {
    return withLegacyBuilds(agents, (await readList(server, legacyAgentsForm, signal)).agents);
  } catch (error) {
    if (error instanceof GocdError && error.problem.kind === "missing") return agents;
    throw error;
  }
}

async function writeTo(server: Server, signal: AbortSignal, act: (route: WriteRoute) => Promise<void>): Promise<void> {
  await server.dialects.use(signal, async (dialect) => {
    const [only, ...others] = dialect.agentsForms;
    const form = only !== undefined && others.length === 0 ? only : (await readAgents(server, dialect, signal)).form;
    await act({ requester: server.requester, form, bulk: dialect.bulk, signal });
  });
}

function refuseElastic(server: Server, uuids: readonly string[]): void {
  const uuid = uuids.find((candidate) => server.elastic.has(candidate));
  if (uuid !== undefined) {
    throw new GocdError({
      code: "gocd-elastic-agent",
      kind: "conflict",
      message: `the agent ${uuid} was not changed: it is an elastic agent and belongs to its plugin`,
      hint: "report this: gocd-mesos must never send it",
    });
  }
}

async function readServerClock(requester: Requester, signal: AbortSignal): Promise<number | undefined> {
  try {
    const request = { method: "GET", path: "/api/version", accept: mediaType(1) } as const;
    return await requester.exchange(request, signal, async (answer) => {
      await answer.text();
      return answer.dateMs;
    });
  } catch (error) {
    if (error instanceof GocdError && error.problem.kind === "missing") return undefined;
    throw error;
  }
}

async function rights(server: Server, dialect: GocdDialect, signal: AbortSignal): Promise<GocdRights> {
  if (dialect.maintenance === "none") return await rightsByFeed(server, dialect, signal);
  const { mode, findings } = await readMode(server, dialect, signal);
  const [finding] = findings;
  if (finding !== undefined) return { admin: "no", detail: finding.message };
  return mode === "unknown"
    ? { admin: "unknown", detail: "the server does not allow reading its maintenance mode, which would have shown it" }
    : { admin: "yes", detail: "the account may read the maintenance mode, as only administrators may" };
}

/** Up to 20.8 the feed itself is for administrators only. */
async function rightsByFeed(server: Server, dialect: GocdDialect, signal: AbortSignal): Promise<GocdRights> {
  try {
    const { feedPath } = await server.waiting.readFeed(dialect, signal);
    return dialect.feedPaths[0] === feedPath
      ? { admin: "yes", detail: `the account may read ${feedPath}, which only administrators may` }
      : { admin: "unknown", detail: `any account may read ${feedPath}` };
  } catch (error) {
    if (error instanceof GocdError && error.problem.code === "gocd-forbidden") {
      return { admin: "no", detail: error.problem.message };
    }
    throw error;
  }
}

const hiddenFromFeed = ", and jobs of pipelines that it may not view are missing from the feed";
const hiddenFromApi = ", and jobs of pipelines that it may not view are invisible";

function tooFewRights(hidden: string): Finding {
  return {
    code: "gocd-too-few-rights",
    message:
      "the GoCD account is not an administrator: agents cannot be enabled, disabled or deleted, maintenance mode " +
      `cannot be seen${hidden}`,
    hint: "make the account of go-server.user-name (or of the access token) an administrator in GoCD",
  };
}

const environmentNotSet: Finding = {
  code: "gocd-environment-not-set",
  message: "the API of GoCD 15.2 cannot set an agent's environment: an agent was enabled without it",
  hint: "set go-agent.auto-register-key, so that agents register with their environment, or upgrade GoCD",
};
