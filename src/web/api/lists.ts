// The lists of /api/v1: filters and pages.

import type { GocdAgentView, InstanceView, JobView, OfferView, StatusView } from "../../core/view/view.ts";
import type { BucketView, ProfileView } from "../../core/view/view.ts";
import type { Finding } from "../../core/event.ts";
import { verdictKinds } from "../../core/words/verdicts.ts";
import { jsonResponse } from "../responses.ts";
import { type HostView, hostViews } from "./documents.ts";
import { numberParameter, type Parameter, type Query, textParameter, wordParameter } from "./query.ts";
import type { Asked, ReadRoute } from "./route.ts";
import { ifLeader, readErrors } from "./refusals.ts";
import { gocdAgentStates, instanceStates, pageOf } from "./schemas.ts";

/** A parameter, and the items that it selects. */
interface Filter<Item> {
  readonly parameter: Parameter;
  readonly passes: (item: Item, value: string) => boolean;
}

interface List<Item> {
  readonly path: string;
  readonly id: string;
  readonly summary: string;
  readonly description?: string;
  /** Name of the schema of one item. */
  readonly schema: string;
  /** The property of the answer. */
  readonly items: string;
  readonly filters: readonly Filter<Item>[];
  readonly all: (view: StatusView) => readonly Item[];
}

/** Maximum number of items of a page, and the default. */
const pageItems = { max: 10_000, byDefault: 500 } as const;

const paging: readonly Parameter[] = [
  numberParameter("limit", "items of the page at most", {
    default: pageItems.byDefault,
    minimum: 1,
    maximum: pageItems.max,
  }),
  numberParameter("offset", "items to skip", { default: 0, minimum: 0, maximum: 1_000_000_000 }),
];

function listRoute<Item>(list: List<Item>): ReadRoute {
  const { path, id, summary, description, schema, items, filters } = list;
  return {
    kind: "read",
    path,
    id,
    summary,
    ...(description === undefined ? {} : { description }),
    parameters: [...filters.map(({ parameter }) => parameter), ...paging],
    answers: { 200: { description: "the page", schema: pageOf(schema, items) }, ...readErrors },
    respond: ifLeader((asked) => pageResponse(list, asked)),
  };
}

function pageResponse<Item>({ path, items, filters, all }: List<Item>, { picture: { view }, query }: Asked): Response {
  const matching = all(view).filter((item) =>
    filters.every(({ parameter: { name }, passes }) => {
      const value = query[name];
      return value === undefined || passes(item, value);
    })
  );
  const limit = Number(query["limit"] ?? pageItems.byDefault);
  const offset = Number(query["offset"] ?? 0);
  const end = offset + limit;
  return jsonResponse({
    atMs: view.atMs,
    total: matching.length,
    offset,
    [items]: matching.slice(offset, end),
    ...(end < matching.length ? { next: nextPath(path, query, end) } : {}),
  });
}

function nextPath(path: string, query: Query, offset: number): string {
  return `${path}?${new URLSearchParams({ ...query, offset: String(offset) })}`;
}

/** As the GoCD server compares names. */
function isSame(a: string | undefined, b: string): boolean {
  return a !== undefined && a.toLowerCase() === b.toLowerCase();
}

function has(text: string, part: string): boolean {
  return text.toLowerCase().includes(part.toLowerCase());
}

const ofProfile: Filter<{ readonly profile?: string }> = {
  parameter: textParameter("profile", "only of this profile"),
  passes: ({ profile }, value) => profile === value,
};
const ofEnvironment: Filter<{ readonly environment?: string }> = {
  parameter: textParameter("environment", "only of this environment"),
  passes: ({ environment }, value) => isSame(environment, value),
};
const withResource: Filter<{ readonly gocdResources: readonly string[] }> = {
  parameter: textParameter("resource", "only with this GoCD resource"),
  passes: ({ gocdResources }, value) => gocdResources.some((each) => isSame(each, value)),
};

