// Which options of `docker run` may stand in docker-parameters: Mesos passes each as --key=value and must control the
// container itself (Mesos src/docker/docker.cpp, Docker::run).

import { isNamingParameter } from "../core/identity/agent_naming.ts";

/** A Docker parameter as written. */
export interface DockerParameter {
  readonly key: string;
  readonly value: string;
}

/** What is wrong with a parameter, and what to do about it. */
export interface ParameterVerdict {
  /** `refused`: no launch could work with it; `left-out`: it is ignored; `doubtful`: it works, but may do harm. */
  readonly kind: "refused" | "left-out" | "doubtful";
  readonly message: string;
  readonly hint: string;
}

/** Long names of short options, as `--x=value` is not an option. */
const longNames: Readonly<Record<string, string>> = {
  a: "attach",
  c: "cpu-shares",
  d: "detach",
  e: "env",
  h: "hostname",
  i: "interactive",
  l: "label",
  m: "memory",
  p: "publish",
  q: "quiet",
  t: "tty",
  u: "user",
  v: "volume",
  w: "workdir",
};

const refused: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  detach: ["Mesos would consider the container ended while the agent is alive", "remove it"],
  name: ["Mesos finds its containers by the names that it gives them", "remove it"],
  net: ["Mesos sets the network", "write the key network instead"],
  network: ["Mesos sets the network", "write the key network instead"],
  restart: ["Docker would restart the agent after its task has ended", "remove it"],
  uts: ["an agent with its host's name could not be told from others", "remove it"],
};

/** What an operator should know of a parameter; nothing if it is fine. */
export function judgeParameter({ key, value }: DockerParameter): ParameterVerdict | undefined {
  const bare = key.replace(/^-+/, "");
  const long = longNames[bare];
  if (bare !== key || long !== undefined) {
    return {
      kind: "refused",
      message: `docker run knows no option --${key}=…, which Mesos makes of ${JSON.stringify(key)}`,
      hint: `write ${long ?? bare}`,
    };
  }
  const known = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (known !== undefined) return { kind: "refused", message: `${key}: ${known[0]}`, hint: known[1] };
  if (isNamingParameter({ key, value })) {
    const what = key === "env" ? `env ${value.split("=", 1)[0]?.trim() ?? ""}` : key;
    return { kind: "left-out", message: `${what} is not used: ${namedByTaskId}`, hint: "remove it" };
  }
  if (key !== "rm") return undefined;
  return {
    kind: "doubtful",
    message: "rm removes the container's log before Mesos has read it",
    hint: "remove it",
  };
}

/** Why nothing else may name an agent. */
export const namedByTaskId: string = "each agent is named by its Mesos task id, and recognized by that name";
