// The environment variables that make a container's agent register with the GoCD server, for every family of images.

/** With what one agent registers. */
export interface AgentRegistration {
  /** Base URL that agents use, with the context path: `https://host:8154/go`. */
  readonly agentUrl: string;
  /** `agentAutoRegisterKey` of the server; without it the agent stays Pending until it is enabled. */
  readonly autoRegisterKey?: string;
  /** Becomes the hostname that the server shows, by which the record is found again. */
  readonly taskId: string;
  /** In the jobs' own spelling. */
  readonly gocdResources: readonly string[];
  /** Absent: in no environment. */
  readonly environment?: string;
}

const defaultPorts: Readonly<Record<string, string>> = { "http:": "80", "https:": "443" };

/**
 * The environment variables that make an agent container register: the family of the official images since 17
 * (`GO_SERVER_URL`, `AGENT_AUTO_REGISTER_*`) and those of the older and of travix images (`GO_SERVER`,
 * `GO_SERVER_PORT`, `AGENT_KEY`, …). Images ignore what they do not know. Lists are joined with commas.
 */
export function registrationEnvironment(registration: AgentRegistration): Record<string, string> {
  const url = new URL(registration.agentUrl);
  const given: Readonly<Record<"KEY" | "RESOURCES" | "ENVIRONMENTS" | "HOSTNAME", string>> = {
    KEY: registration.autoRegisterKey ?? "",
    RESOURCES: registration.gocdResources.join(","),
    ENVIRONMENTS: registration.environment ?? "",
    HOSTNAME: registration.taskId,
  };
  const variables: Record<string, string> = {
    GO_SERVER_URL: registration.agentUrl,
    GO_SERVER: url.hostname,
    GO_SERVER_PORT: url.port === "" ? defaultPorts[url.protocol] ?? "8153" : url.port,
  };
  for (const [name, value] of Object.entries(given)) {
    if (value !== "") {
      variables[`AGENT_AUTO_REGISTER_${name}`] = value;
      variables[`AGENT_${name}`] = value;
    }
  }
  return variables;
}
