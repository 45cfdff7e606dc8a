// The schemas of the responses of /api/v1, by their names in OpenAPI. tests/web/api_test.ts checks them against the
// responses, in both directions.

import { failureKinds } from "../../core/life/failure_window.ts";
import { verdictKinds } from "../../core/words/verdicts.ts";
import { amount, count, flag, listOf, mapOf, record, ref, type Schema, text, timeMs, word } from "./schema.ts";

/** States of an AgentInstance. */
export const instanceStates = [
  "launching",
  "starting",
  "idle",
  "building",
  "draining",
  "killing",
  "unreachable",
  "unsure",
  "gone",
] as const;

/** The categories of a GocdAgent. */
export const gocdAgentStates = [
  "idle",
  "building",
  "pending",
  "disabled",
  "lost",
  "missing",
  "elastic",
  "unknown",
] as const;

/** Levels of decisions, rising. */
export const eventLevels = ["info", "warning", "error"] as const;

const needs: Readonly<Record<string, Schema>> = {
  "environment?": text("the environment; absent: none"),
  gocdResources: listOf({ type: "string" }, "names of GoCD resources"),
};

const group: Readonly<Record<string, Schema>> = {
  "pipelineGroup?": text("the group of its pipeline, empty if it is not known; absent: groups do not matter"),
};

/** Only kinds that have occurred are present. */
const recentFailures: Schema = {
  ...mapOf(
    count("how often"),
    "what has failed in the last hour: pull (its image was not pulled), launch (its container did not start), " +
      "early-exit (its container ended before it registered), register (it did not register), exit (its container ended " +
      "later), lost-contact (GoCD has lost contact with it), lost-host (Mesos has lost it); a kind without one is absent",
  ),
  propertyNames: { enum: failureKinds },
};

const demandCounts: Readonly<Record<string, Schema>> = {
  waiting: count("jobs that wait"),
  willBeTaken: count("of these, those that an idle agent will take"),
  coming: count("for agents that are starting"),
  otherCause: count("for something that another agent would not change"),
  needsAgent: count("for agents that must be launched"),
  wanted: count("agents that are launched as soon as offers allow"),
};

const jobs: Readonly<Record<string, Schema>> = {
  Job: record("a waiting job with its verdict", {
    locator: text("pipeline/counter/stage/counter/job"),
    name: text("the name of the job"),
    ...needs,
    ...group,
    verdict: word("its verdict", verdictKinds),
    "profile?": text("the profile that serves it"),
    "profileReason?": text("why this profile and not another one that could serve it; absent: no other one could"),
    firstSeenMs: timeMs("when it was first seen waiting"),
    reason: text("one sentence: what is missing, what is on its way, which key to change"),
    "brief?": text(
      "the reason without the error of a failing profile, which is shown with that profile; absent: there is none",
    ),
    reasonCode: text("stable code of the reason; a few dozen exist"),
    "nextAct?": text("what the operator can do; absent: the reason includes it, or there is nothing to do"),
    "remarks?": listOf(ref("Remark"), "what the reason contains in addition to the verdict's own reason"),
  }),
  Remark: record("something about a job that does not decide its verdict", {
    code: text("stable code"),
    text: text("a clause"),
  }),
  Demand: record("waiting jobs with the same needs: one environment or none, one set of GoCD resources", {
    key: text("stable key"),
    ...needs,
    ...group,
    "profile?": text("the profile that serves them"),
    ...demandCounts,
    pollsInARow: count("polls in a row that found that agents are needed"),
    "limitedTo?": count("how many of needsAgent the limits allow now; absent: no limit binds"),
    reason: text("what its jobs get, and what holds back the agents that they still need"),
    "brief?": text(
      "the reason without the error of a failing profile, which is shown with that profile; absent: there is none",
    ),
    "oldestMs?": timeMs("when the one that waits longest was first seen waiting"),
  }),
  Why: record("one waiting job with all that explains its verdict", {
    atMs: timeMs("the moment of the picture"),
    job: ref("Job"),
    "bucket?": ref("Demand"),
    "profile?": ref("Profile"),
    "agents?": record("the agents of the GoCD server that could take it", {
      known: count("all agents of the server"),
      able: count("those with the resources"),
      matching: count("those of them that are in its environment, or in none if it has none"),
      byState: mapOf(count("agents"), "these by their state"),
    }),
    problems: listOf(ref("Problem"), "what is wrong now and may concern it"),
  }),
};

