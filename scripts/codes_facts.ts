// Facts that several examples of docs/operations.md share.

import type { Reason } from "../src/core/demand/reason.ts";
import type { JobVerdict, VerdictKind } from "../src/core/demand/verdict.ts";
import type { GocdProblem } from "../src/core/event.ts";
import type { Failure, Misregistered } from "../src/core/life/causes.ts";

/** In ms. */
export const second = 1_000;
/** In ms. */
export const minute = 60 * second;
/** In ms. */
export const hour = 60 * minute;

/** Docker could not get the image. */
export const aFailure: Failure = { kind: "mesos", message: "Failed to pull the image: manifest unknown" };

/** A record without its environment. */
export const aGap: Misregistered = {
  kind: "misregistered",
  got: { gocdResources: ["linux"] },
  wanted: { gocdResources: ["linux"], environment: "staging" },
};

/** The account has too few rights. */
export const aProblem: GocdProblem = {
  code: "gocd-forbidden",
  kind: "refused",
  message: "PATCH http://gocd:8153/go/api/agents answered 403: You are not authorized",
  hint: "make the account of go-server.user-name (or of the access token) an administrator in GoCD",
};

/** A waiting job with this verdict. */
export function aJob(verdict: VerdictKind, reason: Reason, gocdResources: readonly string[] = ["linux"]): JobVerdict {
  return {
    locator: "site/41/test/1/unit",
    name: "unit",
    gocdResources,
    verdict,
    reason,
    profile: "linux",
    firstSeenMs: 0,
  };
}
