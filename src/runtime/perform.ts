// Performs effects and reports the results as events.

import { messageOf } from "../errors.ts";
import type { Effect, GocdEffect, MesosEffect, SandboxEffect } from "../core/effect.ts";
import type { Event, GocdProblem } from "../core/event.ts";
import { type GocdApi, GocdError } from "../gocd/api.ts";
import { type MesosApi, MesosError, type MesosSession } from "../mesos/api.ts";
import { createLane } from "../mesos/lanes.ts";
import type { Observations } from "./observations.ts";

/** The targets of effects. */
export interface PerformOptions {
  readonly gocd: GocdApi;
  /** The current subscription, if any. */
  readonly session: () => MesosSession | undefined;
  /** As in {@linkcode MesosApi}. */
  readonly readStderr: MesosApi["readStderr"];
  readonly post: (event: Event) => void;
  readonly signal: AbortSignal;
  readonly observations: Observations;
  readonly nowMs: () => number;
  readonly stepDown: (message: string) => void;
  readonly endSession: (message: string, retryMs: number | undefined) => void;
  /** The framework is gone: do not subscribe again, although the program ends only after calls in flight. */
  readonly leave: () => void;
  readonly exit: (message: string) => void;
  /** Called with an error that is not a failed call but a bug. */
  readonly fail: (error: unknown) => void;
}

/** Performs effects; returns immediately, results arrive as events. */
export interface Performer {
  perform(effect: Effect): void;
  /** Resolves when no call is in flight. */
  settled(): Promise<void>;
}

/** Creates a performer. */
export function createPerformer(options: PerformOptions): Performer {
  const underWay = new Set<Promise<void>>();
  // One change may need several requests, between which none of a later change may be sent.
  const changes = createLane();
  const observe = (): void => options.observations.waiting("calls", underWay.size);
  const start = (work: Promise<void>): void => {
    const watched = work.catch(options.fail).finally(() => {
      underWay.delete(watched);
      observe();
    });
    underWay.add(watched);
    observe();
  };
  return {
    perform: (effect) => {
      switch (effect.kind) {
        case "poll-gocd":
        case "read-gocd-agents":
          start(readGocd(options, effect));
          break;
        case "enable-gocd-agent":
        case "correct-gocd-agent":
        case "disable-gocd-agents":
        case "delete-gocd-agents":
          start(changes(() => changeGocd(options, effect)));
          break;
        case "read-sandbox":
          start(readSandbox(options, effect));
          break;
        case "step-down":
          options.stepDown(effect.message);
          break;
        case "end-session":
          options.endSession(effect.message, effect.retryMs);
          break;
        case "exit":
          options.leave();
          start(Promise.all([...underWay]).then(() => options.exit(effect.message)));
          break;
        default:
          start(callMesos(options, effect));
      }
    },
    settled: async () => {
      while (underWay.size > 0) await Promise.all([...underWay]);
    },
  };
}

async function readGocd(
  { gocd, post, signal, observations, nowMs }: PerformOptions,
  effect: GocdEffect & { readonly kind: "poll-gocd" | "read-gocd-agents" },
): Promise<void> {
  const startMs = nowMs();
  try {
    if (effect.kind === "poll-gocd") {
      const poll = await gocd.poll(signal, effect);
      const tookMs = nowMs() - startMs;
      observations.gocdPolled(tookMs);
      observations.called("gocd", effect.kind, { tookMs });
      post({ kind: "gocd-polled", ...poll, tookMs });
    } else {
      const agents = await gocd.readAgents(signal);
      const tookMs = nowMs() - startMs;
      observations.called("gocd", effect.kind, { tookMs });
      post({ kind: "gocd-agents-read", agents, tookMs, agentsRequestedMs: startMs });
    }
  } catch (error) {
    if (signal.aborted) return;
    const problem = problemOf(error);
    const tookMs = nowMs() - startMs;
    if (effect.kind === "poll-gocd") observations.gocdPolled(tookMs);
    observations.called("gocd", effect.kind, { tookMs, code: problem.code });
    post({ kind: "gocd-poll-failed", problem });
  }
}

async function changeGocd(
  { gocd, post, signal, observations, nowMs }: PerformOptions,
  effect: Exclude<GocdEffect, { readonly kind: "poll-gocd" | "read-gocd-agents" }>,
): Promise<void> {
  const startMs = nowMs();
  try {
    switch (effect.kind) {
      case "enable-gocd-agent":
      case "correct-gocd-agent":
        await gocd.enableAgent(effect.uuid, effect.registration, signal);
        break;
      case "disable-gocd-agents":
        await gocd.disableAgents(effect.agents.map((each) => each.uuid), signal);
        break;
      case "delete-gocd-agents":
        await gocd.deleteAgents(effect.agents.map((each) => each.uuid), signal);
        break;
      default:
        effect satisfies never;
    }
    observations.called("gocd", effect.kind, { tookMs: nowMs() - startMs });
    post({ kind: "gocd-call-done", call: effect });
  } catch (error) {
    if (signal.aborted) return;
    const problem = problemOf(error);
    observations.called("gocd", effect.kind, { tookMs: nowMs() - startMs, code: problem.code });
    post({ kind: "gocd-call-failed", call: effect, problem });
  }
}

async function readSandbox(
  { readStderr, post, signal, observations }: PerformOptions,
  request: SandboxEffect,
): Promise<void> {
  if (readStderr === undefined) return;
  try {
    const answer = await readStderr(request, signal);
    if (answer.kind !== "read") observations.failed("mesos", request.kind, `sandbox-${answer.kind}`);
    post({ kind: "sandbox-read", request, answer });
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}

async function callMesos(options: PerformOptions, call: MesosEffect): Promise<void> {
  const { post, signal, observations, nowMs } = options;
  const session = options.session();
  if (session === undefined) {
    post({ kind: "mesos-call-failed", call, outcome: "void", message: "not subscribed" });
    return;
  }
  const startMs = nowMs();
  try {
    await session.send(call, signal);
    if (call.kind === "teardown-framework") post({ kind: "framework-torn-down" });
    observations.called("mesos", call.kind, { tookMs: nowMs() - startMs });
  } catch (error) {
    if (signal.aborted) return;
    const code = error instanceof MesosError ? error.code : "mesos-error";
    observations.called("mesos", call.kind, { tookMs: nowMs() - startMs, code });
    const reason = error instanceof MesosError ? error.reason : undefined;
    post({
      kind: "mesos-call-failed",
      call,
      outcome: reason === "call-refused" ? "refused" : reason === "call-void" ? "void" : "unknown",
      message: messageOf(error),
    });
  }
}

/** An error of the port as data; anything else is reported as a bug. */
function problemOf(error: unknown): GocdProblem {
  if (error instanceof GocdError) return error.problem;
  return {
    code: "gocd-internal",
    kind: "unreadable",
    message: `reading the GoCD server failed unexpectedly: ${messageOf(error)}`,
    hint: "this is a bug in gocd-mesos: please report it with this line",
  };
}
