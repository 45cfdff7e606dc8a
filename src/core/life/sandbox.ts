// The last lines that a failed container has written to stderr: asked of its Mesos agent, where that is allowed, and kept
// with the failure until the next one. Not here: reading them (mesos/sandbox_file.ts).

import type { Draft } from "../draft.ts";
import type { EventOf } from "../event.ts";
import type { AgentInstance } from "../instance.ts";
import type { MesosAgentAddress } from "../placement/offer.ts";
import type { Failure } from "./causes.ts";
import { type FailureKind, failureKind } from "./failure_window.ts";

/** What reading the end of a file in a sandbox gave. */
export type SandboxAnswer =
  /** Its last lines, without secrets and control characters; empty: it is empty. */
  | { readonly kind: "read"; readonly text: string }
  /** `mesos.allowed-hosts` lacks the host of the Mesos agent. */
  | { readonly kind: "not-allowed"; readonly host: string }
  | { readonly kind: "failed"; readonly message: string };

/** The stderr of the container that has failed last. */
export interface StderrTail {
  readonly taskId: string;
  readonly host: string;
  readonly answer: SandboxAnswer;
}

/** Where a Mesos agent listens that no offer has told of (apache/mesos src/slave/flags.cpp, `--port`). */
const defaultPort = 5_051;

/** Failures of which the container has something to say. */
const telling: ReadonlySet<FailureKind> = new Set(["early-exit", "exit", "register"]);

/** Asks for the end of its stderr, if its container has run and the configuration allows any host to be asked. */
export function askForStderr(draft: Draft, instance: AgentInstance, failure: Failure): void {
  const { settings, framework: { frameworkId }, offers } = draft.state;
  if (settings.readsSandboxes !== true || frameworkId === undefined || instance.mesosAgentId === "") return;
  if (failure.kind === "misregistered" || !telling.has(failureKind(failure, instance))) return;
  const { taskId, profile, host, mesosAgentId } = instance;
  const told = offers.hosts.get(mesosAgentId)?.agentAddress;
  const address: MesosAgentAddress = told ?? { hostname: host, port: defaultPort };
  draft.effect({ kind: "read-sandbox", taskId, profile, host, frameworkId, address });
}

/** The answer: kept if its profile still fails, and told. */
export function sandboxRead(draft: Draft, { request, answer }: EventOf<"sandbox-read">): void {
  const { taskId, profile, host } = request;
  const { breakers } = draft.state;
  const breaker = breakers.profiles.get(profile);
  const stderr: StderrTail = { taskId, host, answer };
  if (breaker !== undefined) {
    const profiles = new Map(breakers.profiles);
    profiles.set(profile, { ...breaker, stderr });
    draft.set({ breakers: { ...breakers, profiles } });
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
