// The history of /api/v1: figures, agent-hours, finished agents and decisions of a period, and what was known at a
// moment.

import { timeText } from "../../core/words/phrases.ts";
import {
  type AgentFigures,
  type AgentHours,
  type DemandFigures,
  type HistoryReader,
  type HistorySample,
  type InstanceLife,
  type JobLife,
  type NamedJobLife,
  pictureOfMoment,
  type TimeSpan,
} from "../../core/view/history.ts";
import type { BucketView, InstanceView, JobView, NoteView, ProfileView } from "../../core/view/view.ts";
import { OperatorError } from "../../errors.ts";
import { jsonResponse, refusalResponse } from "../responses.ts";
import { type StatusSummary, statusSummary } from "./documents.ts";
import { numberParameter, type Query, textParameter, timeOf, timeParameter, wordParameter } from "./query.ts";
import { readErrors } from "./refusals.ts";
import type { Asked, ReadRoute } from "./route.ts";
import { count, flag, listOf, record, ref, type Schema, text, timeMs, word } from "./schema.ts";
import { eventLevels } from "./schemas.ts";

const hourMs = 3_600_000;
/** Maximum number of samples in a response: a week by the minute. */
const samplesMax = 10_080;
/** Maximum number of finished agents and decisions in a response. */
const rows = { byDefault: 100, max: 10_000 } as const;

/** What happened in a time span. */
export interface HistoryDocument extends TimeSpan {
  /** `memory`: it ends with the program. */
  readonly place: "file" | "memory";
  /** The recorded time span; absent: nothing yet. */
  readonly kept?: TimeSpan;
  /** The time of one sample. */
  readonly stepMs: number;
  readonly samples: readonly HistorySample[];
  readonly hours: readonly AgentHours[];
  /** Agents that ended in that time. */
  readonly endedCount: number;
  /** The last ones of these. */
  readonly ended: readonly InstanceLife[];
  /** The last decisions, newest first. */
  readonly decisions: readonly NoteView[];
}

/** The query. */
export interface HistoryRequest extends TimeSpan {
  readonly stepMs: number;
  /** Of finished agents, and of decisions. */
  readonly limit: number;
  /** Decisions of this level or a higher one. */
  readonly level: (typeof eventLevels)[number];
}

/** The history of a time span. Throws an OperatorError if it cannot be read. */
export function historyDocument(history: HistoryReader, request: HistoryRequest): HistoryDocument {
  const { fromMs, toMs, stepMs, limit, level } = request;
  const span = { fromMs, toMs };
  const kept = history.span();
  return {
    place: history.place.kind,
    ...(kept === undefined ? {} : { kept }),
    ...span,
    stepMs,
    samples: history.samples(span, stepMs),
    hours: history.hours({ fromMs: Math.floor(fromMs / hourMs) * hourMs, toMs }),
    endedCount: history.endedCount(span),
    ended: history.ended(span, limit),
    decisions: history.notes(span, { max: limit, levels: eventLevels.slice(eventLevels.indexOf(level)) }),
  };
}

/** The jobs of a time that are over; if a name is asked for, also those that are being built. */
export interface HistoryJobsDocument extends TimeSpan {
  /**
   * The first one first; there may be more if there are as many as asked for. If a name is asked for, those with it,
   * the last one first.
   */
  readonly jobs: readonly (JobLife | NamedJobLife)[];
}

/** What was known at a moment. */
export interface PastDocument {
  readonly askedMs: number;
  readonly status: StatusSummary;
  readonly jobs: readonly JobView[];
  readonly demand: readonly BucketView[];
  readonly agents: readonly InstanceView[];
  readonly profiles: readonly ProfileView[];
  /** The last decisions until the picture, newest first. */
  readonly decisions: readonly NoteView[];
}

