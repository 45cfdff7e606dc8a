// Tracks whether the GoCD server, or an intermediary, refuses changes of records although it can be read. Until that
// ends, agents can be launched, but neither enabled nor removed.

import type { Draft } from "../draft.ts";
import type { GocdEffect } from "../effect.ts";
import type { GocdProblem } from "../event.ts";
import type { State, WriteFailure } from "../state.ts";

/** Required changes are repeated within minutes: if there is no further attempt, nothing is left to change. */
const forgottenMs = 15 * 60_000;
/** In an outage reads fail as well; a failure that only concerns writes lasts longer than this. */
const outageMsMin = 60_000;

/** A change of records failed. */
export function writeFailed(draft: Draft, call: GocdEffect, problem: GocdProblem): void {
  if (problem.kind === "conflict" || problem.kind === "maintenance" || problem.kind === "starting") return;
  const before = lastFailure(draft.state, draft.atMs);
  const writeFailure = { kind: kindOf(call), problem, sinceMs: before?.sinceMs ?? draft.atMs, lastMs: draft.atMs };
  draft.patch("server", { writeFailure });
}

/** A change of records succeeded. */
export function writeDone(draft: Draft, call: GocdEffect): void {
  const { writeFailure, ...server } = draft.state.server;
  if (writeFailure?.kind === kindOf(call)) draft.set({ server });
}

/** An intermediary that accepts PATCH may refuse DELETE. */
function kindOf({ kind }: GocdEffect): WriteFailure["kind"] {
  return kind === "delete-gocd-agents" ? "delete" : "update";
}

/** What currently prevents changes of records; `undefined`: nothing known. */
export function writesFailing(state: State, atMs: number): WriteFailure | undefined {
  const failure = lastFailure(state, atMs);
  if (failure?.problem.kind !== "unreachable") return failure;
  return failure.lastMs - failure.sinceMs > outageMsMin ? failure : undefined;
}

function lastFailure({ server: { writeFailure } }: State, atMs: number): WriteFailure | undefined {
  return writeFailure !== undefined && atMs - writeFailure.lastMs <= forgottenMs ? writeFailure : undefined;
}