const agents: Readonly<Record<string, Schema>> = {
  Agent: record("an agent that this program has launched: one container, through its whole life", {
    taskId: text("the Mesos task, the hostname of the container, and the hostname of its record in GoCD"),
    profile: text("its profile"),
    ...needs,
    state: word("where it is in its life", instanceStates),
    detail: text("what it waits for, in words"),
    host: text("the hostname of the Mesos agent that it runs on"),
    mesosAgentId: text("the id of that Mesos agent; empty: not known"),
    "buildLocator?": text("the job that it builds, if the GoCD server reports it"),
    "uuid?": text("its record on the GoCD server, once it has registered"),
    "drainRequested?": {
      ...flag("it is drained once idle, as requested by an operator, or because it is a canary"),
      const: true,
    },
    "canary?": { ...flag("it was launched by doctor --canary, and is removed once it has registered"), const: true },
    createdMs: timeMs("when it was launched"),
    sinceMs: timeMs("since when it is in this state"),
    "life?": listOf(
      record("a state until the next one", {
        state: word("the state; registering: its container runs", [...instanceStates, "registering"]),
        sinceMs: timeMs("when it began"),
      }),
      "its states so far as this run has seen them, oldest first",
    ),
  }),
  GocdAgent: record("a record of the GoCD server, of this program or not", {
    uuid: text("its uuid"),
    hostname: text("its hostname"),
    configState: text("agent_config_state of the server"),
    agentState: text("agent_state of the server"),
    buildState: text("build_state of the server"),
    gocdResources: listOf({ type: "string" }, "names of GoCD resources"),
    environments: listOf({ type: "string" }, "those that take part in matching"),
    elastic: flag("it is an elastic agent"),
    state: word("what it counts as", gocdAgentStates),
    "taskId?": text("the task, if this program launched it"),
  }),
  Profile: record("a kind of agents that may be launched", {
    name: text("its name"),
    image: text("its Docker image"),
    alive: count("its agents that count to its limit: neither gone nor unreachable"),
    starting: count("of these, those that have not registered yet"),
    idle: count("idle ones"),
    building: count("building ones"),
    draining: count("those that are being removed"),
    "maxAgents?": count("its limit; absent: only that of all profiles"),
    "kept?": listOf({ type: "string" }, "idle agents that are kept ready, by each policy"),
    frozen: flag("the operator has frozen it"),
    failures: count("launches that have failed in a row"),
    "blocked?": text("why it may not launch now"),
    "brief?": text("the same without the error of its launches, which is in problems"),
    "breaker?": ref("Breaker"),
    recentFailures,
    "launchHosts?": record("where its launches have failed in the last hour; absent: nowhere", {
      failed: count("hosts on which they have failed"),
      tried: count("hosts on which they have failed, or on which its agents work"),
      "only?": text("the only host on which they have failed"),
    }),
  }),
  Breaker: {
    description: "what slows down the launches of a profile after failures",
    oneOf: [
      record("nothing is launched for a while", {
        state: word("the state", ["open"]),
        sinceMs: timeMs("when the first failure in a row was counted"),
        retryMs: timeMs("when it is tried again"),
      }),
      record("one agent is tried before others are launched", {
        state: word("the state", ["half-open"]),
        sinceMs: timeMs("when the first failure in a row was counted"),
        "canary?": text("its task id; absent: not launched yet"),
        failure: text("the error of the last launch"),
      }),
    ],
  },
  Host: record("a Mesos agent that runs agents of this program, is avoided, or on which some have failed of late", {
    host: text("its hostname"),
    agents: count("agents of this program on it"),
    byState: mapOf(count("agents"), "these by their state"),
    "avoided?": record("nothing is launched on it for a while", {
      untilMs: timeMs("until when"),
      "profile?": text("the only profile that avoids it; absent: all do"),
      reason: text("why"),
    }),
    recentFailures,
  }),
  Offer: record("the last offer of a host to a role, and its outcome", {
    host: text("its hostname"),
    mesosAgentId: text("the id of its Mesos agent"),
    role: text("the role"),
    atMs: timeMs("when it was offered"),
    cpus: amount("cpus that agents may use"),
    mem: amount("MB of memory that agents may use"),
    disk: amount("MB of disk that agents may use"),
    isAccepted: flag("agents were launched with it"),
    answer: text("how many, or why none"),
  }),
};

