// Rules that stand alone: maintenance windows in words, settings that change, the brake's words, launches that go
// without, environments, failures of one wave. Stories are in the tests of each subject.

import { assertEquals } from "@std/assert";
import { assess } from "../../src/core/demand/assess.ts";
import { bucketJobs } from "../../src/core/demand/backlog.ts";
import { Draft } from "../../src/core/draft.ts";
import { missingEnvironmentFindings } from "../../src/core/demand/environments.ts";
import { countFailure, waivePollWait } from "../../src/core/life/failures.ts";
import { withPossibleBuild } from "../../src/core/demand/hung_build.ts";
import { noteKeptIdentity } from "../../src/core/session/immutable_identity.ts";
import type { InverseOffer, Unavailability } from "../../src/core/placement/offer.ts";
import type { SeenJob, State } from "../../src/core/state.ts";
import { watchedFrom } from "../../src/core/session/watched.ts";
import {
  drive,
  type Driver,
  emptyStore,
  gocdAgent,
  job,
  jobs,
  linesOf,
  linux,
  minute,
  offer,
  only,
  second,
  serverInfo,
  someSettings,
  withIdleAgent,
  zeroMs,
} from "../support/core.ts";
import { anInstance, aRegistered, mesosSays, stateOf } from "./instance_fixtures.ts";

const hour = 60 * minute;

function askedBack(window: (world: Driver) => Unavailability, changes: Partial<InverseOffer> = {}): string[] {
  const { world } = withIdleAgent();
  const unavailability = window(world);
  world.noted();
  world.send({
    kind: "inverse-offers-received",
    offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability, ...changes }],
  });
  return world.noted().map(({ level, code, text }) => `${level} ${code}: ${text}`);
}

const finish = "1 agent there finish their jobs first";

Deno.test("an inverse offer for a host is reported with its window, and with what its agents do", () => {
  assertEquals(askedBack(({ atMs }) => ({ startMs: atMs + 10 * minute })), [
    `info maintenance-requested: Mesos asks to free host h1 (maintenance in 10 min); ${finish}`,
  ]);
  assertEquals(askedBack(({ atMs }) => ({ startMs: atMs - 1 })), [
    `info maintenance-requested: Mesos asks to free host h1 (maintenance has begun); ${finish}`,
  ]);
  assertEquals(askedBack(({ atMs }) => ({ startMs: atMs })), [
    `info maintenance-requested: Mesos asks to free host h1 (maintenance has begun); ${finish}`,
  ]);
  assertEquals(askedBack(({ atMs }) => ({ startMs: atMs + 3 * hour })), [
    "info maintenance-announced: Mesos asks to free host h1 (maintenance in 3 h); 1 agent there keep running, and are drained from " +
    "60 min before it (scaling.maintenance-lead)",
  ]);
  assertEquals(askedBack(({ atMs }) => ({ startMs: atMs - hour, durationMs: minute })), [
    "info maintenance-announced: Mesos asks to free host h1 (maintenance is over); 1 agent there keep running; remove the host from the maintenance schedule of Mesos",
  ]);
});

function refusal(window: (world: Driver) => Unavailability): unknown {
  const { world } = withIdleAgent();
  world.taken();
  world.send({
    kind: "inverse-offers-received",
    offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: window(world) }],
  });
  return only(world.taken(), "decline-inverse-offers").map(({ refuseSeconds }) => refuseSeconds);
}

Deno.test("a request is asked again when its lead starts, a minute later at the earliest, an hour at the latest", () => {
  const at = (startsInMs: number): unknown => refusal(({ atMs }) => ({ startMs: atMs + startsInMs }));
  assertEquals([at(hour - 1), at(hour), at(hour + 59_500), at(hour + 60_500), at(3 * hour)], [[60], [60], [60], [61], [
    3_600,
  ]]);
  assertEquals(refusal(({ atMs }) => ({ startMs: atMs - hour, durationMs: minute })), [3_600]);
});

Deno.test("a request of the whole framework is about every host", () => {
  const { world, taskId } = withIdleAgent();
  world.send({ kind: "inverse-offers-received", offers: [{ id: "i1", unavailability: { startMs: world.atMs } }] });
  assertEquals(world.instance(taskId).retire, "maintenance");
});

