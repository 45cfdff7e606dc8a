// The program's side of the simulated Mesos: subscriptions with pauses, calls in order through the real codec, incoming
// events.

import { allocatableQuantities } from "../../src/core/placement/offer_needs.ts";
import type { MesosEffect } from "../../src/core/effect.ts";
import type { EventOf } from "../../src/core/event.ts";
import { endsSession } from "../../src/mesos/answers.ts";
import { callAnswerMs } from "../../src/mesos/calls.ts";
import { frameworkInfo } from "../../src/mesos/framework_info.ts";
import { fateOf } from "./faults_calls.ts";
import { costOfLostCall, costOfSessionEndMs } from "./invariants_costs.ts";
import { charge } from "./invariants_progress.ts";
import { eventOfShape } from "../../src/mesos/from_proto.ts";
import type { EventShape } from "../../src/mesos/proto/shapes.ts";
import { decodeCall } from "../../src/mesos/proto/wire.ts";
import { encodeCall, type EnvironmentOf } from "../../src/mesos/to_proto.ts";
import { isGoodSession } from "../../src/core/session/session.ts";
import { noOutage, pauseMs, withTry } from "../../src/runtime/outage.ts";
import type { SimDelivery, SimMesos, SimMesosAnswer } from "../../src/sim/mesos/sim_mesos.ts";
import {
  after,
  afterIn,
  forgetElsewhere,
  type MesosLink,
  networkDelayMs,
  type Program,
  suspendedMs,
  trace,
  type World,
} from "./world_state.ts";

/** Five heartbeats of 15 s. */
const silentMs = 75_000;

/** One week, the default. */
const failoverTimeoutMs = 7 * 24 * 3_600_000;

/** Sends SUBSCRIBE now; retries as long as this program is running. */
export function subscribe(world: World, program: Program): void {
  const { framework, settings } = program.state;
  const roles = [...new Set(settings.profiles.map((profile) => profile.role))];
  const info = frameworkInfo({
    name: settings.frameworkName,
    user: "",
    roles,
    failoverTimeoutMs,
    capabilities: ["MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT", "REGION_AWARE"],
    labels: {},
    minAllocatable: roles.flatMap((role) =>
      allocatableQuantities(settings.profiles, role).map((quantities) => ({ role, quantities }))
    ),
  }, framework.frameworkId);
  const id = framework.frameworkId === undefined ? {} : { "framework_id": { value: framework.frameworkId } };
  if (framework.frameworkId === undefined) forgetElsewhere(world);
  after(world, networkDelayMs(world), () => {
    const mesos = world.isElsewhere ? world.otherMesos ?? world.mesos : world.mesos;
    const answer = mesos.connect(
      { type: "SUBSCRIBE", ...id, subscribe: { "framework_info": info } },
      {},
      world.nowMs,
    );
    trace(world, () => `mesos   SUBSCRIBE ${framework.frameworkId ?? "anew"} → ${answer.status} ${answer.body}`);
    if (world.program === program) return subscribed(world, program, { mesos, answer });
    if (answer.subscriptionId !== undefined) mesos.disconnect(answer.subscriptionId, world.nowMs);
  });
}

function subscribed(
  world: World,
  program: Program,
  { mesos, answer }: { readonly mesos: SimMesos; readonly answer: SimMesosAnswer },
): void {
  if (answer.status !== 200 || answer.subscriptionId === undefined) {
    return sessionEnded(world, program, answer.status >= 400 && answer.status < 500 ? "refused" : "unreachable");
  }
  program.link = {
    mesos,
    subscriptionId: answer.subscriptionId,
    streamId: answer.headers["mesos-stream-id"] ?? "",
    sinceMs: world.nowMs,
    frameworkId: undefined,
    heardMs: world.nowMs,
  };
}

/** Delivers the events of a stream, one by one. */
export function deliver(world: World, mesos: SimMesos, delivery: SimDelivery): void {
  const leftMs = suspendedMs(world);
  if (leftMs > 0) return after(world, leftMs, () => deliver(world, mesos, delivery));
  const { program } = world;
  const link = program?.link;
  if (program === undefined || link?.mesos !== mesos || link.subscriptionId !== delivery.subscriptionId) return;
  for (const raw of delivery.events) {
    if (world.program !== program || program.link !== link) return;
    link.heardMs = world.nowMs;
    const event = eventOfShape(raw as EventShape);
    if (event.kind === "unknown-event") throw new Error(`the simulated master sent an unknown event: ${event.type}`);
    if (event.kind === "heartbeat") continue;
    if (event.kind === "subscribed") link.frameworkId = event.frameworkId;
    if (isGoodSession(link.sinceMs, world.nowMs)) program.outage = noOutage;
    program.handle(event);
  }
  if (delivery.ended && world.program === program && program.link === link) sessionEnded(world, program, "ended");
}

/** Ends a stream that was silent for five heartbeats. Called at every tick. */
export function watchSilence(world: World, program: Program): void {
  const { link } = program;
  if (link === undefined || world.nowMs - link.heardMs <= silentMs) return;
  trace(world, () => "mesos   the stream is silent: given up");
  endSession(world, program);
}

/** The program disconnects and subscribes again after its pause. */
export function endSession(world: World, program: Program): void {
  const { link } = program;
  if (link === undefined) return;
  dropLink(world, program);
  link.mesos.disconnect(link.subscriptionId, world.nowMs);
  sessionEnded(world, program, "ended");
}

