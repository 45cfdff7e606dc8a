// Idle agents that take no jobs although others do: they ping, but never start work. If they counted, jobs would wait
// for them forever.

import type { Bucket } from "./backlog.ts";
import type { Draft } from "../draft.ts";
import type { GocdAgent, ResourceCase } from "../gocd_records.ts";
import { canTake, capabilityOf } from "./matching.ts";
import type { RetireReason } from "../instance.ts";
import type { SeenJob, State } from "../state.ts";

/** How many jobs another agent must have taken while this one was idle: a single one may be a hiccup of the server. */
const overtakenMin = 2;

/** Whether an agent has been skipped so often that it no longer counts. */
export function isSick({ server }: Pick<State, "server">, uuid: string): boolean {
  const passed = server.overtaken.get(uuid);
  return passed !== undefined && passed.jobs >= overtakenMin && passed.idleSinceMs === server.idleSinceMs.get(uuid);
}

/** Jobs that other agents have taken since the previous poll. */
export interface OvertakenQuestion {
  /** Locators that agents were seen to build. */
  readonly built: ReadonlySet<string>;
  readonly before: ReadonlyMap<string, SeenJob>;
  readonly here: ReadonlySet<string>;
  /** Of the previous poll. */
  readonly buckets: readonly Bucket[];
  readonly idleSinceMs: ReadonlyMap<string, number>;
  readonly agents: readonly GocdAgent[];
  readonly rule: ResourceCase;
}

/**
 * Counts for each idle agent the jobs that waited for longer than the server needs for an assignment and that another
 * agent has now. Only as long as it is idle without interruption.
 */
export function watchOvertaken(draft: Draft, question: OvertakenQuestion): void {
  const { server, settings } = draft.state;
  const { before, idleSinceMs, agents, rule, built, here, buckets } = question;
  const lastPollMs = server.lastPollMs ?? draft.atMs;
  const overtaken = new Map([...server.overtaken].filter(([uuid, each]) => each.idleSinceMs === idleSinceMs.get(uuid)));
  const taken = [...before].filter(([locator]) => built.has(locator) && !here.has(locator)).map(([, memory]) => memory);
  const requirements = new Map(buckets.map(({ key, requirement }) => [key, requirement]));
  for (const gocdAgent of agents) {
    const sinceMs = idleSinceMs.get(gocdAgent.uuid) ?? Infinity;
    const passed = taken.filter(({ bucketKey, firstSeenMs }) => {
      const besideMs = lastPollMs - Math.max(sinceMs, firstSeenMs, server.healthySinceMs ?? Infinity);
      const requirement = requirements.get(bucketKey);
      return besideMs >= settings.poller.assignGraceMs && requirement !== undefined &&
        canTake(capabilityOf(gocdAgent, rule), requirement);
    }).length;
    if (passed === 0) continue;
    const jobs = (overtaken.get(gocdAgent.uuid)?.jobs ?? 0) + passed;
    overtaken.set(gocdAgent.uuid, { idleSinceMs: sinceMs, jobs });
    if (jobs >= overtakenMin && jobs - passed < overtakenMin) tell(draft, gocdAgent);
  }
  draft.patch("server", { overtaken });
}

/** Marks of agents that are disabled whatever they do; a sick one is only removed once a poll shows it idle. */
const promptly: ReadonlySet<RetireReason> = new Set(["stop-sent", "operator", "maintenance"]);

/** Our own agents are replaced; others are reported. */
function tell(draft: Draft, { uuid, hostname }: GocdAgent): void {
  const instance = [...draft.state.instances.values()].find((each) =>
    each.state === "registered" && each.uuid === uuid
  );
  const isPrompt = instance?.retire !== undefined && promptly.has(instance.retire);
  if (instance !== undefined && !isPrompt) draft.put({ ...instance, retire: "surplus" });
  draft.note({ kind: "agent-sick", uuid, hostname, jobs: overtakenMin, isOurs: instance !== undefined, onceKey: uuid });
}
