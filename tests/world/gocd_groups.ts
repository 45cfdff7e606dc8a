// The pipeline groups that a poll reads from the simulated GoCD server: rarely, like the real port.

import type { ScheduledJob } from "../../src/core/gocd_records.ts";
import { listGroups, readRefusal } from "./gocd_lists.ts";
import { type Answer, exchange } from "./gocd_port.ts";
import type { Program, World } from "./world_state.ts";

/** The groups that a program knows, and when it last read them. */
const known = new WeakMap<Program, { readonly atMs: number; readonly groups?: ReadonlyMap<string, string> }>();
/** Interval between two reads, and if a pipeline is unknown. */
const [groupsFreshMs, groupsAgainMs] = [5 * 60_000, 30_000] as const;

/** The groups of earlier polls. */
export interface GroupsReading {
  readonly isAsked: boolean;
  readonly jobs: readonly ScheduledJob[];
  readonly done: (groups: { readonly pipelineGroups?: ReadonlyMap<string, string> }) => void;
}

/** Reads the groups if due; a failed read keeps the earlier ones. */
export function withGroups(world: World, program: Program, { isAsked, jobs, done }: GroupsReading): void {
  if (!isAsked) return done({});
  const before = known.get(program);
  const settle = (groups: ReadonlyMap<string, string> | undefined): void =>
    done(groups === undefined ? {} : { pipelineGroups: groups });
  const learn = (groups: ReadonlyMap<string, string> | undefined): void => {
    known.set(program, { atMs: world.nowMs, ...(groups === undefined ? {} : { groups }) });
    settle(groups);
  };
  const ageMs = world.nowMs - (before?.atMs ?? -Infinity);
  const isNew = jobs.some(({ locator }) => before?.groups?.has((locator.split("/")[0] ?? "").toLowerCase()) !== true);
  if (ageMs < (isNew ? groupsAgainMs : groupsFreshMs)) return settle(before?.groups);
  exchange(world, program, { kind: "poll-gocd", act: () => readGroups(world) }, {
    done: ({ groups }) => learn(groups),
    failed: () => learn(before?.groups),
  });
}

function readGroups(world: World): Answer<{ readonly groups: ReadonlyMap<string, string> | undefined }> {
  return readRefusal(world, "agents") ?? { ok: { groups: listGroups(world) } };
}
