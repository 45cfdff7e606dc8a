// Counters of the simulated GoCD server, so that tests and the demo are independent of the scheduler.

/** A build that lost its agent. */
export interface KilledBuild {
  /** When the process stopped or the record was deleted. */
  readonly atMs: number;
  /** When it was assigned. */
  readonly sinceMs: number;
  /** The build's locator. */
  readonly locator: string;
  /** The job's state when it happened. `Assigned` work had not been fetched yet. */
  readonly state: "Assigned" | "Preparing" | "Building" | "Completing";
  /** The agent's uuid. */
  readonly uuid: string;
  /** The container's hostname, or the record's for a deletion. */
  readonly hostname: string;
}

/** A build that the server has assigned to an agent. */
export interface AssignedBuild {
  /** The build's id. */
  readonly id: number;
  /** The build's locator. */
  readonly locator: string;
  readonly pipeline: string;
  /** As written in the job; empty for an elastic job. */
  readonly gocdResources: readonly string[];
}

/** A change of a GocdAgent record through the API. */
export interface GocdAgentChange {
  /** When the response was sent. */
  readonly atMs: number;
  /** `update`: hostname, resources or environments. */
  readonly kind: "enable" | "disable" | "update" | "delete";
  /** The record's uuid. */
  readonly uuid: string;
  /** The record's hostname then. */
  readonly hostname: string;
  /** `anonymous` on a server without security. */
  readonly user: string;
}

/** Everything counted since the start of the simulation. */
export interface GocdTally {
  /** Builds whose end was reported by their agent. */
  buildsCompleted: number;
  /** Locators of completed builds. */
  readonly completedLocators: Set<string>;
  /** Assignments, oldest first; a build that was assigned again is listed again. */
  readonly assigned: AssignedBuild[];
  /** Builds whose agent process was stopped. */
  readonly buildsKilled: KilledBuild[];
  /** Builds whose agent's record was deleted while it had them. */
  readonly deletedWithWork: KilledBuild[];
  /** Builds rescheduled by the server or by their returning agent. */
  buildsRescheduled: number;
  /** Builds cancelled (by `cancelJob`, or unassigned beyond their timeout). */
  buildsCancelled: number;
  /** Completions reported for builds that the server had meanwhile assigned to another agent. */
  staleCompletions: number;
  /** Successful first registrations with the right key. */
  registrations: number;
  /** New Pending records. */
  pendingRegistrations: number;
  /** Pending records of agents whose record was deleted before. */
  ghosts: number;
  /** Registrations that got an error (422, 503, too many Pending). */
  registrationsRefused: number;
  /** Full saves of cruise-config.xml up to 19.8. */
  configSaves: number;
  /** Changes by the API, oldest first. */
  readonly changes: GocdAgentChange[];
  /** Requests by kind, such as `agents.list` or `feed`. */
  readonly requests: Map<string, number>;
  /** Responses by status. */
  readonly statuses: Map<number, number>;
  /** One per request without a known session cookie. */
  sessionsCreated: number;
  /** Requests currently in progress, as reported by transports. */
  concurrentRequests: number;
  /** The maximum number of concurrent requests. */
  concurrentRequestsMax: number;
}

/** All counters at zero. */
export function emptyTally(): GocdTally {
  return {
    buildsCompleted: 0,
    completedLocators: new Set(),
    assigned: [],
    buildsKilled: [],
    deletedWithWork: [],
    buildsRescheduled: 0,
    buildsCancelled: 0,
    staleCompletions: 0,
    registrations: 0,
    pendingRegistrations: 0,
    ghosts: 0,
    registrationsRefused: 0,
    configSaves: 0,
    changes: [],
    requests: new Map(),
    statuses: new Map(),
    sessionsCreated: 0,
    concurrentRequests: 0,
    concurrentRequestsMax: 0,
  };
}

/** Increments a count by key. */
export function countOne<Key>(counts: Map<Key, number>, key: Key): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}