Deno.test("Mesos has four minutes to repeat an inverse offer, fifteen after SUBSCRIBED, before a window counts as cancelled", () => {
  const kept = (waitMs: number, isNewSession = false): boolean => {
    const { world, taskId } = withIdleAgent();
    world.send({
      kind: "inverse-offers-received",
      offers: [{ id: "i1", mesosAgentId: "a-h1", unavailability: { startMs: world.atMs } }],
    });
    if (isNewSession) world.subscribe();
    world.wait(waitMs, minute);
    return world.instance(taskId).retire === undefined;
  };
  assertEquals([kept(4 * minute - 1), kept(4 * minute)], [false, true]);
  assertEquals([kept(15 * minute - 1, true), kept(15 * minute, true)], [false, true]);
});

Deno.test("new settings are reported with the number of living agents that they replace", () => {
  const { world, taskId } = withIdleAgent();
  const changed = (hash: string): string[] => {
    world.noted();
    world.send({ kind: "settings-changed", settings: someSettings({ profiles: [{ ...linux, hash }] }) });
    return world.noted().filter(({ code }) => code === "settings-changed").map(({ text }) => text);
  };
  assertEquals(changed("11111111"), [
    "the new configuration is in effect; 1 agent of a changed profile is replaced once idle",
  ]);
  assertEquals(changed("00000000"), ["the new configuration is in effect"]);
  world.status(taskId, "TASK_FAILED");
  assertEquals(changed("22222222"), ["the new configuration is in effect"]);
});

Deno.test("a wave that fails keeps the longer of its pause and five seconds from now", () => {
  const pause = (retryInMs: number): number => {
    const state = stateOf([]);
    const profiles = new Map([["default", {
      failures: 1,
      sinceMs: zeroMs,
      lastFailureMs: zeroMs,
      retryMs: zeroMs + retryInMs,
      lastFailure: mesosSays("x"),
    }]]);
    const draft = new Draft({ ...state, breakers: { profiles, hosts: new Map() } }, zeroMs, 0.5);
    countFailure(draft, anInstance("t", { state: "starting" }), mesosSays("x"));
    const after = draft.state.breakers.profiles.get("default");
    assertEquals(after?.failures, 1);
    return (after?.retryMs ?? 0) - zeroMs;
  };
  assertEquals([pause(0), pause(5_000), pause(5_001), pause(60_000)], [5_000, 5_000, 5_001, 60_000]);
});

Deno.test("pauses after failures double from ten seconds to ten minutes, a quarter more or less by chance", () => {
  const pause = (failures: number, random: number): number => {
    const state = stateOf([]);
    const profiles = new Map(
      failures === 0
        ? []
        : [["default", { failures, sinceMs: zeroMs, lastFailureMs: zeroMs, retryMs: 0, lastFailure: mesosSays("x") }]],
    );
    const draft = new Draft({ ...state, breakers: { profiles, hosts: new Map() } }, zeroMs + 5, random);
    countFailure(draft, anInstance("t", { state: "starting" }, { createdMs: zeroMs + 1 }), mesosSays("x"));
    return ((draft.state.breakers.profiles.get("default")?.retryMs ?? 0) - zeroMs - 5) / second;
  };
  assertEquals([0, 1, 2, 5, 6, 40].map((failures) => pause(failures, 0.5)), [10, 20, 40, 320, 600, 600]);
  assertEquals([pause(0, 0), pause(0, 0.5), pause(1, 0)], [7.5, 10, 15]);
});

Deno.test("a bucket keeps its streak for one of its agents, even before the first poll, unless it no longer waits", () => {
  const streak = (
    bucketKey: string | undefined,
    change: (state: State) => State = (state) => state,
  ): number | undefined => {
    const state = stateOf([], {}, { poller: { attempts: 3 } });
    const backlog = bucketJobs(jobs(1), state.settings.poller, "insensitive");
    const draft = new Draft(
      change({ ...state, server: { ...state.server, lastPollMs: zeroMs }, demand: { ...state.demand, backlog } }),
      zeroMs,
      0.5,
    );
    waivePollWait(draft, anInstance("t", { state: "starting" }, bucketKey === undefined ? {} : { bucketKey }));
    return draft.state.demand.streaks.get(bucketKey ?? "");
  };
  assertEquals([streak(";linux"), streak(";gone"), streak(undefined)], [4, undefined, undefined]);
  const early = (state: State): State => {
    const { lastPollMs: _, ...server } = state.server;
    return { ...state, server };
  };
  assertEquals(streak(";gone", early), 4);
  const long = (state: State): State => ({ ...state, demand: { ...state.demand, streaks: new Map([[";linux", 9]]) } });
  assertEquals(streak(";linux", long), 9);
});

