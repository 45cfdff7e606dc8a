// The environment variables that make a container's agent register with the GoCD server, for every family of images.

import { hostText, type ServerUrl, serverUrlText } from "../net/addresses.ts";

/** The registration of one agent. */
export interface AgentRegistration {
  /** Base URL that agents use, with the context path. */
  readonly agentUrl: ServerUrl;
  /** `agentAutoRegisterKey` of the server; without it the agent stays Pending until it is enabled. */
  readonly autoRegisterKey?: string;
  /** Becomes the hostname on the server, by which the record is recognized. */
  readonly taskId: string;
  /** In the jobs' own spelling. */
  readonly gocdResources: readonly string[];
  /** Absent: in no environment. */
  readonly environment?: string;
}

/** The desired content of an agent's record. */
export interface WrittenRegistration {
  /** Replaces that of the record; absent: it stays. */
  readonly hostname?: string;
  /** Replace those of the record. */
  readonly gocdResources: readonly string[];
  /** Replaces those of the record; absent: none. */
  readonly environment?: string;
}

/**
 * The environment variables that make an agent container register: the family of the official images since 17
 * (`GO_SERVER_URL`, `AGENT_AUTO_REGISTER_*`) and those of the older and of travix images (`GO_SERVER`,
 * `GO_SERVER_PORT`, `AGENT_KEY`, …). Images ignore unknown variables. Lists are joined with commas.
 */
export function registrationEnvironment(registration: AgentRegistration): Record<string, string> {
  const { agentUrl } = registration;
  const given: Readonly<Record<"KEY" | "RESOURCES" | "ENVIRONMENTS" | "HOSTNAME", string>> = {
    KEY: registration.autoRegisterKey ?? "",
    RESOURCES: registration.gocdResources.join(","),
    ENVIRONMENTS: registration.environment ?? "",
    HOSTNAME: registration.taskId,
  };
  const variables: Record<string, string> = {
    GO_SERVER_URL: serverUrlText(agentUrl),
    GO_SERVER: hostText(agentUrl.host),
    GO_SERVER_PORT: String(agentUrl.port),
  };
  for (const [name, value] of Object.entries(given)) {
    if (value !== "") {
      variables[`AGENT_AUTO_REGISTER_${name}`] = value;
      variables[`AGENT_${name}`] = value;
    }
  }
  return variables;
}
