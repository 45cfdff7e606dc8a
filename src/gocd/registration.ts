// What a container is told so that its agent registers with the GoCD server, in every family of images, and which names
// the server accepts. Not here: launching (mesos/). Called by runtime/. Source: facts gocd, 1.4 and 4.2.

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

/** Longest name that the server stores. */
const nameLengthMax = 255;
const resourceName = /^[-\w |.]+$/;
const environmentName = /^[a-zA-Z0-9_-][a-zA-Z0-9_.-]*$/;

/** Why the server would refuse an agent with this resource (it answers 422 and the agent asks for ever), or nothing. */
export function gocdResourceProblem(name: string): string | undefined {
  if (name.trim() === "") {
    return "a GoCD resource must not be empty";
  }
  if (name.length > nameLengthMax) {
    return `the GoCD resource ${quoted(name)} is longer than ${nameLengthMax} characters`;
  }
  return resourceName.test(name)
    ? undefined
    : `the GoCD resource ${quoted(name)} would be refused: only letters, digits, spaces and - _ . | are allowed`;
}

/** Why the server would refuse or misread this environment name, or nothing. */
export function environmentNameProblem(name: string): string | undefined {
  if (name.length > nameLengthMax) {
    return `the GoCD environment ${quoted(name)} is longer than ${nameLengthMax} characters`;
  }
  return environmentName.test(name)
    ? undefined
    : `${quoted(name)} is no name of a GoCD environment: only letters, digits and - _ . are allowed, no dot in front`;
}

function quoted(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
