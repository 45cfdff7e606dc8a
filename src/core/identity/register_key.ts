// Tracks whether the server accepts the auto-register keys: it does not if an agent of ours with a key appears as
// Pending (GoCD AgentRegistrationController), it does if one appears as Enabled.

import { profileOf } from "../profile_of.ts";
import type { Draft } from "../draft.ts";
import type { Finding } from "../event.ts";
import type { AgentInstance } from "../instance.ts";
import type { KeyOutcome, State } from "../state.ts";
import { unproven } from "./admission.ts";
import { notProvenFinding, wrongKeyFinding } from "../words/findings.ts";

/**
 * An agent of ours has registered as Pending: reported once for each profile, with what it means for these settings.
 */
export function cameAsPending(
  draft: Draft,
  { taskId, profile }: Pick<AgentInstance, "taskId" | "profile">,
  uuid: string,
): void {
  const { server, settings } = draft.state;
  const configured = profileOf(settings, profile);
  const registerKey = configured?.registerKey;
  if (registerKey === undefined) {
    return draft.note({
      kind: "agent-enabling",
      taskId,
      uuid,
      key: { kind: configured === undefined ? "unclear" : "unset" },
      isNews: false,
    });
  }
  const isNews = server.keyOutcomes.get(profile)?.kind !== "refused";
  if (isNews) setOutcome(draft, profile, { kind: "refused", sinceMs: draft.atMs });
  draft.note({ kind: "agent-enabling", taskId, uuid, key: { kind: "refused", registerKey }, isNews });
}

/** An agent of this profile has registered with its key. */
export function keyWorked(draft: Draft, profile: string): void {
  if (draft.state.server.keyOutcomes.get(profile)?.kind !== "accepted") {
    setOutcome(draft, profile, { kind: "accepted" });
  }
}

function setOutcome(draft: Draft, profile: string, outcome: KeyOutcome): void {
  const { server } = draft.state;
  draft.patch("server", { keyOutcomes: new Map(server.keyOutcomes).set(profile, outcome) });
}

/** The current findings about keys: at most one for each key. */
export function keyFindings(state: State): readonly Finding[] {
  const told = unproven(state);
  const waiting = [...state.instances.values()].filter(({ taskId }) => told.has(taskId));
  const profiles = new Set(waiting.map(({ profile }) => profile));
  return [...refusedKeys(state), ...(told.size === 0 ? [] : [notProvenFinding([...told.keys()], [...profiles])])];
}

function refusedKeys({ server, settings }: State): readonly Finding[] {
  const withKey = settings.profiles.flatMap(({ name, registerKey }) => {
    const outcome = server.keyOutcomes.get(name);
    return registerKey === undefined || outcome === undefined ? [] : [{ name, registerKey, outcome }];
  });
  return [...Map.groupBy(withKey, ({ registerKey }) => registerKey)].flatMap(([registerKey, seen]) => {
    const refused = seen.flatMap(({ name, outcome }) => outcome.kind === "refused" ? [{ name, ...outcome }] : []);
    return refused.length === 0 ? [] : [wrongKeyFinding({
      registerKey,
      profiles: refused.map(({ name }) => name),
      sinceMs: Math.min(...refused.map(({ sinceMs }) => sinceMs)),
      isAccepted: refused.length < seen.length,
    })];
  });
}