/** The history at a moment; nothing if it has no picture of that time. Throws as {@linkcode historyDocument}. */
export function pastDocument(
  history: HistoryReader,
  askedMs: number,
  { sandbox, limit }: Pick<StatusSummary, "sandbox"> & { readonly limit: number },
): PastDocument | undefined {
  const snapshot = pictureOfMoment(history, askedMs);
  if (snapshot === undefined) return undefined;
  const { view, version } = snapshot;
  return {
    askedMs,
    status: statusSummary({ view }, { version, sandbox }),
    jobs: view.jobs,
    demand: view.demand,
    agents: view.instances,
    profiles: view.profiles,
    decisions: history.notes({ fromMs: 0, toMs: view.atMs + 1 }, { max: limit, levels: eventLevels }),
  };
}

/** The error if there is no picture for a moment, with the start of the history. */
export function noPicture(
  history: HistoryReader,
  askedMs: number,
): { readonly message: string; readonly hint: string } {
  const fromMs = history.span()?.fromMs;
  return {
    message: `no picture of ${timeText(askedMs)} or before is kept`,
    hint: fromMs === undefined ? "nothing is kept yet: wait a minute" : `ask for a time after ${timeText(fromMs)}`,
  };
}

const limitParameter = numberParameter("limit", "finished agents, and decisions, at most", {
  default: rows.byDefault,
  minimum: 0,
  maximum: rows.max,
});

const historyRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/history",
  id: "getHistory",
  summary: "figures, agent-hours, finished agents and decisions of the last hours or of any time that is kept",
  parameters: [
    timeParameter("from", "the beginning; by default 6 hours before the end"),
    timeParameter("to", "the end; by default now"),
    numberParameter("step", `seconds of one sample; by default so many that there are 360, at most ${samplesMax}`, {
      default: 0,
      minimum: 0,
      maximum: 86_400,
    }),
    wordParameter("level", "only decisions of this level or a higher one", eventLevels),
    limitParameter,
  ],
  answers: { 200: { description: "what happened", schema: ref("History") }, ...readErrors },
  respond: withHistory((history, { picture: { view: { atMs } }, query }) => {
    const request = requestOf(query, atMs);
    if (request === undefined) {
      return badTime(
        "from is not before to, or there would be too many samples",
        "request a shorter period, or a " +
          "longer step",
      );
    }
    return jsonResponse(historyDocument(history, request));
  }),
};

function requestOf(query: Query, nowMs: number): HistoryRequest | undefined {
  const toMs = query["to"] === undefined ? nowMs + 1 : timeOf(query["to"]);
  const fromMs = query["from"] === undefined ? toMs - 6 * hourMs : timeOf(query["from"]);
  const stepMs = Number(query["step"] ?? 0) * 1_000 || stepOf(toMs - fromMs);
  if (fromMs >= toMs || (toMs - fromMs) / stepMs > samplesMax) return undefined;
  const level = eventLevels.find((each) => each === query["level"]) ?? "info";
  return { fromMs, toMs, stepMs, level, limit: Number(query["limit"] ?? rows.byDefault) };
}

/** The time of one sample, so that a period has about 360; samples are 15 s apart. */
export function stepOf(lengthMs: number): number {
  return Math.max(1, Math.ceil(lengthMs / 360 / 15_000)) * 15_000;
}

const pastRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/history/at",
  id: "getPast",
  summary: "what the program knew at a moment: the first picture of the 15 s after it, or the nearest one",
  parameters: [timeParameter("time", "the moment"), limitParameter],
  answers: { 200: { description: "what was known", schema: ref("Past") }, ...readErrors },
  respond: withHistory((history, { query, sandbox }) => {
    if (query["time"] === undefined) return badTime("time is missing", "add the moment, e.g. ?time=2026-11-27T14:05Z");
    const limit = Number(query["limit"] ?? rows.byDefault);
    const past = pastDocument(history, timeOf(query["time"]), { sandbox, limit });
    if (past !== undefined) return jsonResponse(past);
    return refusalResponse({ status: 404, code: "no-picture", ...noPicture(history, timeOf(query["time"])) });
  }),
};