const jobsRoute = listRoute<JobView>({
  path: "/api/v1/jobs",
  id: "listJobs",
  summary: "the waiting jobs with their verdicts",
  description: "In the order of the GoCD server. A job that is not here does not wait.",
  schema: "Job",
  items: "jobs",
  filters: [
    {
      parameter: wordParameter("verdict", "only jobs with this verdict", verdictKinds),
      passes: ({ verdict }, value) => verdict === value,
    },
    {
      parameter: textParameter("code", "only jobs with this reasonCode"),
      passes: ({ reasonCode }, value) => reasonCode === value,
    },
    {
      parameter: textParameter("pipeline", "only jobs of this pipeline"),
      passes: ({ locator }, value) => isSame(locator.split("/")[0], value),
    },
    ofProfile,
    ofEnvironment,
    withResource,
    {
      parameter: textParameter("search", "a part of the locator"),
      passes: ({ locator }, value) => has(locator, value),
    },
  ],
  all: ({ jobs }) => jobs,
});

const demandRoute = listRoute<BucketView>({
  path: "/api/v1/demand",
  id: "listDemand",
  summary: "the waiting jobs by what they need",
  schema: "Demand",
  items: "demand",
  filters: [ofProfile, ofEnvironment, withResource],
  all: ({ demand }) => demand,
});

const agentsRoute = listRoute<InstanceView>({
  path: "/api/v1/agents",
  id: "listAgents",
  summary: "the agents that this program has launched",
  schema: "Agent",
  items: "agents",
  filters: [
    {
      parameter: wordParameter("state", "only agents in this state", instanceStates),
      passes: ({ state }, value) => state === value,
    },
    ofProfile,
    ofEnvironment,
    withResource,
    { parameter: textParameter("host", "only agents on this host"), passes: ({ host }, value) => isSame(host, value) },
    { parameter: textParameter("search", "a part of the task id"), passes: ({ taskId }, value) => has(taskId, value) },
  ],
  all: ({ instances }) => instances,
});

const gocdAgentsRoute = listRoute<GocdAgentView>({
  path: "/api/v1/gocd-agents",
  id: "listGocdAgents",
  summary: "all agents of the GoCD server",
  schema: "GocdAgent",
  items: "gocdAgents",
  filters: [
    {
      parameter: wordParameter("state", "only agents that count as this", gocdAgentStates),
      passes: ({ state }, value) => state === value,
    },
    withResource,
    {
      parameter: textParameter("environment", "only agents in this environment"),
      passes: ({ environments }, value) => environments.some((each) => isSame(each, value)),
    },
    {
      parameter: textParameter("search", "a part of the hostname"),
      passes: ({ hostname }, value) => has(hostname, value),
    },
  ],
  all: ({ gocdAgents }) => gocdAgents,
});

const profilesRoute = listRoute<ProfileView>({
  path: "/api/v1/profiles",
  id: "listProfiles",
  summary: "the profiles with their agents, limits and failures",
  schema: "Profile",
  items: "profiles",
  filters: [],
  all: ({ profiles }) => profiles,
});

const hostsRoute = listRoute<HostView>({
  path: "/api/v1/hosts",
  id: "listHosts",
  summary: "the Mesos agents that run agents of this program, or are avoided",
  schema: "Host",
  items: "hosts",
  filters: [],
  all: hostViews,
});

const offersRoute = listRoute<OfferView>({
  path: "/api/v1/offers",
  id: "listOffers",
  summary: "the latest offer of each host in the last minutes, and its outcome",
  schema: "Offer",
  items: "offers",
  filters: [{
    parameter: textParameter("host", "only offers of this host"),
    passes: ({ host }, value) => host === value,
  }],
  all: ({ offers = [] }) => offers,
});

const problemsRoute = listRoute<Finding>({
  path: "/api/v1/problems",
  id: "listProblems",
  summary: "what is wrong now, worst first, with what to do",
  schema: "Problem",
  items: "problems",
  filters: [{
    parameter: textParameter("code", "only problems with this code"),
    passes: ({ code }, value) => code === value,
  }],
  all: ({ problems }) => problems,
});

/** The routes of all lists but that of events. */
export const listRoutes: readonly ReadRoute[] = [
  jobsRoute,
  demandRoute,
  agentsRoute,
  gocdAgentsRoute,
  profilesRoute,
  hostsRoute,
  offersRoute,
  problemsRoute,
];
