// The program's requests to the simulated GoCD server: one in flight, with delays there and back, failures and late
// responses. No HTTP: lists are read from the model's records, as each version would show them.

import type { GocdEffect } from "../../src/core/effect.ts";
import type { GocdProblem } from "../../src/core/event.ts";
import type { GocdAgent, GocdServerInfo, ScheduledJob } from "../../src/core/gocd_records.ts";
import { fateOf } from "./faults_calls.ts";
import { encodeBasic } from "../../src/sim/gocd/access.ts";
import type { SimResponse } from "../../src/sim/gocd/http_message.ts";
import { noteList } from "./invariants_clocks.ts";
import {
  isFeedless,
  listAgents,
  type ListedJob,
  listJobs,
  listJobsOf,
  readRefusal,
  runningStages,
} from "./gocd_lists.ts";
import { costOfLostRequest, costOfSlowRequest } from "./invariants_costs.ts";
import { charge } from "./invariants_progress.ts";
import { withGroups } from "./gocd_groups.ts";
import { noteBuilds } from "./invariants_groups.ts";
import { noteListMade } from "./invariants_servers.ts";
import { noteAsked } from "./invariants_shown.ts";
import { type GocdRules, gocdRules } from "../../src/sim/gocd/versions.ts";
import { after, afterIn, networkDelayMs, type Program, programMs, trace, type World } from "./world_state.ts";

/** The timeout of requests (`go-server.timeout`). */
const timeoutMs = 30_000;
/** Name and password of our account. */
export const ourAccount = { name: "gocd-mesos", password: "secret" } as const;

/** Performs one effect; the response arrives as an event. */
export function performGocd(world: World, program: Program, effect: GocdEffect): void {
  if (effect.kind === "poll-gocd" || effect.kind === "read-gocd-agents") noteAsked(world.watch.shown, world.nowMs);
  switch (effect.kind) {
    case "poll-gocd":
      return poll(world, program, effect);
    case "read-gocd-agents":
      return exchange(world, program, { kind: effect.kind, act: () => readAgents(world), isList: true }, {
        done: (agents, took) => {
          noteList(world, took);
          noteBuilds(world, agents);
          program.handle({ kind: "gocd-agents-read", agents, tookMs: took.tookMs, agentsRequestedMs: took.askedMs });
        },
        failed: (problem) => program.handle({ kind: "gocd-poll-failed", problem }),
      });
    case "enable-gocd-agent":
    case "correct-gocd-agent":
    case "disable-gocd-agents":
    case "delete-gocd-agents":
      return exchange(world, program, { kind: effect.kind, act: () => change(world, effect) }, {
        done: () => program.handle({ kind: "gocd-call-done", call: effect }),
        failed: (problem) => program.handle({ kind: "gocd-call-failed", call: effect, problem }),
      });
    default:
      effect satisfies never;
  }
}

/** The response of the server, or why there is none. */
export type Answer<Value> = { readonly ok: Value } | { readonly problem: GocdProblem };

/** A problem as the port would describe it. */
export function problemOf(code: string, kind: GocdProblem["kind"]): { readonly problem: GocdProblem } {
  return { problem: { code, kind, message: `the simulated GoCD server: ${code}`, hint: "look at the trace" } };
}

/** The waiting jobs, then agents: other requests can slip in between. */
function poll(world: World, program: Program, effect: GocdEffect & { readonly kind: "poll-gocd" }): void {
  const failed = (problem: GocdProblem): void => program.handle({ kind: "gocd-poll-failed", problem });
  exchange(world, program, { kind: "poll-gocd", act: () => readFeed(world) }, {
    failed,
    done: ({ server, jobs: fed }, feed) => {
      const thenAgents = (jobs: readonly ScheduledJob[], jobsMs: number): void =>
        withGroups(world, program, {
          isAsked: effect.pipelineGroups === true,
          jobs,
          done: (groups) =>
            exchange(world, program, { kind: "poll-gocd", act: () => readAgents(world), isList: true }, {
              failed,
              done: (agents, took) => {
                noteList(world, took);
                noteBuilds(world, agents);
                world.watch.groups.shown = groups.pipelineGroups ?? world.watch.groups.shown;
                const lists = { server, jobs, agents, findings: [], tookMs: jobsMs + took.tookMs };
                program.handle({ kind: "gocd-polled", ...lists, agentsRequestedMs: took.askedMs, ...groups });
              },
            }),
        });
      if (!isFeedless(world)) return thenAgents(fed, feed.tookMs);
      readRuns(world, program, {
        groups: runningStages(world),
        jobs: [],
        tookMs: feed.tookMs,
        done: thenAgents,
        failed,
      });
    },
  });
}

