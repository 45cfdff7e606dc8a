// The last lines that a failed container has written to stderr: requested from its Mesos agent, if allowed, and kept
// with the failure until the next one. They are read in mesos/sandbox_file.ts.

import type { Draft } from "../draft.ts";
import type { EventOf } from "../event.ts";
import type { AgentInstance } from "../instance.ts";
import type { MesosAgentAddress } from "../placement/offer.ts";
import type { Failure } from "./causes.ts";
import { type FailureKind, failureKind } from "./failure_window.ts";

/** The result of reading the end of a file in a sandbox. */
export type SandboxAnswer =
  /** Its last lines, without secrets and control characters; empty: it is empty. */
  | { readonly kind: "read"; readonly text: string }
  /** `mesos.allowed-hosts` lacks the host of the Mesos agent. */
  | { readonly kind: "not-allowed"; readonly host: string }
  | { readonly kind: "failed"; readonly message: string };

/** The stderr of the container that failed last. */
export interface StderrTail {
  readonly taskId: string;
  readonly host: string;
  readonly answer: SandboxAnswer;
}

/** The default port of a Mesos agent without a known offer (apache/mesos src/slave/flags.cpp, `--port`). */
const defaultPort = 5_051;

/** Failures for which the output of the container is useful. */
const telling: ReadonlySet<FailureKind> = new Set(["early-exit", "exit", "register"]);

/** Requests the end of its stderr, if its container was running and the configuration allows it for any host. */
export function askForStderr(draft: Draft, instance: AgentInstance, failure: Failure): void {
  const { settings, framework: { frameworkId }, offers } = draft.state;
  if (settings.readsSandboxes !== true || frameworkId === undefined || instance.mesosAgentId === "") return;
  if (failure.kind === "misregistered" || !telling.has(failureKind(failure, instance))) return;
  const { taskId, profile, host, mesosAgentId } = instance;
  const told = offers.hosts.get(mesosAgentId)?.agentAddress;
  const address: MesosAgentAddress = told ?? { hostname: host, port: defaultPort };
  draft.effect({ kind: "read-sandbox", taskId, profile, host, frameworkId, address });
}

/** Handles the response: kept if its profile is still failing, and reported. */
export function sandboxRead(draft: Draft, { request, answer }: EventOf<"sandbox-read">): void {
  const { taskId, profile, host } = request;
  const { breakers } = draft.state;
  const breaker = breakers.profiles.get(profile);
  const stderr: StderrTail = { taskId, host, answer };
  if (breaker !== undefined && breaker.failures > 0) {
    const profiles = new Map(breakers.profiles);
    profiles.set(profile, { ...breaker, stderr });
    draft.patch("breakers", { profiles });
    draft.markPlanStale();
  }
  draft.note({
    kind: "stderr-read",
    taskId,
    profile,
    host,
    answer,
    ...(answer.kind === "read" ? {} : { onceKey: `${host} ${answer.kind}` }),
  });
}
