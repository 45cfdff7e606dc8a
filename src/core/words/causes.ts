// Texts for why launches failed, why agents are removed, and why nothing may be removed. The causes are in life/ and
// identity/.

import type { Failure, IdleReason, KillReason, Registration } from "../life/causes.ts";
import type { Suspicion } from "../state.ts";
import { shortened } from "../text.ts";
import { counted, describeNeed, formatDuration } from "./phrases.ts";

/** Why a launch failed, as a clause. */
export function failureText(failure: Failure): string {
  switch (failure.kind) {
    case "mesos":
      return tellingPart(failure.message);
    case "not-running":
    case "not-registered":
    case "pending":
      return killText(failure);
    case "lost-contact":
      return "the GoCD server has lost contact with it";
    case "misregistered":
      return gapText(failure);
  }
}

/** Maximum length of an error in a sentence. */
const tellingCharactersMax = 200;

/**
 * A short error unchanged; for a long one the output of Docker, without its command line (Mesos src/docker/docker.cpp).
 */
export function tellingPart(message: string): string {
  if (message.length <= tellingCharactersMax) return message;
  const said = /\bstderr='(.*\S)/.exec(message)?.[1] ?? message;
  return shortened(said.replace(/\s*'$/, ""), tellingCharactersMax);
}

/** The full error that {@linkcode failureText} shortens; nothing if it is complete. */
export function wholeError(failure: Failure): string | undefined {
  return failure.kind === "mesos" && tellingPart(failure.message) !== failure.message ? failure.message : undefined;
}

/** What the operator can do about launches that fail; `of`: the profile, as named in the text. */
export function failureHint(failure: Failure, of: string): string {
  const image = `check docker-image and the other settings of ${of}`;
  if (failure.kind !== "mesos") return image;
  const { message } = failure;
  // Mesos src/slave/slave.cpp: no containerizer of the agent took the container.
  if (/abnormal executor termination: unknown container/i.test(message)) {
    return "see the log of the Mesos agent: without --containerizers=docker,mesos it runs no containers of Docker";
  }
  const status = /\bstatus (\d+)/.exec(message)?.[1];
  if (status === "137") return `${image}, and its mem (137 is SIGKILL, often because it ran out of memory)`;
  return status === "143"
    ? "its container was stopped by something else (143 is SIGTERM): docker stop, or a shutdown of the host"
    : image;
}

/** What a record lacks, as a clause. */
export function gapText({ got, wanted }: { readonly got: Registration; readonly wanted: Registration }): string {
  return `it registered as ${describeNeed(got.gocdResources, got.environment)}, ` +
    `not as ${describeNeed(wanted.gocdResources, wanted.environment)}`;
}

/** Why a task is stopped, as a clause. */
export function killText(reason: KillReason): string {
  switch (reason.kind) {
    case "launch-silent":
      return `Mesos has not reported on it for ${formatDuration(reason.forMs)}`;
    case "not-running":
      return `its container was not running ${
        formatDuration(reason.afterMs)
      } after the launch (scaling.launch-timeout)`;
    case "not-registered":
      return `it did not register with the GoCD server within ${formatDuration(reason.afterMs)} (register-timeout)`;
    case "pending":
      return `it stayed Pending on the GoCD server for ${formatDuration(reason.afterMs)} and could not be enabled`;
    case "drained":
      return reason.isDeleted
        ? "drained and deleted from the GoCD server"
        : "drained, although its record is still on the GoCD server";
    case "drain-timeout":
      return `it was still busy ${formatDuration(reason.afterMs)} after it was disabled (drain-timeout)`;
    case "record-deleted":
      return "someone has deleted its record on the GoCD server";
    case "returned-without-record":
      return "Mesos reports it again, but its record is gone: it cannot hold a build and will not register again";
    case "by-mesos":
      return reason.message === "" ? "requested by an operator, or its Mesos agent is drained" : reason.message;
  }
}

/** Why an idle agent is removed, as a clause. */
export function idleText(reason: IdleReason): string {
  switch (reason.kind) {
    case "unneeded":
      return "no waiting job needs it";
    case "limit": {
      const limit = reason.profile === undefined ? "scaling.max-agents" : `max-agents of profile ${reason.profile}`;
      return `others wait for its place (${limit})`;
    }
    case "share":
      return "others wait for its cpus (scaling.max-cpu-share)";
    case "room":
      return "others need its resources on the host: no offer fits them";
  }
}

/** What is suspected of a server, and what the operator can do. */
export function suspicionText(suspicion: Suspicion): { readonly text: string; readonly hint: string } {
  switch (suspicion.kind) {
    case "gocd-unlisted": {
      const { missing, of, isOlder } = suspicion;
      const what = missing === 0 ? "any agent of its last list" : `${missing} of our ${counted(of, "agent")}`;
      return {
        text: `the GoCD server no longer lists ${what}${
          isOlder ? ", and its version is older than before" : ""
        }: it may be another server, or have an older database`,
        hint:
          "check that go-server.url points to the right server; once it does, operation resumes without a restart. If " +
          "these agents are really lost: `gocd-mesos accept-loss FILE`",
      };
    }
    case "mesos-lost":
      return {
        text:
          `Mesos has lost ${suspicion.lost} of our ${
            counted(suspicion.of, "agent")
          }, but the GoCD server still has contact with them: it may be ` +
          "another cluster, or its master has lost its registry",
        hint:
          "check that mesos-master points to the right cluster; Mesos agents have 10 minutes to come back to a new master. " +
          "If these agents are really lost: `gocd-mesos accept-loss FILE`",
      };
  }
}