interface RunsReading {
  /** Stage runs that are still to be read. */
  readonly groups: readonly ReadonlySet<string>[];
  /** Waiting jobs of those already read. */
  readonly jobs: readonly ListedJob[];
  readonly tookMs: number;
  readonly done: (jobs: readonly ScheduledJob[], tookMs: number) => void;
  readonly failed: (problem: GocdProblem) => void;
}

/** Without the feed each stage run is read at a different time: a job may have been taken or rescheduled since. */
function readRuns(world: World, program: Program, reading: RunsReading): void {
  const [group, ...groups] = reading.groups;
  if (group === undefined) {
    const jobs = reading.jobs.toSorted((a, b) => a.id - b.id);
    return reading.done(jobs.map(({ job }) => job), reading.tookMs);
  }
  exchange(world, program, { kind: "poll-gocd", act: () => readStages(world, group) }, {
    failed: reading.failed,
    done: (jobs, { tookMs }) =>
      readRuns(world, program, {
        ...reading,
        groups,
        jobs: [...reading.jobs, ...jobs],
        tookMs: reading.tookMs + tookMs,
      }),
  });
}

/** One request. */
export interface Request<Value> {
  readonly kind: GocdEffect["kind"];
  /** Its action on the server. */
  readonly act: () => Answer<Value>;
  /** It is the list of agents, which may be slow. */
  readonly isList?: true;
}

/** When a request was sent, by the program's clock, and how long it took. */
export interface Took {
  readonly askedMs: number;
  readonly tookMs: number;
}

/** Handles its response. */
export interface Hooks<Value> {
  readonly done: (value: Value, took: Took) => void;
  readonly failed: (problem: GocdProblem) => void;
}

/** One request: it waits for its turn, is sent, and may fail in either direction. */
export function exchange<Value>(
  world: World,
  program: Program,
  request: Request<Value>,
  { done, failed }: Hooks<Value>,
): void {
  program.gocdQueue.push(() => {
    const sentMs = world.nowMs;
    const askedMs = programMs(world);
    if (request.isList === true) noteAsked(world.watch.shown, sentMs);
    const settle = (answer: Answer<Value>): void => {
      program.isGocdBusy = false;
      if ("ok" in answer) done(answer.ok, { askedMs, tookMs: world.nowMs - sentMs });
      else failed(answer.problem);
      startNext(program);
    };
    travel(world, request, (answer, afterMs) => afterIn(world, program, afterMs, () => settle(answer)));
  });
  startNext(program);
}

const noAnswer = problemOf("gocd-timeout", "unreachable");

/** There and back. Once sent, a request arrives even if the program has died or given up. */
function travel<Value>(
  world: World,
  { kind, act, isList }: Request<Value>,
  settleAfter: (answer: Answer<Value>, afterMs: number) => void,
): void {
  const { odds, isSlow } = drawFate(world);
  const fate = fateOf(world.requestDice, world.isHealed ? undefined : world.scenario.faults.requests.get(kind));
  const wayMs = isSlow ? world.dice.between(1, odds.slowMsMax) : networkDelayMs(world);
  if (isSlow) charge(world, costOfSlowRequest(world, wayMs));
  if (fate === "late") {
    trace(world, () => `gocd    ${kind} is late`);
    charge(world, costOfLostRequest(world, kind));
    settleAfter(noAnswer, timeoutMs);
    return after(world, timeoutMs + world.requestDice.between(0, 60_000), () => void act());
  }
  after(world, wayMs, () => {
    const lost = fate === "lost" ? problemOf("gocd-unreachable", "unreachable") : loseRequest(world, odds.failed);
    const answer = lost ?? act();
    // A proxy has sent it twice.
    if (fate === "twice") after(world, networkDelayMs(world), () => void act());
    const isLost = lost === undefined && (fate === "answerLost" || world.dice.chance(odds.answerLost));
    if (isLost) trace(world, () => "gocd    the answer is lost");
    if (isLost || lost !== undefined) charge(world, costOfLostRequest(world, kind));
    const isNever = lost !== undefined && world.weather.outage === "no-answer";
    const takesMs = isList === true ? listMs(world) : 0;
    const backMs = isLost
      ? world.dice.pick([10, timeoutMs - wayMs])
      : isNever
      ? timeoutMs - wayMs
      : fate === "slowBack"
      ? world.requestDice.between(0, timeoutMs - wayMs)
      : Math.min(networkDelayMs(world) + takesMs, timeoutMs - wayMs);
    if (fate === "slowBack" || takesMs > 0) charge(world, costOfSlowRequest(world, backMs));
    settleAfter(isLost ? noAnswer : answer, backMs);
  });
}

