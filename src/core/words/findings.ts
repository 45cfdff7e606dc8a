// What an operator should know that is no failure, in words. Not here: what GoCD itself reports (gocd/).

import type { Finding } from "../event.ts";
import { profileKey } from "./phrases.ts";

/** Where the auto-register key of a server stands. */
export const registerKeyHint =
  "set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)";

/** Agents come as Pending although they are told a key. */
export const wrongKeyFinding: Finding = {
  code: "wrong-auto-register-key",
  message:
    "the GoCD server does not know go-agent.auto-register-key, or the image does not pass it on: agents come as " +
    "Pending and are enabled one by one",
  hint: registerKeyHint,
};

/** Why a Pending record with the name of a task of ours is left alone. */
export const notProvenText = "but that name is public in Mesos and nothing proves whose it is: not enabled";

/** What to do about it. */
export const notProvenHint = `${registerKeyHint}, or enable it on the Agents page of GoCD if you know it`;

/** Pending records with the names of these tasks are left alone. */
export function notProvenFinding(taskIds: readonly string[]): Finding {
  const [first = ""] = taskIds;
  const more = taskIds.length > 1 ? ` (and ${taskIds.length - 1} more)` : "";
  return {
    code: "pending-not-proven",
    message: `a Pending GoCD agent is named ${first}${more}, ${notProvenText}`,
    hint: notProvenHint,
  };
}

/** An environment of a profile is not on the server; `isWarm`: its `min-idle` agents would register there. */
export function environmentMissing(profile: string, environment: string, isWarm: boolean): Finding {
  const effect = isWarm ? "its min-idle agents are not launched" : "it gets no jobs from there";
  return {
    code: "environment-missing",
    message: `environment "${environment}" of profile "${profile}" is not on the GoCD server: ${effect}`,
    hint: `create the environment in GoCD, or correct ${profileKey(profile)}.environments`,
  };
}

/** What GoCD reports of several jobs, each of which has a verdict. */
export function unassignedJobs(code: string, locators: readonly string[]): Finding {
  const count = locators.length === 1 ? "one job" : `${locators.length} jobs`;
  return {
    code,
    message: `GoCD itself reports ${count} without an agent for more than 5 min, e.g. ${locators[0]}`,
    hint: "`gocd-mesos plan FILE --jobs` shows why each waits, `gocd-mesos why FILE JOB` all about one",
    locators,
  };
}