const serverHealth: Schema = {
  description: "the state of a server",
  oneOf: [
    record("not known yet, or all is well", {
      state: word("the state", ["unknown", "fine"]),
      sinceMs: timeMs("since when"),
    }),
    record("it fails; down: for so long that attention is needed", {
      state: word("the state", ["failing", "down"]),
      sinceMs: timeMs("since when"),
      problem: ref("Problem"),
    }),
  ],
};

const check: Schema = record("whether something is so", {
  isSo: flag("whether it is"),
  reasons: listOf({ type: "string" }, "why not"),
});

const program: Readonly<Record<string, Schema>> = {
  Problem: record("what is wrong now", {
    code: text("stable code"),
    message: text("one sentence"),
    hint: text("what to do; empty: nothing, or the message includes it"),
    "detail?": text("the full text of an error, if the message contains only the essential part"),
    "sinceMs?": timeMs("since when"),
    "locators?": listOf({ type: "string" }, "jobs that it is about"),
    "profile?": text("the profile that it is about"),
    "profiles?": listOf({ type: "string" }, "the profiles that it is about, if there may be several"),
    "subject?": text("what distinguishes it from others with its code while it lasts"),
    "hostnames?": listOf({ type: "string" }, "agents that it is about"),
    "forMin?": { type: "number", description: "for how many minutes, if the server reports it" },
  }),
  Event: record("a decision or an observation, as in the log", {
    id: { type: "integer", minimum: 1, description: "increases by 1; starts again with each start of the program" },
    atMs: timeMs("when"),
    level: word("how much it matters", eventLevels),
    code: text("stable code"),
    text: text("one line"),
  }),
  Health: record("the health of the program", {
    isHealthy: flag("for monitors: the loop moves, and no server is down"),
    reasons: listOf({ type: "string" }, "all that is wrong"),
    live: check,
    ready: check,
    leader: check,
  }),
  ServerHealth: serverHealth,
  Gocd: record("the GoCD server", {
    health: ref("ServerHealth"),
    "version?": text("its version"),
    maintenance: word("its maintenance mode", ["on", "off", "unknown"]),
    "lastPollMs?": timeMs("the last good poll"),
    nextPollMs: timeMs("the next poll"),
    stale: flag("no good poll for longer than poller.stale-after: nothing is launched or removed"),
  }),
  Mesos: record("the session with the Mesos master", {
    health: ref("ServerHealth"),
    "frameworkId?": text("the id of the framework, once registered"),
    frameworkName: text("mesos.name"),
    session: word("the session", ["subscribed", "connecting", "superseded", "ended"]),
    "master?": text("host:port of the leading master"),
    "masterVersion?": text("its version"),
    sinceMs: timeMs("since when the session is so"),
    offers: word("whether offers are wanted", ["suppressed", "wanted"]),
    "reason?": text("why there is no session"),
    "lastHeardMs?": timeMs("when the last data of the master arrived in this session"),
  }),
  Leadership: record("this instance's part among several that share one state", {
    role: word("a standby only waits", ["leader", "standby"]),
    "leader?": text("the instance that leads, as a standby sees it"),
    sinceMs: timeMs("since when"),
  }),
  Limit: record("a limit and how full it is", {
    "profile?": text("the profile; absent: all profiles together (scaling.max-agents)"),
    agents: count("agents that count to it"),
    maxAgents: count("the limit"),
  }),
  UsedLimit: record("a limit of scaling and how much of it is used", {
    key: text("its key: scaling.launches-per-minute, scaling.max-cpu-share, scaling.cpu-hours-per-day"),
    used: amount("how much is used: launches of the last minute, cpus now, cpu-hours of today"),
    limit: amount("the limit; of max-cpu-share so many of the cpus seen in Mesos"),
    unit: text("what both count: launches, cpus, cpu-hours"),
  }),
};