const jobsRoute: ReadRoute = {
  kind: "read",
  path: "/api/v1/history/jobs",
  id: "getHistoryJobs",
  summary:
    "demand as it was: jobs that are over, with what they asked for and when; named, with their agents and with those that are being built, only with ?job=",
  parameters: [
    timeParameter("from", "the beginning; by default 6 hours before the end"),
    timeParameter("to", "the end; by default now"),
    textParameter(
      "job",
      "only jobs with this in their locator, whatever the case, over or being built; with locator and agent, last one first",
    ),
    numberParameter("limit", "jobs at most", {
      default: rows.byDefault,
      minimum: 1,
      maximum: rows.max,
    }),
  ],
  answers: { 200: { description: "the jobs", schema: ref("HistoryJobs") }, ...readErrors },
  respond: withHistory((history, { picture: { view: { atMs } }, query }) => {
    const toMs = query["to"] === undefined ? atMs + 1 : timeOf(query["to"]);
    const fromMs = query["from"] === undefined ? toMs - 6 * hourMs : timeOf(query["from"]);
    if (fromMs >= toMs) return badTime("from is not before to", "give an earlier time to from");
    const limit = Number(query["limit"] ?? rows.byDefault);
    const { job } = query;
    const span = { fromMs, toMs };
    const jobs = job === undefined ? history.jobs(span, limit) : history.namedJobs(job, span, limit);
    return jsonResponse({ fromMs, toMs, jobs } satisfies HistoryJobsDocument);
  }),
};

/** The routes. */
export const historyRoutes: readonly ReadRoute[] = [historyRoute, pastRoute, jobsRoute];

function withHistory(
  respond: (history: HistoryReader, asked: Asked) => Response,
): (asked: Asked) => Response {
  return (asked) => {
    if (asked.history === undefined) {
      return refusalResponse({
        status: 404,
        code: "no-history",
        message: "no history is kept",
        hint: "set history.keep in framework.conf and restart",
      });
    }
    try {
      return respond(asked.history, asked);
    } catch (error) {
      if (!(error instanceof OperatorError)) throw error;
      const { code, message, hint } = error;
      return refusalResponse({ status: 503, code, message, hint });
    }
  };
}

function badTime(message: string, hint: string): Response {
  return refusalResponse({ status: 400, code: "bad-query", message, hint });
}

const spanSchema = record("a span of time", { fromMs: timeMs("its beginning"), toMs: timeMs("its end") });

/** A mean of counts has a fraction. */
function mean(description: string): Schema {
  return { type: "number", minimum: 0, description: `${description} (mean of the step)` };
}

const unlessUnread = "absent: not known, the GoCD server was not read in the step";

/** Jobs add up: those of the moment at which most of them waited. */
function jobsAtMost(description: string): Schema {
  return count(`${description} (when most waited in the step); ${unlessUnread}`);
}

function most(description: string): Schema {
  return count(`${description} (most in the step); ${unlessUnread}`);
}

const spentMs = record("time by what it was spent on, ms", {
  starting: count("until it was usable"),
  idle: count("idle"),
  busy: count("building, also the last build of an agent that drains"),
  draining: count("draining or being stopped"),
  other: count("out of contact"),
});

const decision = record("a decision, as in the log", {
  atMs: timeMs("when"),
  level: word("how much it matters", eventLevels),
  code: text("stable code"),
  text: text("one line"),
});

const sampleFields: Readonly<Record<"atMs" | keyof AgentFigures | `${keyof DemandFigures}?`, Schema>> = {
  atMs: timeMs("when the step starts"),
  "needsAgent?": jobsAtMost("jobs that need an agent to be launched"),
  "coming?": jobsAtMost("jobs for which an agent is on its way"),
  "willBeTaken?": jobsAtMost("jobs that an idle agent will take"),
  "otherCause?": jobsAtMost("jobs that wait for something else"),
  "unserved?": jobsAtMost("jobs that no profile serves"),
  "notOurs?": jobsAtMost("jobs for other agents"),
  "wanted?": most("agents to be launched as soon as offers allow"),
  starting: mean("agents that start"),
  idle: mean("idle agents"),
  building: mean("agents that build"),
  draining: mean("agents that are being removed"),
  away: mean("agents without contact"),
  "oldestWaitMs?": most("how long the job has waited that waits longest, ms"),
};

