// Where the auto-register key of a profile's agents is set. Not here: its value (config.gocd, or the container's env).

import type { ContainerSettings } from "../core/settings.ts";
import { confAt, find, type Reader } from "./reader.ts";

/** The variable of the official images since 17, then that of older ones (gocd/registration.ts). */
const variables = ["AGENT_AUTO_REGISTER_KEY", "AGENT_KEY"] as const;

/**
 * The configuration key with the auto-register key of the agents of the profile at `prefix`: a variable of its
 * container takes precedence over `go-agent.auto-register-key`, and an empty one removes it. `undefined`: they get
 * none.
 */
export function registerKeyOf(reader: Reader, prefix: string, container: ContainerSettings): string | undefined {
  const { env, envFiles, parameters } = container;
  for (const name of variables) {
    // Mesos writes the parameters after the variables (src/docker/docker.cpp, Docker::run), and Docker uses the last.
    const isParameter = parameters.some(({ key, value }) => key === "env" && value.startsWith(`${name}=`));
    if (isParameter) return find(reader, `${prefix}.docker-parameters`)?.key;
    if (Object.hasOwn(envFiles, name)) return find(reader, `${prefix}.env-files.${name}`)?.key;
    const value = env[name];
    if (value !== undefined) return value === "" ? undefined : find(reader, `${prefix}.env.${name}`)?.key;
  }
  return ["go-agent.auto-register-key-file", "go-agent.auto-register-key"].find((key) => {
    const conf = confAt(reader.root, key);
    return conf?.kind === "text" && conf.text.trim() !== "";
  });
}
