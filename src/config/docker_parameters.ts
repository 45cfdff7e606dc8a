// Which options of `docker run` are allowed in docker-parameters: Mesos passes each as --key=value and must control the
// container itself (Mesos src/docker/docker.cpp, Docker::run).

import { isNamingParameter } from "../core/identity/agent_naming.ts";
import { nearestKey } from "./suggest.ts";

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
  P: "publish-all",
  q: "quiet",
  t: "tty",
  u: "user",
  v: "volume",
  w: "workdir",
};

const refused: Readonly<Record<string, readonly [message: string, hint: string]>> = {
  detach: ["Mesos would consider the container ended while the agent is alive", "remove it"],
  help: ["docker run would show its options instead of starting a container", "remove it"],
  name: ["Mesos finds its containers by the names that it assigns", "remove it"],
  net: ["Mesos sets the network", "write the key network instead"],
  network: ["Mesos sets the network", "write the key network instead"],
  restart: ["Docker would restart the agent after its task has ended", "remove it"],
  uts: ["an agent with the name of its host could not be distinguished from others", "remove it"],
};

/**
 * Options of `docker run` in Docker 28 (docker/cli: docs/reference/commandline/run.md), and older ones that it still
 * accepts.
 */
const knownOptions: ReadonlySet<string> = new Set(
  (
    "add-host annotation attach blkio-weight blkio-weight-device cap-add cap-drop cgroup-parent cgroupns cidfile " +
    "cpu-count cpu-percent cpu-period cpu-quota cpu-rt-period cpu-rt-runtime cpu-shares cpus cpuset-cpus cpuset-mems " +
    "detach detach-keys device device-cgroup-rule device-read-bps device-read-iops device-write-bps " +
    "device-write-iops disable-content-trust dns dns-opt dns-option dns-search domainname entrypoint env env-file " +
    "expose gpus group-add health-cmd health-interval health-retries health-start-interval health-start-period " +
    "health-timeout help hostname init interactive io-maxbandwidth io-maxiops ip ip6 ipc isolation kernel-memory " +
    "label label-file link link-local-ip log-driver log-opt mac-address memory memory-reservation memory-swap " +
    "memory-swappiness mount name net net-alias network network-alias no-healthcheck oom-kill-disable " +
    "oom-score-adj pid pids-limit platform privileged publish publish-all pull quiet read-only restart rm runtime " +
    "security-opt shm-size sig-proxy stop-signal stop-timeout storage-opt sysctl tmpfs tty ulimit use-api-socket " +
    "user userns uts volume volume-driver volumes-from workdir"
  ).split(" "),
);

/** What an operator should know of a parameter; nothing if it is fine. */
export function judgeParameter({ key, value }: DockerParameter): ParameterVerdict | undefined {
  const bare = key.replace(/^-+/, "").split("=", 1)[0] ?? "";
  const long = Object.hasOwn(longNames, bare) ? longNames[bare] : undefined;
  const near = nearestKey(bare.toLowerCase().replace(/[_\s]/g, "-"), [...knownOptions]);
  // All long options look alike, in every release of Docker.
  if (!/^[a-z][a-z0-9]+(-[a-z0-9]+)*$/.test(key)) {
    const better = long ?? (knownOptions.has(bare) ? bare : near);
    return {
      kind: "refused",
      message: `docker run has no option --${key}=…, which Mesos generates from ${JSON.stringify(key)}`,
      hint: better === undefined ? "write the long name of an option, without dashes in front" : `write ${better}`,
    };
  }
  const known = Object.hasOwn(refused, key) ? refused[key] : undefined;
  if (known !== undefined) return { kind: "refused", message: `${key}: ${known[0]}`, hint: known[1] };
  if (isNamingParameter({ key, value })) {
    const what = key === "env" ? `env ${value.split("=", 1)[0]?.trim() ?? ""}` : key;
    return { kind: "left-out", message: `${what} is ignored: ${namedByTaskId}`, hint: "remove it" };
  }
  if (key === "rm") {
    const message = "rm removes the container's log before Mesos has read it";
    return { kind: "doubtful", message, hint: "remove it" };
  }
  if (key === "cidfile") {
    const message = "cidfile makes each launch fail on a host where the file already exists";
    return { kind: "doubtful", message, hint: "remove it" };
  }
  if (knownOptions.has(key)) return undefined;
  const better = near === undefined ? "" : `: did you mean ${near}?`;
  const message = `docker run has no option --${key} as of Docker 28, and fails with an unknown one${better}`;
  return { kind: "doubtful", message, hint: near === undefined ? "remove it" : `write ${near}` };
}

/** Why nothing else may name an agent. */
export const namedByTaskId: string = "each agent is named by its Mesos task id, and recognized by that name";
