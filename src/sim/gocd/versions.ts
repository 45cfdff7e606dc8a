// The differences between GoCD versions from 15.2.0 on, as one record of rules.

/** One version per era; the rules are also valid for any version in between. */
export const gocdEras: readonly string[] = ["15.2.0", "16.6.0", "18.10.0", "19.8.0", "20.8.0", "26.1.0"];

/** A format of the agents API: the unversioned array, or a media type version. */
export type AgentsShape = "legacy" | "v1" | "v2" | "v3" | "v4" | "v5" | "v6" | "v7";

/** The behaviour of a version. */
export interface GocdRules {
  /** The release. */
  readonly version: string;
  /** `/api/jobs/scheduled.xml`: served, gone but still behind its admin rule, or gone. */
  readonly oldFeed: "served" | "admin-404" | "gone";
  /** `/api/feed/jobs/scheduled.xml`. */
  readonly newFeed: boolean;
  /** Jobs of pipelines that the user may not view are omitted from the feed. */
  readonly feedHidesPipelines: boolean;
  /** Formats served by the agents API, oldest first. */
  readonly agentsShapes: readonly AgentsShape[];
  /** The agents API is on Spark: exact Accept or 404, responses to PATCH with state Missing. */
  readonly sparkAgents: boolean;
  /** Other Spark paths and their Accept filter exist. */
  readonly sparkFilter: boolean;
  /** The unversioned `application/vnd.go.cd+json` and a fixed set of known versions. */
  readonly unversionedAccept: boolean;
  /** `/api/version` (16.6). */
  readonly versionApi: boolean;
  /** Maintenance mode: none, drain mode (18.12), maintenance mode (19.1). */
  readonly pause: "none" | "drain" | "maintenance";
  /** `/api/server_health_messages` (18.2). */
  readonly healthMessages: boolean;
  /** `/api/v1/health` (17.11). */
  readonly healthApi: boolean;
  /** Personal access tokens (19.2). */
  readonly bearerTokens: boolean;
  /** The security layer of 18.6: its messages, 403 for too few rights. */
  readonly newSecurity: boolean;
  /** PATCH and DELETE of `/api/agents` (16.7). */
  readonly bulkAgents: boolean;
  /** A single refusal leaves all agents unchanged (16.8). */
  readonly bulkDeleteAllOrNothing: boolean;
  /** POST `/api/agents/:uuid/{enable,disable,delete}` and whether they need `Confirm: true`. */
  readonly legacyPosts: "none" | "free" | "confirm";
  /** `/api/agents/:uuid/kill_running_tasks` (20.5). */
  readonly killRunningTasks: boolean;
  /** `/api/internal/elastic/profiles/:id/usages` (19.1). */
  readonly elasticUsages: boolean;
  /** `/api/elastic/profiles` (16.11; a new media type with cluster profiles in 19.3). */
  readonly elasticProfiles: "none" | "v1" | "v2";
  /** Versions of `/api/admin/environments` (16.7; v2 in 17.3, alone from 17.6; v3 in 19.9). */
  readonly environmentsApi: readonly string[];
  /** That path is on Spark (19.1). */
  readonly environmentsOnSpark: boolean;
  /** Environments and elastic profiles can be read by everyone, filtered by policies (20.1). */
  readonly policies: boolean;
  /** Elastic profiles exist. */
  readonly elastic: boolean;
  /** Agents are stored in the database, not in cruise-config.xml: other statuses, messages and unknown environments. */
  readonly agentsInDatabase: boolean;
  /** How resource names are compared. */
  readonly resourceCase: "insensitive" | "sensitive";
  /** How often builds of lost agents are rescheduled. */
  readonly hungJobsEveryMs: number;
  /** Whether a disabled, silent agent becomes LostContact. */
  readonly disabledAgentsRefreshed: boolean;
  /** Whether an agent Missing since the start becomes LostContact. */
  readonly missingBecomesLost: boolean;
  /** What a running agent does whose record was deleted: register again as Pending, or be refused. */
  readonly deletedAgent: "registers-again" | "refused";
  /** Number of Pending agents beyond which registrations without a key are refused. */
  readonly pendingAgentsMax: number;
  /** Agents ask for work after 1 s, growing to 10 s, instead of every 10 s. */
  readonly adaptiveAsk: boolean;
  /** Health messages for unassigned jobs, and cancelling of those beyond their timeout. */
  readonly watchesUnassignedJobs: boolean;
  /** The base of the documentation links in responses. */
  readonly docUrl: string;
  /** Every response has the headers of DefaultHeadersFilter (18.12; before, it ran too late for most). */
  readonly defaultHeaders: boolean;
  /** Errors of the container are pages only for clients that accept HTML, and empty for others (18.6). */
  readonly pagesByAccept: boolean;
  /** The feed is marked as deprecated (25.4). */
  readonly feedDeprecated: boolean;
  /** Versions of `/api/dashboard` from v4 on (19.5); those before are not modelled. */
  readonly dashboardApi: readonly string[];
  /** Versions of `/api/stages/…` by run (v2: 19.12 to 21.3; v3: 20.9). */
  readonly stageApi: readonly string[];
  /** Versions of `/api/admin/pipelines/:name` from v10 on (19.10 to 20.10; v11: 20.8). */
  readonly pipelineApi: readonly string[];
  /** Versions of `/api/admin/templates/:name` from v5 on (19.9 to 20.1; v6: 19.12 to 20.4; v7: 20.2). */
  readonly templateApi: readonly string[];
  /** DELETE of no agents is refused (25.3) instead of succeeding. */
  readonly emptyDeleteRefused: boolean;
}

