// All actions that the core can request, as data. Performed in order, after the records of the frame are stored.

import type { AgentProfile } from "./settings.ts";
import type { MesosAgentAddress, OfferedResource } from "./placement/offer.ts";

/** An action requested by the core. */
export type Effect = MesosEffect | GocdEffect | SandboxEffect | RuntimeEffect;

/** Calls of the Mesos scheduler API. Sent in the order given. */
export type MesosEffect =
  /** All offers are of one Mesos agent; without launches this would be a decline, so there is at least one. */
  | {
    readonly kind: "accept-offers";
    readonly offerIds: readonly string[];
    readonly mesosAgentId: string;
    readonly launches: readonly TaskLaunch[];
    /** Applies to the rest of the offers. */
    readonly refuseSeconds: number;
  }
  | { readonly kind: "decline-offers"; readonly offerIds: readonly string[]; readonly refuseSeconds: number }
  | { readonly kind: "suppress-offers"; readonly roles: readonly string[] }
  | { readonly kind: "revive-offers"; readonly roles: readonly string[] }
  | {
    readonly kind: "acknowledge-status";
    readonly taskId: string;
    readonly mesosAgentId: string;
    /** Base64, as received. */
    readonly uuid: string;
  }
  /** Explicit for the given tasks; implicit (all tasks) if the list is empty. */
  | { readonly kind: "reconcile-tasks"; readonly tasks: readonly { taskId: string; mesosAgentId?: string }[] }
  | {
    readonly kind: "kill-task";
    readonly taskId: string;
    readonly mesosAgentId?: string;
    readonly graceMs: number;
  }
  /** `refuseSeconds`: offered again only after this time; absent: the Mesos default of 5 s. */
  | { readonly kind: "accept-inverse-offers"; readonly offerIds: readonly string[]; readonly refuseSeconds?: number }
  | { readonly kind: "decline-inverse-offers"; readonly offerIds: readonly string[]; readonly refuseSeconds: number }
  | { readonly kind: "teardown-framework" };

/** One container to launch: what to_proto needs in addition to the connection settings. */
export interface TaskLaunch {
  readonly taskId: string;
  readonly profile: AgentProfile;
  /** Environment to register with. */
  readonly environment?: string;
  /** GoCD resources to register with. */
  readonly gocdResources: readonly string[];
  /** The exact resources of the offers that the task uses. */
  readonly resources: readonly OfferedResource[];
  /** The host ports chosen for `profile.container.portMappings`, in their order. */
  readonly hostPorts: readonly number[];
}

/** Calls of the GoCD server. */
export type GocdEffect =
  /** One full poll: server, jobs, agents. Answered by `gocd-polled` or `gocd-poll-failed`. */
  | {
    readonly kind: "poll-gocd";
    /** Names to look up on the server, because agents in a missing environment are useless; absent: none. */
    readonly environments?: readonly string[];
    /** The pipeline groups are needed. */
    readonly pipelineGroups?: true;
  }
  /** The agents only, between polls, while instances change. Answered by `gocd-agents-read` or `gocd-poll-failed`. */
  | { readonly kind: "read-gocd-agents" }
  /** Enable; for a Pending record also set its resources and environment. */
  | {
    readonly kind: "enable-gocd-agent";
    readonly taskId: string;
    readonly uuid: string;
    /** Given for a Pending record, which gets our name; absent for one that was only disabled. */
    readonly registration?: {
      readonly hostname: string;
      readonly gocdResources: readonly string[];
      readonly environment?: string;
    };
  }
  /** Correct an Enabled record: replaces its resources and environments with those that its agent was launched with. */
  | {
    readonly kind: "correct-gocd-agent";
    readonly taskId: string;
    readonly uuid: string;
    readonly registration: { readonly gocdResources: readonly string[]; readonly environment?: string };
  }
  | { readonly kind: "disable-gocd-agents"; readonly agents: readonly GocdAgentRef[] }
  | { readonly kind: "delete-gocd-agents"; readonly agents: readonly GocdAgentRef[] };

/** One of our GocdAgents: its instance and record. */
export interface GocdAgentRef {
  readonly taskId: string;
  readonly uuid: string;
}

/** Reads the end of a container's stderr from its Mesos agent. Answered by `sandbox-read`. */
export interface SandboxEffect {
  readonly kind: "read-sandbox";
  readonly taskId: string;
  readonly profile: string;
  /** Hostname of the Mesos agent. */
  readonly host: string;
  readonly frameworkId: string;
  readonly address: MesosAgentAddress;
}

/** Actions on the program itself. */
export type RuntimeEffect =
  /** Another scheduler has our framework id: exit with code 5. */
  | { readonly kind: "step-down"; readonly message: string }
  /** The session cannot continue: end the subscription with this reason; `retryMs` absent: stop the program. */
  | { readonly kind: "end-session"; readonly message: string; readonly retryMs?: number }
  /** A `teardown` command has completed. */
  | { readonly kind: "exit"; readonly message: string };
