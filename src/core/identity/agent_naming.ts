// Settings of the operator that would give an agent another name than its task id. They are omitted from launches,
// because the name identifies the agent.

// The official images since 17, and the older ones: docker-entrypoint.sh of gocd/gocd and of travix/gocd-agent.
const variables: ReadonlySet<string> = new Set(["AGENT_AUTO_REGISTER_HOSTNAME", "AGENT_HOSTNAME"]);

// With a domain name the JVM of the agent reports its full name.
const parameters: ReadonlySet<string> = new Set(["hostname", "domainname"]);

/** Whether an environment variable of the container names the agent. */
export function isNamingVariable(name: string): boolean {
  return variables.has(name);
}

/** Whether an option of `docker run` names the agent, by the container's hostname or by a variable. */
export function isNamingParameter({ key, value }: { readonly key: string; readonly value: string }): boolean {
  return parameters.has(key) || (key === "env" && variables.has(value.split("=", 1).join().trim()));
}

/** Variables without those that name the agent. */
export function withoutNaming(given: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(given).filter(([name]) => !variables.has(name)));
}