Deno.test("an idle agent that is lost while a job waits that it could take may hold that job, but no other", () => {
  const lost = (...waiting: readonly ReturnType<typeof job>[]): boolean => {
    const state = stateOf([]);
    const backlog = bucketJobs(waiting, state.settings.poller, "insensitive");
    const reading = { requestedMs: zeroMs + 20 * second, readMs: zeroMs + 20 * second, tookMs: [0] };
    const times = { healthySinceMs: zeroMs, idleSinceMs: new Map([["uuid-t", zeroMs]]), reading };
    const server = { ...state.server, ...times, agents: [gocdAgent("t")] };
    const draft = new Draft({ ...state, server, demand: { ...state.demand, backlog } }, zeroMs + minute, 0.5);
    const instance = aRegistered("t", "idle");
    const after = withPossibleBuild(draft, instance);
    assertEquals(after, after.mayHoldBuild === true ? { ...instance, mayHoldBuild: true } : instance);
    return after.mayHoldBuild === true;
  };
  assertEquals([lost(job("j")), lost(job("j", { gocdResources: ["gpu"] })), lost()], [true, false, false]);
});

Deno.test("only the first environment of a profile with min-idle loses its ready agents, others lose jobs", () => {
  const lost = (environments: readonly string[], minIdle: number): string[] =>
    missingEnvironmentFindings([{ ...linux, environments, minIdle }], ["x"]).map(({ message }) =>
      message.split(": ")[1] ?? ""
    );
  const [warm, jobsOnly] = ["its min-idle agents are not launched", "it gets no jobs from there"];
  assertEquals([lost(["x"], 1), lost(["y", "x"], 1), lost(["x"], 0)], [[warm], [jobsOnly], [jobsOnly]]);
});

Deno.test("a profile that finds no place is reported when that starts, again once it had one, and not at each offer", () => {
  const world = drive();
  world.subscribe();
  world.poll({ jobs: jobs(1) });
  world.wait(6 * second);
  const missed = (cpus: number): string[] => {
    world.noted();
    world.offers(offer("h1", { cpus }));
    return world.noted().filter(({ code }) => code === "no-fitting-offer").map(({ text }) => text);
  };
  const text = "no Mesos offer fits profile default: largest offer short by 0.5 cpus on host h1";
  assertEquals([missed(0.5), missed(0.5), missed(4)], [[text], [], []]);
  world.poll({ jobs: jobs(3) });
  assertEquals(missed(0.5), [text]);
});

Deno.test("properties that Mesos keeps of a framework are reported with those of the configuration", () => {
  const state = stateOf([]);
  const draft = new Draft(
    {
      ...state,
      framework: { ...state.framework, frameworkId: "f-1", registeredAs: { user: "root" } },
      settings: { ...state.settings, registersAs: { user: "ci", principal: "p" } },
    },
    zeroMs,
    0.5,
  );
  noteKeptIdentity(draft);
  const [note] = linesOf(draft);
  assertEquals([note?.code, note?.fields], ["identity-kept", { frameworkId: "f-1" }]);
});

