// Texts of findings. What GoCD itself reports is in gocd/.

import type { Finding } from "../event.ts";
import { listNames, profileKey } from "./phrases.ts";

/** Where the auto-register key of a server is found. */
export const registerKeyHint =
  "set go-agent.auto-register-key to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)";

/** What to do if the server does not accept the key that is set at `registerKey` in framework.conf. */
export function setKeyHint(registerKey: string): string {
  const other = registerKey.startsWith("go-agent.auto-register-key") ? "" : ", or remove it there";
  return `set ${registerKey} to agentAutoRegisterKey of the server's config (Admin > Config XML, <server>)${other}`;
}

/** A key with which agents register as Pending. */
export interface RefusedKey {
  /** Where it is set. */
  readonly registerKey: string;
  /** The affected profiles. */
  readonly profiles: readonly string[];
  /** Since when, ms since the epoch. */
  readonly sinceMs: number;
  /** The server has accepted this key from agents of other profiles: it is right. */
  readonly isAccepted: boolean;
}

/** The code of {@linkcode wrongKeyFinding}. */
export const wrongKeyCode = "wrong-auto-register-key";

/** Agents register as Pending although they have a key. */
export function wrongKeyFinding({ registerKey, profiles, sinceMs, isAccepted }: RefusedKey): Finding {
  const whose = `agents of ${profiles.length === 1 ? "profile" : "profiles"} ${listNames(profiles)}`;
  const image = profiles.length === 1 ? "its image does" : "their images do";
  return {
    code: wrongKeyCode,
    message: isAccepted
      ? `${whose} register as Pending and are enabled individually: ${image} not pass on the key at ${registerKey}, which ` +
        "the GoCD server accepts from other agents"
      : `${whose} register as Pending and are enabled individually: the GoCD server does not know the key at ${registerKey}, ` +
        `or ${image} not pass it on`,
    hint: isAccepted
      ? "use an image that passes on AGENT_AUTO_REGISTER_KEY (or AGENT_KEY) to the agent"
      : setKeyHint(registerKey),
    profiles,
    subject: registerKey,
    sinceMs,
  };
}

/** Why a Pending record with the name of one of our tasks is left alone. */
export const notProvenText = "but that name is public in Mesos and nothing proves that the agent is ours: not enabled";

/** What to do about it. */
export const notProvenHint = `${registerKeyHint}, or enable it on the Agents page of GoCD if you know it`;

/** Pending records with the names of these tasks, of these profiles, are left alone. */
export function notProvenFinding(taskIds: readonly string[], profiles: readonly string[]): Finding {
  const more = taskIds.length > 1 ? ` (and ${taskIds.length - 1} more)` : "";
  return {
    code: "pending-not-proven",
    message: `a Pending GoCD agent is named ${taskIds[0]}${more}, ${notProvenText}`,
    hint: notProvenHint,
    profiles,
  };
}

/** An environment of a profile does not exist on the server; `isWarm`: its `min-idle` agents would register there. */
export function environmentMissing(profile: string, environment: string, isWarm: boolean): Finding {
  const effect = isWarm ? "its min-idle agents are not launched" : "it gets no jobs from there";
  return {
    code: "environment-missing",
    message: `environment "${environment}" of profile "${profile}" is not on the GoCD server: ${effect}`,
    hint: `create the environment in GoCD, or correct ${profileKey(profile)}.environments`,
    profiles: [profile],
  };
}

/** A report of GoCD about several jobs, each of which has a verdict. */
export function unassignedJobs(code: string, locators: readonly string[]): Finding {
  const count = locators.length === 1 ? "one job" : `${locators.length} jobs`;
  return {
    code,
    message: `GoCD itself reports ${count} without an agent for more than 5 min, e.g. ${locators[0]}`,
    hint: "the list of waiting jobs on the status page says why each waits, as does `gocd-mesos plan FILE --jobs`; " +
      "`gocd-mesos why FILE JOB` explains one in full",
    locators,
  };
}
