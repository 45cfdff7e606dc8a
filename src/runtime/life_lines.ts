// The lives of our instances as this run has seen them: which state when, and how the last ones ended.

import type { AgentInstance, Gone, KillCause } from "../core/instance.ts";
import { lifeSpan } from "../core/view/life.ts";
import type { FinishedView, InstanceView, LifeSpan } from "../core/view/view.ts";
import { lifeEndText } from "../core/words/history.ts";

/** Of each instance; an agent that builds all day long has more. */
const spansMax = 60;
/** Ended instances remembered, the latest. */
const finishedMax = 50;

/** Remembers lives; bounded in size. */
export interface LifeLines {
  /** Looks at all instances. */
  seen(instances: ReadonlyMap<string, AgentInstance>, atMs: number): void;
  /** The instances with their lives so far. */
  withLives(instances: readonly InstanceView[]): readonly InstanceView[];
  /** Those that have ended, the latest first. */
  finished(): readonly FinishedView[];
}

/** Creates a memory of no life yet. */
export function createLifeLines(): LifeLines {
  let last: ReadonlyMap<string, AgentInstance> = new Map();
  const lives = new Map<string, readonly LifeSpan[]>();
  const ended = new Map<string, FinishedView>();
  /** Why those are stopped that are being stopped, or were. */
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
        lives.set(instance.taskId, continued(lives.get(instance.taskId) ?? [], lifeSpan(instance)));
        if (instance.state === "gone" && !ended.has(instance.taskId)) finish(instance, atMs);
        // Mesos may find one alive again.
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

/** As the history tells it, too: the words of Mesos about a container that was stopped look like a failure. */
function endText({ cause, message }: Gone, kill: KillCause | undefined): string {
  return `${cause}: ${lifeEndText({ end: cause, message, ...(kill === undefined ? {} : { kill }) })}`;
}

/** A life with one more state; beyond its bound the oldest are forgotten. */
function continued(life: readonly LifeSpan[], span: LifeSpan): readonly LifeSpan[] {
  const before = life.at(-1);
  if (before?.state === span.state && before.sinceMs === span.sinceMs) return life;
  return [...life.filter(({ sinceMs }) => sinceMs < span.sinceMs), span].slice(-spansMax);
}