/** Duration of the list of agents, which shows the state at the time of the request. */
function listMs({ scenario: { faults: { lists } }, requestDice, isHealed }: World): number {
  const isSlow = lists.slow > 0 && !isHealed && requestDice.chance(lists.slow);
  return isSlow ? requestDice.between(lists.usualMs, timeoutMs) : lists.usualMs;
}

function startNext(program: Program): void {
  if (program.isGocdBusy) return;
  const next = program.gocdQueue.shift();
  if (next === undefined) return;
  program.isGocdBusy = true;
  next();
}

function drawFate(world: World): { readonly odds: World["scenario"]["faults"]["gocd"]; readonly isSlow: boolean } {
  const calm = { failed: 0, answerLost: 0, slow: 0, slowMsMax: 0 };
  const odds = world.isHealed ? calm : world.scenario.faults.gocd;
  return { odds, isSlow: world.dice.chance(odds.slow) };
}

/** Why a request does not reach the server, or its response is unusable. */
function loseRequest(world: World, failed: number): { readonly problem: GocdProblem } | undefined {
  world.gocd.advance(world.nowMs);
  const { outage } = world.weather;
  const how = outage ?? (world.dice.chance(failed) ? world.dice.pick(["refused", "error-500"] as const) : undefined);
  switch (how) {
    case undefined:
      return undefined;
    case "refused":
    case "no-answer":
      return problemOf("gocd-unreachable", "unreachable");
    case "login-page":
      return problemOf("gocd-login-page", "unreadable");
    case "error-500":
      return problemOf("gocd-server-error", "unreachable");
    case "truncated":
      return problemOf("gocd-truncated", "unreadable");
    default:
      return how satisfies never;
  }
}

function readFeed(world: World): Answer<{ readonly server: GocdServerInfo; readonly jobs: readonly ScheduledJob[] }> {
  const refusal = readRefusal(world, "feed");
  if (refusal !== undefined) return refusal;
  const rules = gocdRules(world.gocd.version);
  const server: GocdServerInfo = {
    version: rules.version,
    resourceCase: rules.resourceCase,
    slowRegistration: !rules.agentsInDatabase,
    maintenance: rules.pause === "none"
      ? "off"
      : !world.weather.hasRights
      ? "unknown"
      : world.weather.isGocdInMaintenance
      ? "on"
      : "off",
  };
  return { ok: { server, jobs: listJobs(world, rules) } };
}

function readStages(world: World, stages: ReadonlySet<string>): Answer<readonly ListedJob[]> {
  const refusal = readRefusal(world, "feed");
  return refusal ?? { ok: listJobsOf(world, stages) };
}

function readAgents(world: World): Answer<readonly GocdAgent[]> {
  const refusal = readRefusal(world, "agents");
  if (refusal !== undefined) return refusal;
  const agents = listAgents(world, gocdRules(world.gocd.version));
  noteListMade(world, agents);
  return { ok: agents };
}

type Change = Exclude<GocdEffect, { readonly kind: "poll-gocd" | "read-gocd-agents" }>;

