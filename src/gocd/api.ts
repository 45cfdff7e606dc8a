// The interface to a GoCD server.

import type { PipelineGroups } from "../core/demand/pipeline_groups.ts";
import type { WrittenRegistration } from "./registration.ts";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "../core/gocd_records.ts";
import type { Finding, GocdProblem } from "../core/event.ts";
import { type ErrorKind, OperatorError } from "../errors.ts";
import type { ServerUrl } from "../net/addresses.ts";
import type { Credentials } from "../net/credentials.ts";

/** How to reach the server. */
export interface GocdConnection {
  /** Base URL with the context path. */
  readonly url: ServerUrl;
  readonly credentials: Credentials;
  /** PEM text of additional certificate authorities. */
  readonly caCerts: readonly string[];
  /** Accept any certificate, by explicit choice of the operator. */
  readonly insecure: boolean;
  readonly timeoutMs: number;
  /** Where the waiting jobs are read from; absent: `auto`. */
  readonly jobSource?: JobSource;
}

/**
 * Where the waiting jobs are read from: the feed, the JSON APIs of dashboard, stages and configuration, or the feed as
 * long as the server has one.
 */
export type JobSource = "auto" | "feed" | "api";

/** Optional parts of a poll. */
export interface PollQuestions {
  /**
   * Names in our configuration; if nothing else shows that one exists, it is looked up on the server, at most once a
   * minute.
   */
  readonly environments?: readonly string[];
  /** The groups of the pipelines: read when a waiting job's pipeline is new, else every few minutes. */
  readonly pipelineGroups?: true;
}

/** A successful poll: every part was read. */
export interface GocdPoll {
  readonly server: GocdServerInfo;
  readonly jobs: readonly ScheduledJob[];
  readonly agents: readonly GocdAgent[];
  /** When the list of agents was requested, and so how old it may be; absent: unknown. */
  readonly agentsRequestedMs?: number;
  readonly findings: readonly Finding[];
  /** The requested environments that the server does not have. Absent: unknown. */
  readonly missingEnvironments?: readonly string[];
  /** If requested: the last known; a failed read of them is a finding. Absent: unknown. */
  readonly pipelineGroups?: PipelineGroups;
}

/** What `check` requests in addition to a poll. */
export interface GocdRights {
  /** Whether the account may administer agents; `unknown` if that cannot be found out without changing anything. */
  readonly admin: "yes" | "no" | "unknown";
  readonly detail: string;
}

/** A GoCD server. Every method throws {@linkcode GocdError}, never a bare error; one request is in flight at a time. */
export interface GocdApi {
  /** Version (cached) → maintenance → jobs → agents. Any of these failing fails the whole. */
  poll(signal: AbortSignal, questions?: PollQuestions): Promise<GocdPoll>;
  /** The agents only. */
  readAgents(signal: AbortSignal): Promise<readonly GocdAgent[]>;
  /** Enables one agent; with `registration` also sets its name, resources and environment (replacing). */
  enableAgent(uuid: string, registration: WrittenRegistration | undefined, signal: AbortSignal): Promise<void>;
  /** Disables agents, in bulk if the server supports it. Unknown uuids count as done. */
  disableAgents(uuids: readonly string[], signal: AbortSignal): Promise<void>;
  /** Deletes disabled, idle agents, in bulk if the server supports it. Unknown uuids count as done. */
  deleteAgents(uuids: readonly string[], signal: AbortSignal): Promise<void>;
  /** The permissions of the account, determined without changing anything. */
  rights(signal: AbortSignal): Promise<GocdRights>;
}

/** Makes one call of a port, with its signal or another one. */
export type GocdCall<Answer> = (gocd: GocdApi, signal: AbortSignal) => Promise<Answer>;

/** A port that passes each call to `through`, which decides on which port, when, and with which signal it is made. */
export function gocdThrough(
  through: <Answer>(signal: AbortSignal, call: GocdCall<Answer>) => Promise<Answer>,
): GocdApi {
  return {
    poll: (given, questions) => through(given, (gocd, signal) => gocd.poll(signal, questions)),
    readAgents: (given) => through(given, (gocd, signal) => gocd.readAgents(signal)),
    enableAgent: (uuid, registration, given) =>
      through(given, (gocd, signal) => gocd.enableAgent(uuid, registration, signal)),
    disableAgents: (uuids, given) => through(given, (gocd, signal) => gocd.disableAgents(uuids, signal)),
    deleteAgents: (uuids, given) => through(given, (gocd, signal) => gocd.deleteAgents(uuids, signal)),
    rights: (given) => through(given, (gocd, signal) => gocd.rights(signal)),
  };
}

const errorKinds: Readonly<Record<GocdProblem["kind"], ErrorKind>> = {
  unreachable: "unreachable",
  refused: "refused",
  maintenance: "unreachable",
  starting: "unreachable",
  conflict: "refused",
  missing: "refused",
  unreadable: "unreachable",
};

/** An unsuccessful response. */
export interface Refusal {
  readonly status: number;
  /** GoCD itself sent it, as far as known, and not a proxy or another program. */
  readonly isOwn: boolean;
  /** Its body is JSON: if from GoCD, a controller sent it, so the path exists. */
  readonly isJson: boolean;
}

/** A failed request to the GoCD server; `problem` says why, and what to do. */
export class GocdError extends OperatorError {
  /** The same as data, for the core. */
  readonly problem: GocdProblem;
  /** The response, if there was one. */
  readonly refusal?: Refusal;

  /** Wraps a problem; `cause` may be another error of the same request. */
  constructor(problem: GocdProblem, cause?: unknown, refusal?: Refusal) {
    super(problem.message, { code: problem.code, kind: errorKinds[problem.kind], hint: problem.hint, cause });
    this.name = "GocdError";
    this.problem = problem;
    const known = refusal ?? (cause instanceof GocdError ? cause.refusal : undefined);
    if (known !== undefined) this.refusal = known;
  }
}