const status: Schema = record("the program at a glance", {
  atMs: timeMs("the moment of the picture"),
  startedMs: timeMs("when the program was started"),
  version: text("version of the program"),
  sandbox: word("how far its rights are limited", ["on", "partial", "off"]),
  mode: word("what the operator has asked for", ["run", "drain", "teardown"]),
  frozen: flag("launching is frozen as a whole"),
  tornDown: flag("the framework was torn down: none is registered until the operator resumes"),
  "leadership?": ref("Leadership"),
  health: ref("Health"),
  gocd: ref("Gocd"),
  mesos: ref("Mesos"),
  jobs: record("the waiting jobs", {
    waiting: count("all of them"),
    verdicts: listOf(
      record("the jobs of one verdict", {
        verdict: word("the verdict", verdictKinds),
        jobs: count("how many"),
        "oldest?": record("the one that has waited longest", {
          locator: text("which"),
          firstSeenMs: timeMs("when it was first seen waiting"),
          reason: text("why it waits; the error of a failing profile is among the problems"),
        }),
      }),
      "every verdict, most urgent first",
    ),
  }),
  agents: record("the agents that this program has launched, by their state", {
    ...Object.fromEntries(instanceStates.map((state) => [state, count(`agents that are ${state}`)])),
  }),
  gocdAgents: record("all agents of the GoCD server, by their state", {
    ...Object.fromEntries(gocdAgentStates.map((state) => [state, count(`agents that count as ${state}`)])),
  }),
  limits: listOf(ref("Limit"), "every limit on agents, that of all profiles first"),
  usedLimits: listOf(ref("UsedLimit"), "the other limits of scaling that are set"),
  avoidedHosts: listOf(
    record("nothing is launched on it for a while", {
      host: text("its hostname"),
      untilMs: timeMs("until when"),
      "profile?": text("the only profile that avoids it; absent: all do"),
      reason: text("why"),
    }),
    "Mesos agents on which nothing is launched for a while",
  ),
  problems: listOf(ref("Problem"), "what is wrong now, worst first"),
});

const commands: Readonly<Record<string, Schema>> = {
  Error: record("why a request was refused", {
    code: text("stable code"),
    message: text("what is wrong"),
    hint: text("what to do"),
  }),
  Accepted: record("a command that is carried out", {
    kind: word("the outcome", ["accepted"]),
    message: text("what happens now"),
  }),
  Rejected: record("a command that was understood and is not carried out", {
    kind: word("the outcome", ["rejected"]),
    code: text("stable code: profile-unknown, agent-unknown, standby (another instance leads), not-done (it failed)"),
    message: text("why not"),
    hint: text("what to do"),
  }),
  HealthAnswer: record("one question about health", {
    status: word("the answer", [
      ...["healthy", "degraded", "unhealthy"],
      ...["live", "stuck", "ready", "not ready", "leader", "standby"],
    ]),
    reasons: listOf({ type: "string" }, "what is wrong"),
  }),
};

/** All named schemas. */
export const schemas: Readonly<Record<string, Schema>> = {
  Status: status,
  ...jobs,
  ...agents,
  ...program,
  ...commands,
};

/** A page of a list. */
export function pageOf(name: string, items: string): Schema {
  return record(`a page of the ${items}`, {
    atMs: timeMs("the moment of the picture"),
    total: count(`${items} that match`),
    offset: count("how many of them come before this page"),
    [items]: listOf(ref(name), "this page"),
    "next?": text("path and query of the next page; absent: this is the last one"),
  });
}
