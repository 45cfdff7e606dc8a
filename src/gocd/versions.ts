// What differs between GoCD releases 15.2 to 26.2, in one table (GoCD routes.rb and the api-agents-v* modules of each
// tag).

import type { Finding } from "../core/event.ts";
import type { ResourceCase } from "../core/gocd_records.ts";

/** The formats of the list of agents. */
export type AgentsShape = "legacy" | "v1" | "v2-v3" | "v4" | "v5-v7";

/** One way to list and change agents: the requested media type and the resulting format. */
export interface AgentsForm {
  /** The one value of `Accept`; from 18.2 on a list or a `;q=` finds no route (GoCD SparkPreFilter). */
  readonly accept: string;
  /** The resulting format. */
  readonly shape: AgentsShape;
}

/** The endpoint for maintenance mode; `none`: the release has no such mode. */
export type MaintenanceForm = "maintenance-mode" | "drain-mode" | "none";

/** How to talk to one server. */
export interface GocdDialect {
  /** As the server reports it; `<16.6` if it has no `/api/version`, `unknown` if nothing matches. */
  readonly version: string;
  /** Paths of the feed below the base URL, the likely one first; more than one until it is settled. */
  readonly feedPaths: readonly string[];
  /** Ways to list agents, the likely one first; more than one until it is settled. */
  readonly agentsForms: readonly AgentsForm[];
  /** How to read the maintenance mode. */
  readonly maintenance: MaintenanceForm;
  /** Whether PATCH and DELETE `/api/agents` take a list (16.7). */
  readonly bulk: boolean;
  /** How the server compares names of resources. */
  readonly resourceCase: ResourceCase;
  /** Whether each registration rewrites the configuration (up to 19.8). */
  readonly slowRegistration: boolean;
  /** Whether `/api/server_health_messages` exists (18.2). */
  readonly healthMessages: boolean;
  /** `Accept` for the list of elastic profiles (16.11), the likely one first; none: there is no such list. */
  readonly elasticProfiles: readonly string[];
  /** Whether the server shows which jobs use an elastic profile (19.1). */
  readonly elasticUsages: boolean;
  /** `Accept` for the list of environments (16.7), the likely one first; none: there is no such list. */
  readonly environments: readonly string[];
  /** Whether the feed leaves out jobs of pipelines that the account may not view (20.9). */
  readonly feedHidesJobs: boolean;
  /** Whether the waiting jobs can be read without the feed (20.1: dashboard v4, stages v2, configuration v10). */
  readonly jobsApi: boolean;
  /** What an operator should know about this version. */
  readonly finding?: Finding;
}

/** Feed of 15.2 to 20.8: administrators only. */
const oldFeedPath = "/api/jobs/scheduled.xml";
/** Feed of 20.1 to 26.1: any logged-in user. */
export const newFeedPath = "/api/feed/jobs/scheduled.xml";

/** Media type of version `n` of an API. */
export function mediaType(n: number): string {
  return `application/vnd.go.cd.v${n}+json`;
}

/** `Accept` for the un-versioned array of 15.2 to 16.6, the only list that shows a job on a disabled agent there. */
export const legacyAgentsForm: AgentsForm = { accept: "application/json", shape: "legacy" };

/** The newest version of an API, from 19.8 on. */
export const newestType = "application/vnd.go.cd+json";

const newestAgents: AgentsForm = { accept: newestType, shape: "v5-v7" };
const agentsV1: AgentsForm = { accept: mediaType(1), shape: "v1" };
const agentsV2: AgentsForm = { accept: mediaType(2), shape: "v2-v3" };
const agentsV4: AgentsForm = { accept: mediaType(4), shape: "v4" };

/** From which release on which agents API is used: the newest one that still shows elastic agents and origins. */
const agentsByRelease: readonly { readonly from: number; readonly form: AgentsForm }[] = [
  { from: release(19, 8), form: newestAgents },
  { from: release(19, 3), form: { accept: mediaType(5), shape: "v5-v7" } },
  { from: release(16, 10), form: agentsV4 },
  { from: release(16, 8), form: { accept: mediaType(3), shape: "v2-v3" } },
  { from: release(15, 3), form: agentsV2 },
];

const oldestKnown = release(15, 2);
const newestKnown = release(26, 2);

/**
 * The dialect of a server with this `version` (`26.1.0`); `undefined` if it has no `/api/version`, as before 16.6. An
 * unknown version gets the nearest dialect and a finding, except a newer one, which is only reported if a response is
 * not understood ({@linkcode newerRelease}).
 */
