// The states of our instances over time as observed in this run, and how the last ones ended.

import type { AgentInstance, Gone, KillCause } from "../core/instance.ts";
import { isDrainedUnseen } from "../core/view/history.ts";
import { lifeSpan } from "../core/view/life.ts";
import type { FinishedView, InstanceView, LifeSpan } from "../core/view/view.ts";
import { codedEndText } from "../core/words/history.ts";

/** Maximum number of states per instance; an agent that builds all day has more. */
const spansMax = 60;
/** Maximum number of ended instances; the latest are kept. */
const finishedMax = 50;

/** Records lives; bounded in size. */
export interface LifeLines {
  /** Samples all instances. */
  seen(instances: ReadonlyMap<string, AgentInstance>, atMs: number): void;
  /** The instances with their lives so far. */
  withLives(instances: readonly InstanceView[]): readonly InstanceView[];
  /** Ended instances, latest first. */
  finished(): readonly FinishedView[];
}

/** Creates an empty recorder. */
export function createLifeLines(): LifeLines {
  let last: ReadonlyMap<string, AgentInstance> = new Map();
  const lives = new Map<string, readonly LifeSpan[]>();
  const ended = new Map<string, FinishedView>();
  /** Why instances are being, or were, stopped. */
  const kills = new Map<string, KillCause>();

  const finish = (instance: AgentInstance, atMs: number): void => {
    const { taskId, profile, host, mesosAgentId, createdMs } = instance;
    const isGone = instance.state === "gone";
    const end = isGone ? endText(instance, kills.get(taskId)) : "forgotten";
    const life = (lives.get(taskId) ?? []).filter(({ state }) => state !== "gone");
    const endedMs = isGone ? instance.sinceMs : atMs;
    ended.set(taskId, { taskId, profile, host, mesosAgentId, createdMs, endedMs, end, life });
    const oldest = ended.size > finishedMax ? ended.keys().next().value : undefined;
    if (oldest !== undefined) ended.delete(oldest);
  };

  return {
    seen(instances, atMs): void {
      if (instances === last) return;
      for (const instance of instances.values()) {
        if (last.get(instance.taskId) === instance) continue;
        if (instance.state === "killing") kills.set(instance.taskId, instance.cause);
        if (isDrainedUnseen(last.get(instance.taskId), instance)) kills.set(instance.taskId, "drained");
        lives.set(instance.taskId, continued(lives.get(instance.taskId) ?? [], lifeSpan(instance)));
        if (instance.state === "gone" && !ended.has(instance.taskId)) finish(instance, atMs);
        // Mesos may report one as running again.
        if (instance.state !== "gone") ended.delete(instance.taskId);
      }
      for (const instance of last.values()) {
        if (instances.has(instance.taskId)) continue;
        if (!ended.has(instance.taskId)) finish(instance, atMs);
        lives.delete(instance.taskId);
        kills.delete(instance.taskId);
      }
      last = instances;
    },
    withLives: (instances) =>
      instances.map((instance) => {
        const life = lives.get(instance.taskId);
        return life === undefined ? instance : { ...instance, life };
      }),
    finished: () => [...ended.values()].reverse(),
  };
}

/** As in the history. */
function endText({ cause, message }: Gone, kill: KillCause | undefined): string {
  return codedEndText({ end: cause, message, ...(kill === undefined ? {} : { kill }) });
}

/** A life with one more state; beyond its bound the oldest are dropped. */
function continued(life: readonly LifeSpan[], span: LifeSpan): readonly LifeSpan[] {
  const before = life.at(-1);
  if (before?.state === span.state && before.sinceMs === span.sinceMs) return life;
  return [...life.filter(({ sinceMs }) => sinceMs < span.sinceMs), span].slice(-spansMax);
}