/** The schemas of the responses. */
export const historySchemas: Readonly<Record<string, Schema>> = {
  Sample: record("counts of a step of time", sampleFields),
  AgentHours: record("what the agents of a profile have cost in an hour", {
    hourMs: timeMs("when the hour starts"),
    profile: text("the profile"),
    spentMs,
  }),
  Life: record("the life of an agent", {
    taskId: text("its task in Mesos, and its hostname in GoCD"),
    profile: text("the profile"),
    "environment?": text("the environment; absent: none"),
    host: text("where it ran; empty: unknown"),
    createdMs: timeMs("when it was launched"),
    "adopted?": { type: "boolean", description: "it was found running: createdMs is when" },
    "runningMs?": timeMs("when its container ran"),
    "registeredMs?": timeMs("when it was first usable"),
    "endedMs?": timeMs("when it ended"),
    "end?": text(
      "how: stopped, dropped, launch-failed, exited, never-registered, lost; unseen: while no instance " +
        "was running",
    ),
    "kill?": text("why it was stopped"),
    "message?": text("the message of Mesos"),
    spentMs,
    builds: count("builds that it began"),
  }),
  JobLife: record("a job that was ours to serve and is over", {
    atMs: timeMs("when it was first seen waiting"),
    "locator?": text("pipeline/counter/stage/counter/job; only if a name is asked for"),
    "agent?": text("the hostname of its agent, the task of ours; only if a name is asked for; absent: none was seen"),
    resources: listOf(text("a GoCD resource"), "what it asked for"),
    "environment?": text("the environment of its pipeline; absent: none"),
    "group?": text("the group of its pipeline; absent: unknown, or the configuration asks for no groups"),
    "beganMs?": timeMs("when an agent was first seen to have it"),
    "buildMs?": count("how long an agent was seen to have it, ms"),
    "buildLeastMs?": count(
      "from the first to the last list of agents that showed its build, ms; if a name is asked for",
    ),
    "buildMostMs?": count("from the list before its build to the one after it, ms; only if a name is asked for"),
    "isDirect?": flag("it was never seen waiting, so its needs are not known; only if a name is asked for"),
    "isBuilding?": flag("its build goes on; only if a name is asked for; absent: it is over"),
    by: word("whose agent that was; unseen: no agent was seen", ["ours", "others", "unseen"]),
  }),
  HistoryJobs: record("the jobs of a time that are over, or being built if a name is asked for", {
    fromMs: timeMs("the beginning"),
    toMs: timeMs("the end"),
    jobs: listOf(ref("JobLife"), "the first one first; if a name is asked for, the last one first"),
  }),
  History: record("what happened in a period", {
    place: word("where it is kept; memory: until the program ends", ["file", "memory"]),
    "kept?": spanSchema,
    fromMs: timeMs("the beginning"),
    toMs: timeMs("the end"),
    stepMs: count("the time of one sample, ms"),
    samples: listOf(ref("Sample"), "oldest first; steps without an instance running are left out"),
    hours: listOf(ref("AgentHours"), "by hour and profile"),
    endedCount: count("agents that ended in that time"),
    ended: listOf(ref("Life"), "the last ones of these, the last one first"),
    decisions: listOf(decision, "newest first"),
  }),
  Past: record("what was known at a moment", {
    askedMs: timeMs("the moment"),
    status: ref("Status"),
    jobs: listOf(ref("Job"), "the waiting jobs"),
    demand: listOf(ref("Demand"), "by what they need"),
    agents: listOf(ref("Agent"), "our agents"),
    profiles: listOf(ref("Profile"), "the profiles"),
    decisions: listOf(decision, "those until then, newest first"),
  }),
};