export function dialectOf(version: string | undefined): GocdDialect {
  if (version === undefined) return unknownDialect;
  const number = parseRelease(version);
  if (number === undefined) {
    const finding = unsupported(`${JSON.stringify(version.slice(0, 40))}, which is not a version number`, "26.2");
    return { ...dialectOfRelease("unknown", newestKnown), feedPaths: [newFeedPath, oldFeedPath], finding };
  }
  const shown = version.trim().slice(0, 40);
  if (number < oldestKnown) return { ...dialectOfRelease(shown, oldestKnown), finding: unsupported(shown, "15.2") };
  return dialectOfRelease(shown, Math.min(number, newestKnown));
}

/** What to do if a response of this version is not understood, if it is newer than all known ones. */
export function newerRelease(version: string): string | undefined {
  return (parseRelease(version) ?? 0) > newestKnown
    ? `GoCD ${version} is newer than 26.2, the newest release that this gocd-mesos supports: look for a newer ` +
      `gocd-mesos`
    : undefined;
}

/** Whether a version is newer than another, if both are valid versions. */
export function isLater(version: string, other: string): boolean {
  const [number, before] = [version, other].map((text) => parseRelease(text.replace(/^v/i, "")));
  return number !== undefined && before !== undefined && number > before;
}

/** A server without `/api/version`: before 16.6, or one that denies it. */
const unknownDialect: GocdDialect = {
  ...dialectOfRelease("<16.6", release(16, 5)),
  feedPaths: [oldFeedPath, newFeedPath],
  agentsForms: [agentsV2, agentsV1, newestAgents, agentsV4],
};

/** `dialect` once it is known which feed path and which agents form work. */
export function settledDialect(dialect: GocdDialect, feedPath: string, form: AgentsForm): GocdDialect {
  if (dialect.feedPaths.length === 1 && dialect.agentsForms.length === 1) return dialect;
  const isNewer = feedPath === newFeedPath || form.shape === "v4" || form.shape === "v5-v7";
  const told: GocdDialect = dialect.version === "<16.6" && isNewer
    ? {
      ...dialect,
      version: "unknown",
      maintenance: "maintenance-mode",
      elasticProfiles: [mediaType(2), mediaType(1)],
      elasticUsages: true,
      environments: [newestType, mediaType(2)],
      feedHidesJobs: true,
      jobsApi: feedPath === newFeedPath,
      finding: {
        code: "gocd-version-unknown",
        message: "the GoCD server does not report its version (GET /api/version), although it is not an old one",
        hint: "let requests for /api/version pass to GoCD, so that resource names are compared as this server does",
      },
    }
    : dialect;
  return { ...told, feedPaths: [feedPath], agentsForms: [form] };
}

function dialectOfRelease(version: string, number: number): GocdDialect {
  return {
    version,
    feedPaths: [number >= release(20, 1) ? newFeedPath : oldFeedPath],
    agentsForms: [agentsByRelease.find(({ from }) => number >= from)?.form ?? agentsV1],
    maintenance: number >= release(19, 1) ? "maintenance-mode" : number >= release(18, 12) ? "drain-mode" : "none",
    bulk: number >= release(16, 7),
    resourceCase: number >= release(19, 9) && number < release(20, 10) ? "sensitive" : "insensitive",
    slowRegistration: number < release(19, 9),
    healthMessages: number >= release(18, 2),
    elasticProfiles: number >= release(19, 3)
      ? [mediaType(2), mediaType(1)]
      : number >= release(16, 11)
      ? [mediaType(1)]
      : [],
    elasticUsages: number >= release(19, 1),
    environments: environmentsTypes(number),
    feedHidesJobs: number >= release(20, 9),
    jobsApi: number >= release(20, 1),
  };
}

/**
 * Version 2 exists from 17.3 on, until 19.9 replaces it with version 3. Source: GoCD EnvironmentsController of each
 * release.
 */
function environmentsTypes(number: number): readonly string[] {
  if (number >= release(19, 8)) return [newestType];
  if (number >= release(17, 3)) return [mediaType(2)];
  return number >= release(16, 7) ? [mediaType(1)] : [];
}

function release(major: number, minor: number): number {
  return major * 1000 + minor;
}

function parseRelease(version: string): number | undefined {
  const parts = /^\s*(\d{1,4})\.(\d{1,3})(?:[.\-+ (].*)?$/s.exec(version);
  return parts === null ? undefined : release(Number(parts[1]), Number(parts[2]));
}

function unsupported(version: string, nearest: string): Finding {
  return {
    code: "gocd-version-unsupported",
    message: `unsupported GoCD version ${version}: it is treated like ${nearest}, the nearest supported one`,
    hint: "GoCD 15.2 to 26.2 are supported: look for a newer gocd-mesos, and check the first polls",
  };
}