/** The cause that a job waits for, which was seen at zeroMs, beside an agent that has been idle since then. */
function causeOf(
  afterMs: number,
  memory: Partial<SeenJob> = {},
  change: (state: State) => State = (state) => state,
): string | undefined {
  const state = stateOf([]);
  const atMs = zeroMs + afterMs;
  const backlog = bucketJobs([job("j")], state.settings.poller, "insensitive");
  const remembered = {
    firstSeenMs: zeroMs,
    bucketKey: ";linux",
    order: 0,
    passedOver: 0,
    otherCauseCount: 0,
    ...memory,
  };
  const [assessed] = assess(
    change({
      ...state,
      demand: { ...state.demand, backlog, seen: new Map([["p/1/s/1/j", remembered]]) },
      server: {
        ...state.server,
        info: serverInfo,
        lastPollMs: atMs,
        agents: [gocdAgent("h")],
        idleSinceMs: new Map([["uuid-h", zeroMs]]),
        healthySinceMs: zeroMs,
        serving: watchedFrom(zeroMs),
        reading: { requestedMs: atMs, readMs: atMs, tookMs: [0] },
      },
    }),
    atMs,
  ).buckets;
  const cause = assessed?.otherCauses.get("p/1/s/1/j");
  return cause === undefined ? undefined : `${cause.kind}${assessed?.newlyPassed.size === 1 ? " (new)" : ""}`;
}

Deno.test("a job that an idle agent leaves waiting for assign-grace waits for another cause", () => {
  assertEquals([causeOf(90 * second - 1), causeOf(90 * second)], [undefined, "idle-unused (new)"]);
  assertEquals(causeOf(90 * second, { firstSeenMs: zeroMs + 1 }), undefined);
  const idleLater = (state: State): State => ({
    ...state,
    server: { ...state.server, idleSinceMs: new Map([["uuid-h", zeroMs + 1]]) },
  });
  assertEquals(causeOf(90 * second, {}, idleLater), undefined);
  const alone = (state: State): State => ({
    ...state,
    server: { ...state.server, agents: [], idleSinceMs: new Map() },
  });
  assertEquals(causeOf(90 * second, {}, alone), undefined);
});

Deno.test("a verdict of another cause lasts until its time, unless an agent that matches was lost since", () => {
  const alone = (state: State): State => ({
    ...state,
    server: { ...state.server, agents: [], idleSinceMs: new Map() },
  });
  const judged = { otherCause: { sinceMs: zeroMs, untilMs: zeroMs + 30 * minute } };
  assertEquals([causeOf(30 * minute - 1, judged, alone), causeOf(30 * minute, judged, alone)], [
    "left-before",
    undefined,
  ]);
  const lost = (sinceMs: number, changes = {}) => (state: State): State => ({
    ...state,
    server: {
      ...state.server,
      idleSinceMs: new Map(),
      agents: [gocdAgent("h", { agentState: "LostContact", ...changes })],
      lostSinceMs: new Map([["uuid-h", sinceMs]]),
    },
  });
  assertEquals([causeOf(minute, judged, lost(zeroMs - 1)), causeOf(minute, judged, lost(zeroMs))], [
    "left-before",
    undefined,
  ]);
  for (
    const changes of [{ elastic: true }, { configState: "Disabled" }, { agentState: "Missing" }, {
      gocdResources: ["arm"],
    }]
  ) {
    assertEquals(causeOf(minute, judged, lost(zeroMs + 1, changes)), "left-before");
  }
});

Deno.test("an expired verdict is made again, one that is still valid is not", () => {
  const until = (ms: number): string | undefined =>
    causeOf(90 * second, { otherCause: { sinceMs: zeroMs, untilMs: zeroMs + 90 * second + ms } });
  assertEquals([until(0), until(1)], ["idle-unused (new)", "idle-unused"]);
});

Deno.test("a zombie stays one until its time, and is tried again then", () => {
  const alone = (state: State): State => ({
    ...state,
    server: { ...state.server, agents: [], idleSinceMs: new Map() },
  });
  assertEquals(causeOf(60 * minute, { passedOver: 2 }, alone), "zombie (new)");
  const judged = { otherCause: { sinceMs: zeroMs, untilMs: zeroMs + 90 * minute, passedOver: 3 } };
  assertEquals([causeOf(90 * minute - 1, judged, alone), causeOf(90 * minute, judged, alone)], ["zombie", undefined]);
});

Deno.test("a store without a framework starts with its switches and no agents", () => {
  const world = drive({ stored: { ...emptyStore, controls: { ...emptyStore.controls, frozen: true } } });
  assertEquals([world.state.controls.frozen, world.state.instances.size, world.state.session.kind], [
    true,
    0,
    "connecting",
  ]);
});
