// Texts for why the program or its session ends.

import type { FrameworkErrorKind } from "../event.ts";

/** What to do if Mesos has removed a framework that has stored agents. */
export const removedHint: string = "make sure that these agents are gone (`gocd-mesos state show FILE`), " +
  "then run `gocd-mesos state forget-framework FILE`";

/** Messages of the effects that end something. */
export const endTexts = {
  failedOver: "another instance has taken over (Mesos: Framework failed over)",
  removed: `Mesos has removed our framework; ${removedHint}`,
  tornDown: "the framework is torn down",
  idUnstored: "the framework id cannot be stored",
} as const;

/** Why a leader does nothing. */
export const tornDownBefore = {
  text: "the framework of this state was torn down by the operator: no new one is registered",
  hint: "`gocd-mesos resume FILE` on this machine registers a new one; stop this instance if none is wanted",
} as const;

/** The master responds to SUBSCRIBE with an ERROR. */
export function refusedText(message: string): string {
  return `the Mesos master refuses our framework: ${message}`;
}

/** What to do about it. */
export function refusedHint(error: FrameworkErrorKind, message: string): string {
  if (error === "unauthorized") return "check mesos.principal, mesos.secret and the master's ACLs for the role";
  // Mesos 1.9 and later (src/master/validation.cpp, `validateUpdate`); before, the old value is kept.
  const fixed = /\b(?:changing|updating)\b.*?\b(principal|user)\b/.exec(message.toLowerCase())?.[1];
  return fixed === undefined
    ? "check the keys under mesos in the configuration"
    : `Mesos never changes the ${fixed} of a framework: set mesos.${fixed} back, or run \`gocd-mesos teardown\` with the old ` +
      "one first and start again";
}