/** A version as a number, for comparison. Throws RangeError if it is not one. */
export function gocdVersionNumber(version: string): number {
  const match = /^(\d{2})\.(\d{1,2})\.(\d{1,2})$/.exec(version);
  if (match === null) throw new RangeError(`not a GoCD release: ${version}`);
  return Number(match[1]) * 10_000 + Number(match[2]) * 100 + Number(match[3]);
}

const shapeRanges: readonly (readonly [AgentsShape, string, string])[] = [
  ["legacy", "15.2.0", "16.6.0"],
  ["v1", "15.2.0", "16.6.0"],
  ["v2", "15.3.0", "16.12.0"],
  ["v3", "16.8.0", "16.12.0"],
  ["v4", "16.10.0", "19.8.0"],
  ["v5", "19.3.0", "19.8.0"],
  ["v6", "19.9.0", "20.7.0"],
  ["v7", "20.5.0", "99.0.0"],
];

function environmentsVersions(from: (release: string) => boolean): readonly string[] {
  if (from("19.9.0")) return ["v3"];
  if (from("17.6.0")) return ["v2"];
  if (from("17.3.0")) return ["v1", "v2"];
  return from("16.7.0") ? ["v1"] : [];
}

const apiRanges: readonly (readonly ["dashboard" | "stage" | "pipeline" | "template", string, string, string])[] = [
  ["dashboard", "v4", "19.5.0", "99.0.0"],
  ["stage", "v2", "19.12.0", "21.3.0"],
  ["stage", "v3", "20.9.0", "99.0.0"],
  ["pipeline", "v10", "19.10.0", "20.10.0"],
  ["pipeline", "v11", "20.8.0", "99.0.0"],
  ["template", "v5", "19.9.0", "20.1.0"],
  ["template", "v6", "19.12.0", "20.4.0"],
  ["template", "v7", "20.2.0", "99.0.0"],
];

/** Cached rules: they are needed for every request. */
const madeRules = new Map<string, GocdRules>();

/** The rules of a version from 15.2.0 on. Throws RangeError for an older one, or if it is not a version. */
export function gocdRules(version: string): GocdRules {
  const made = madeRules.get(version) ?? makeRules(version);
  madeRules.set(version, made);
  return made;
}

function makeRules(version: string): GocdRules {
  const number = gocdVersionNumber(version);
  if (number < gocdVersionNumber("15.2.0")) throw new RangeError(`GoCD before 15.2.0 is not modelled: ${version}`);
  const from = (release: string): boolean => number >= gocdVersionNumber(release);
  const upTo = (release: string): boolean => number <= gocdVersionNumber(release);
  const shapes = shapeRanges.filter(([, first, last]) => from(first) && upTo(last)).map(([shape]) => shape);
  const served = (api: string): readonly string[] =>
    apiRanges.filter(([of, , first, last]) => of === api && from(first) && upTo(last)).map(([, each]) => each);
  return {
    version,
    dashboardApi: served("dashboard"),
    stageApi: served("stage"),
    pipelineApi: served("pipeline"),
    templateApi: served("template"),
    oldFeed: upTo("20.8.0") ? "served" : upTo("21.3.0") ? "admin-404" : "gone",
    newFeed: from("20.1.0"),
    feedHidesPipelines: from("20.9.0"),
    agentsShapes: shapes,
    sparkAgents: from("18.11.0"),
    sparkFilter: from("18.2.0"),
    unversionedAccept: from("19.8.0"),
    versionApi: from("16.6.0"),
    pause: from("19.1.0") ? "maintenance" : from("18.12.0") ? "drain" : "none",
    healthMessages: from("18.2.0"),
    healthApi: from("17.11.0"),
    bearerTokens: from("19.2.0"),
    newSecurity: from("18.6.0"),
    bulkAgents: from("16.7.0"),
    bulkDeleteAllOrNothing: from("16.8.0"),
    legacyPosts: upTo("16.6.0") ? (from("16.3.0") ? "confirm" : "free") : "none",
    killRunningTasks: from("20.5.0"),
    elasticUsages: from("19.1.0"),
    elasticProfiles: from("19.3.0") ? "v2" : from("16.11.0") ? "v1" : "none",
    environmentsApi: environmentsVersions(from),
    environmentsOnSpark: from("19.1.0"),
    policies: from("20.1.0"),
    elastic: from("16.8.0"),
    agentsInDatabase: from("19.9.0"),
    resourceCase: from("19.9.0") && upTo("20.9.0") ? "sensitive" : "insensitive",
    hungJobsEveryMs: upTo("16.7.0") ? 300_000 : 30_000,
    disabledAgentsRefreshed: from("17.9.0"),
    missingBecomesLost: from("18.7.0"),
    deletedAgent: from("20.2.0") ? "refused" : "registers-again",
    pendingAgentsMax: from("16.4.0") ? 100 : Number.MAX_SAFE_INTEGER,
    adaptiveAsk: from("23.1.0"),
    watchesUnassignedJobs: from("20.9.0"),
    docUrl: from("20.6.0")
      ? `https://api.gocd.org/${version}/`
      : from("17.1.0")
      ? "https://api.gocd.org/"
      : "https://api.gocd.io/",
    defaultHeaders: from("18.12.0"),
    pagesByAccept: from("18.6.0"),
    feedDeprecated: from("25.4.0"),
    emptyDeleteRefused: from("25.3.0"),
  };
}