function dropLink(world: World, program: Program): void {
  if (program.link !== undefined && isGoodSession(program.link.sinceMs, world.nowMs)) program.outage = noOutage;
  program.link = undefined;
}

function sessionEnded(world: World, program: Program, how: "ended" | "refused" | "unreachable"): void {
  const { nowMs } = world;
  dropLink(world, program);
  charge(world, costOfSessionEndMs);
  program.outage = withTry(program.outage, nowMs);
  const waitMs = program.pauseMs ??
    pauseMs(program.outage, { nowMs, random: world.dice.random(), isRefusal: how === "refused" });
  program.pauseMs = undefined;
  afterIn(world, program, waitMs, () => subscribe(world, program));
  program.handle({ kind: "disconnected", reason: `the subscription is over (${how})` });
}

/** Performs one call: in order, except that acknowledgements are concurrent. */
export function performMesos(world: World, program: Program, call: MesosEffect): void {
  const { link } = program;
  if (link?.frameworkId === undefined) {
    return afterIn(
      world,
      program,
      0,
      () => failed(world, program, { call, outcome: "void", message: "not subscribed" }),
    );
  }
  if (call.kind === "acknowledge-status") {
    return send(world, program, { link, call, isOutdated: false, settled: () => {} });
  }
  const queuedMs = world.nowMs;
  program.mesosQueue.push(() =>
    send(world, program, {
      link,
      call,
      isOutdated: call.kind === "kill-task" && world.nowMs - queuedMs > callAnswerMs,
      settled: () => {
        program.isMesosBusy = false;
        startNext(program);
      },
    })
  );
  startNext(program);
}

function startNext(program: Program): void {
  if (program.isMesosBusy) return;
  const next = program.mesosQueue.shift();
  if (next === undefined) return;
  program.isMesosBusy = true;
  next();
}

const unanswered: SimMesosAnswer = { status: 0, headers: {}, body: "" };

interface Sending {
  readonly link: MesosLink;
  readonly call: MesosEffect;
  /** It has waited for other calls for too long. */
  readonly isOutdated: boolean;
  readonly settled: () => void;
}

function send(world: World, program: Program, { link, call, isOutdated, settled }: Sending): void {
  if (program.link !== link || isOutdated) {
    return afterIn(world, program, 0, () => {
      failed(world, program, { call, outcome: "void", message: "not sent" });
      settled();
    });
  }
  const record = decodeCall(encodeCall(call, link.frameworkId ?? "", environmentOf(world)));
  const arrive = (): SimMesosAnswer => link.mesos.call(record, { streamId: link.streamId }, world.nowMs);
  const fate = fateOf(world.requestDice, world.isHealed ? undefined : world.scenario.faults.requests.get(call.kind));
  if (fate !== "fine") {
    trace(world, () => `mesos   ${call.kind} fares badly: ${fate}`);
    charge(world, costOfLostCall(world, call.kind));
  }
  if (fate === "late") after(world, callAnswerMs + world.requestDice.between(0, 60_000), () => void arrive());
  if (fate === "twice") after(world, 2 * world.scenario.faults.networkDelayMsMax, () => void arrive());
  after(world, networkDelayMs(world), () => {
    const isUnheard = fate === "late" || fate === "lost";
    const heard = isUnheard ? unanswered : arrive();
    const answer = fate === "answerLost" ? unanswered : heard;
    if (answer.status !== 202) trace(world, () => `mesos   ${call.kind} → ${answer.status} ${answer.body}`);
    const isSilent = answer.status === 0;
    const backMs = fate === "late"
      ? callAnswerMs
      : isSilent
      ? world.dice.pick([5, callAnswerMs])
      : networkDelayMs(world) + (fate === "slowBack" ? world.requestDice.between(0, callAnswerMs - 1_000) : 0);
    afterIn(world, program, backMs, () => {
      const isOver = endsSession({ status: answer.status, text: answer.body });
      const outcome = isSilent ? "unknown" : isOver ? "void" : "refused";
      if (answer.status !== 202) {
        failed(world, program, { call, outcome, message: isSilent ? "no answer" : answer.body });
      }
      settled();
      if (isOver && program.link === link) endSession(world, program);
    });
  });
}

type CallFailure = Omit<EventOf<"mesos-call-failed">, "kind">;

function failed(world: World, program: Program, failure: CallFailure): void {
  // It is decided anew: the pause after a KILL does not apply.
  if (failure.outcome === "void" && failure.call.kind === "kill-task") {
    world.watch.pace.killedMs.delete(failure.call.taskId);
  }
  program.handle({ kind: "mesos-call-failed", ...failure });
}

/** What a modern agent image needs to register; the real variables are tested where they are created. */
function environmentOf({ scenario }: World): EnvironmentOf {
  return (launch) => ({
    GO_SERVER_URL: "http://gocd:8153/go",
    AGENT_AUTO_REGISTER_KEY: scenario.autoRegisterKey,
    AGENT_AUTO_REGISTER_RESOURCES: launch.gocdResources.join(","),
    AGENT_AUTO_REGISTER_ENVIRONMENTS: launch.environment ?? "",
    AGENT_AUTO_REGISTER_HOSTNAME: launch.taskId,
  });
}
