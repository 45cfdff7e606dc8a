// Texts of current problems, which are derived in view/.

import type { Held, LaunchGate } from "../demand/reason.ts";
import type { Lack } from "../demand/lacks.ts";
import type { Finding } from "../event.ts";
import type { Failure } from "../life/causes.ts";
import type { FailureCounts, LaunchHosts } from "../life/failure_window.ts";
import type { StderrTail } from "../life/sandbox.ts";
import type { SessionState, Suspicion, WriteFailure } from "../state.ts";
import type { CpuHours } from "../life/cpu_hours.ts";
import { cpuHoursHint, limitHint, nextAct, unreachableHint } from "./acts.ts";
import { failureHint, suspicionText, wholeError } from "./causes.ts";
import { launchHostsText, recentFailuresText } from "./failures.ts";
import { cpuHoursLowText, gateText } from "./gates.ts";
import { counted, formatDuration } from "./phrases.ts";
import { addResourcesText, verdictText } from "./reasons.ts";
import { stderrText } from "./sandbox.ts";

/** There is no subscription. */
export function unsubscribed({ kind, reason, hint }: SessionState): Finding {
  return {
    code: `mesos-${kind}`,
    message: gateText({ kind: "held-no-session", ...(reason === undefined ? {} : { why: reason }) }),
    hint: hint ?? (kind === "connecting" ? "retried automatically" : "see the log"),
  };
}

/** The code of {@linkcode writesRefused}. */
export const writesRefusedCode = "gocd-writes-refused";

/** No record can be changed. */
export function writesRefused({ kind, problem, sinceMs }: WriteFailure, atMs: number): Finding {
  const what = kind === "delete" ? "deleted" : "enabled or disabled";
  return {
    code: writesRefusedCode,
    message: `no GoCD agent could be ${what} for ${formatDuration(atMs - sinceMs)}: ${problem.message}`,
    hint: problem.hint,
  };
}

/** Nothing is removed. */
export function brakeOn(suspicion: Suspicion, atMs: number): Finding {
  const { text, hint } = suspicionText(suspicion);
  const forText = formatDuration(atMs - suspicion.sinceMs);
  return { code: "brake-on", message: `${text}; nothing has been taken down for ${forText}`, hint };
}

/** Mesos has lost contact with agents of ours, on at least one host. */
export function agentsUnreachable(count: number, hosts: readonly string[]): Finding {
  const [first = ""] = hosts;
  const where = hosts.length === 1 ? `host ${first}` : `${hosts.length} hosts, e.g. ${first}`;
  return {
    code: "agent-unreachable",
    message: `${counted(count, "agent is", "agents are")} unreachable: Mesos has lost contact with ${where}; ${
      count === 1 ? "it is replaced if needed, and counts" : "they are replaced if needed, and count"
    } for no limit`,
    hint: unreachableHint,
  };
}

/** All launches are held back. */
export function launchesHeld(gate: Held): Finding {
  return { code: gate.kind, message: gateText(gate), hint: nextAct({ reason: gate }) ?? "" };
}

/** A limit that holds launches back. */
export type LimitGate = LaunchGate & { readonly kind: "held-limit" };

/** A limit holds back the agents of this many jobs. */
export function jobsHeldByLimit(gate: LimitGate, count: number): Finding {
  const message = `${counted(count, "job is", "jobs are")} held back: ${gateText({ ...gate, allowed: 0 })}`;
  const { profile } = gate;
  return { code: gate.kind, message, hint: limitHint, ...(profile === undefined ? {} : { profile }) };
}

/** The cpu share holds back the agents of this many jobs. */
export function jobsHeldByShare(gate: Extract<Held, { readonly kind: "held-share" }>, count: number): Finding {
  const message = `${counted(count, "job is", "jobs are")} held back: ${gateText(gate)}`;
  return { code: gate.kind, message, hint: "raise the share if the cluster has room, or wait until an agent is idle" };
}

/** Most cpu-hours of the day are used, or all. */
export function cpuHoursShort(use: CpuHours): Finding {
  return use.usedHours < use.limitHours
    ? { code: "cpu-hours-low", message: cpuHoursLowText(use), hint: cpuHoursHint }
    : { code: "held-cpu-hours", message: gateText({ kind: "held-cpu-hours", ...use }), hint: cpuHoursHint };
}

/**
 * Launches of a profile fail; `why`: why it may not launch now, or what is known since, `recent`: recent failures, `tried`:
 * where.
 */
export function profileFailing(
  profile: string,
  failing: {
    readonly why: string;
    readonly failure: Failure;
    readonly recent: FailureCounts;
    readonly tried?: LaunchHosts | undefined;
    readonly stderr?: StderrTail | undefined;
  },
): Finding {
  const { why, failure, recent, tried, stderr } = failing;
  const details = [wholeError(failure) ?? "", stderr === undefined ? "" : stderrText(stderr)];
  const detail = details.filter((part) => part !== "").join("\n");
  const hosts = tried === undefined ? "" : launchHostsText(tried);
  const message = [`profile ${profile}: ${why}`, recentFailuresText(recent) ?? "", hosts].filter((part) => part !== "");
  return {
    code: "profile-failing",
    message: message.join("; "),
    hint: failureHint(failure, `profile ${profile}`),
    ...(detail === "" ? {} : { detail }),
    profile,
  };
}

/** Jobs that no profile serves because it lacks one thing. */
export function jobsUnserved(lack: Lack): Finding {
  const { count, first } = lack;
  const who = `${counted(count, "job is", "jobs are")} not served by any profile`;
  if (lack.kind === "other") {
    const subject = [first.reason.kind, first.environment ?? "", ...first.gocdResources].join(" ").toLowerCase();
    return { code: unservedCode, message: `${who}: ${verdictText(first)}`, hint: addSomething, subject };
  }
  const { name, nearest, isElsewhere } = lack;
  const beside = isElsewhere ? ` together with everything else that ${count === 1 ? "it needs" : "they need"}` : "";
  const message = `${who}: no profile has resource ${name}${beside}`;
  return {
    code: unservedCode,
    message,
    hint: addResourcesText("it", nearest),
    subject: `resource ${name.toLowerCase()}`,
  };
}

/** Lacks beyond those that are reported individually. */
export function moreUnserved(lacks: readonly Lack[]): Finding {
  const names = lacks.flatMap((lack) => lack.kind === "resource" ? [lack.name] : []).slice(0, namesMax);
  const named = names.length === 0 ? "" : `, among them resources ${names.join(", ")}`;
  const message = `jobs are not served by any profile for ${counted(lacks.length, "other reason")}${named}`;
  return { code: unservedCode, message, hint: addSomething, subject: "more" };
}

const unservedCode = "jobs-unserved";
const addSomething = "add a profile, resources or an environment to the configuration";
const namesMax = 10;

/** Outdated verdicts, while the server cannot be read. */
export function asOfText(reason: string, forMs: number, problem: string): string {
  return `${reason} (as of ${formatDuration(forMs)} ago: ${problem})`;
}