/** Sends a change to the model like the real port; as a list if the version supports it, otherwise individually. */
function change(world: World, effect: Change): Answer<undefined> {
  // The other server knows none of our agents; a list is then sent individually, and each is missing.
  if (world.weather.otherGocd !== undefined) {
    return effect.kind === "enable-gocd-agent" ? problemOf("gocd-agent-missing", "missing") : { ok: undefined };
  }
  const rules = gocdRules(world.gocd.version);
  const isV1 = acceptFor(rules).includes("v1+json");
  if (effect.kind === "enable-gocd-agent" || effect.kind === "correct-gocd-agent") {
    const { registration } = effect;
    const resources = registration === undefined ? {} : {
      ...("hostname" in registration ? { hostname: registration.hostname } : {}),
      resources: registration.gocdResources,
    };
    const environments = registration === undefined
      ? {}
      : { environments: registration.environment === undefined ? [] : [registration.environment] };
    const body = isV1
      ? { enabled: true, ...resources }
      : { "agent_config_state": "Enabled", ...resources, ...environments };
    return verdict(send(world, "PATCH", effect.uuid, body));
  }
  const uuids = [...new Set(effect.agents.map((each) => each.uuid))];
  const isDelete = effect.kind === "delete-gocd-agents";
  if (rules.bulkAgents && (!isDelete || uuids.length > 1)) {
    const operations = { resources: { add: [], remove: [] }, environments: { add: [], remove: [] } };
    const body = isDelete ? { uuids } : { uuids, "agent_config_state": "Disabled", operations };
    const answer = verdict(send(world, isDelete ? "DELETE" : "PATCH", undefined, body));
    if ("ok" in answer || !["conflict", "missing"].includes(answer.problem.kind)) return answer;
  }
  const disabled = isV1 ? { enabled: false } : { "agent_config_state": "Disabled" };
  const refused = uuids.map((uuid) =>
    verdict(isDelete ? send(world, "DELETE", uuid) : send(world, "PATCH", uuid, disabled))
  ).find((answer) => "problem" in answer && answer.problem.kind !== "missing");
  return refused ?? { ok: undefined };
}

/** The media type for agents that the program requests from a version. */
function acceptFor(rules: GocdRules): string {
  if (rules.unversionedAccept) return "application/vnd.go.cd+json";
  return `application/vnd.go.cd.${rules.agentsShapes[rules.agentsShapes.length - 1] ?? "v1"}+json`;
}

function send(world: World, method: string, uuid: string | undefined, body?: unknown): SimResponse {
  const login = world.scenario.isSecured
    ? { authorization: `Basic ${encodeBasic(`${ourAccount.name}:${ourAccount.password}`)}` }
    : {};
  const response = world.gocd.handle({
    method,
    path: `${world.gocd.contextPath}/api/agents${uuid === undefined ? "" : `/${encodeURIComponent(uuid)}`}`,
    headers: {
      host: "gocd",
      accept: acceptFor(gocdRules(world.gocd.version)),
      ...(body === undefined ? {} : { "content-type": "application/json" }),
      ...login,
    },
    body: body === undefined ? "" : JSON.stringify(body),
  }, world.nowMs);
  trace(world, () => `gocd    ${method} ${uuid ?? "agents"} → ${response.status}`);
  return response;
}

/** Somebody changes a record in the browser with our account. */
export function changeByHand(world: World, uuid: string, how: "disable" | "enable"): void {
  const rules = gocdRules(world.gocd.version);
  const isV1 = acceptFor(rules).includes("v1+json");
  const state = how === "enable" ? "Enabled" : "Disabled";
  send(world, "PATCH", uuid, isV1 ? { enabled: how === "enable" } : { "agent_config_state": state });
}

/** Somebody deletes the record of an ended agent with our account. */
export function deleteByHand(world: World, uuid: string): void {
  const seemsToBuild = world.gocd.agents().some((record) =>
    record.uuid === uuid && (record.runtime === "Building" || record.runtime === "Cancelled")
  );
  // Its silence must be detected first, which old servers only do for enabled agents.
  changeByHand(world, uuid, seemsToBuild ? "enable" : "disable");
  if (!seemsToBuild && send(world, "DELETE", uuid).status < 300) world.watch.servers.deletedByHand.add(uuid);
}

/** How the port interprets the response to a change. */
function verdict({ status, body }: SimResponse): Answer<undefined> {
  if (status >= 200 && status < 300) return { ok: undefined };
  switch (status) {
    case 404:
      return problemOf("gocd-agent-missing", "missing");
    case 400:
    case 406:
    case 409:
    case 422:
      return problemOf("gocd-agent-busy", "conflict");
    case 401:
    case 403:
      return problemOf("gocd-forbidden", "refused");
    case 503:
      return /is starting/.test(body)
        ? problemOf("gocd-starting", "starting")
        : problemOf("gocd-maintenance", "maintenance");
    default:
      return problemOf(`gocd-${status}`, "unreachable");
  }
}
