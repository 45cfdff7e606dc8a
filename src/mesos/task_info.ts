// Converts a TaskLaunch into TaskInfo of mesos.proto.

import { withoutNaming } from "../core/identity/agent_naming.ts";
import type { TaskLaunch } from "../core/effect.ts";
import type { ContainerSettings } from "../core/settings.ts";
import type { WireRecord } from "./proto/wire.ts";
import { dockerContainer, dockerEntryPoint } from "./docker_container.ts";
import { mesosContainer } from "./mesos_container.ts";
import { wireResource } from "./resources.ts";

/** Labels that we put on each task to recognize it; they take precedence over the operator's labels. */
const taskLabels = {
  /** Name of the profile. */
  profile: "gocd-mesos-profile",
  /** GoCD environment; absent for none. */
  environment: "gocd-mesos-environment",
  /** GoCD resources, joined by commas; absent for none. */
  resources: "gocd-mesos-resources",
} as const;

/** A task on one Mesos agent. */
export interface TaskPlace {
  /** `Offer.mesosAgentId`. */
  readonly mesosAgentId: string;
  /** Everything that the container's environment gets from us, files of `envFiles` already read. */
  readonly environment: Readonly<Record<string, string>>;
}

/**
 * The TaskInfo. The operator's `env` takes precedence over `place.environment`, except for names from `envFiles`, and
 * what names the agent. Throws an `Error` for resources that a task cannot have (see {@linkcode wireResource}).
 */
export function taskInfo(launch: TaskLaunch, place: TaskPlace): WireRecord {
  const { container } = launch.profile;
  return {
    name: launch.taskId,
    task_id: { value: launch.taskId },
    agent_id: { value: place.mesosAgentId },
    resources: launch.resources.map(wireResource),
    command: commandInfo(container, place.environment),
    container: container.type === "DOCKER" ? dockerContainer(launch) : mesosContainer(launch),
    ...healthCheck(container),
    labels: labelsRecord({ ...container.labels, ...ourLabels(launch) }),
    kill_policy: killPolicy(container.killGraceMs),
  };
}

/** A KillPolicy: the time between SIGTERM and SIGKILL. */
export function killPolicy(graceMs: number): WireRecord {
  return { grace_period: { nanoseconds: Math.max(0, Math.round(graceMs)) * 1_000_000 } };
}

/** `Labels` from keys and values. */
export function labelsRecord(labels: Readonly<Record<string, string>>): WireRecord {
  return { labels: Object.entries(labels).map(([key, value]) => ({ key, value })) };
}

function ourLabels(launch: TaskLaunch): Record<string, string> {
  return {
    [taskLabels.profile]: launch.profile.name,
    ...(launch.environment === undefined ? {} : { [taskLabels.environment]: launch.environment }),
    ...(launch.gocdResources.length === 0 ? {} : { [taskLabels.resources]: launch.gocdResources.join(",") }),
  };
}

/**
 * Without a value and with `shell: false` the image's own entry point runs (mesos.proto, CommandInfo.shell); a shell
 * without a line is an error to Mesos. A value would replace it for the Mesos containerizer only, where the first
 * argument is what the process is called (mesos.proto, CommandInfo: like execlp). The Docker containerizer hands a
 * value to the entry point as its first argument (apache/mesos src/docker/docker.cpp).
 */
function programOf(container: ContainerSettings): WireRecord {
  const { command, type } = container;
  const given = container.arguments.length === 0 ? {} : { arguments: [...container.arguments] };
  if (command === undefined) return { shell: false, ...given };
  if (container.shell) return { shell: true, value: command, ...given };
  if (type === "MESOS") return { shell: false, value: command, arguments: [command, ...container.arguments] };
  return { shell: false, ...(dockerEntryPoint(container) === undefined ? { value: command } : {}), ...given };
}

function commandInfo(container: ContainerSettings, environment: Readonly<Record<string, string>>): WireRecord {
  const own = Object.entries(withoutNaming(container.env)).filter(([name]) => !Object.hasOwn(container.envFiles, name));
  const variables = Object.entries({ ...environment, ...Object.fromEntries(own) });
  return {
    ...programOf(container),
    // For the Docker containerizer this would be a user of the host that only owns the sandbox.
    ...(container.user === "" || container.type === "DOCKER" ? {} : { user: container.user }),
    environment: { variables: variables.map(([name, value]) => ({ name, type: "VALUE", value })) },
    ...(container.uris.length === 0 ? {} : { uris: container.uris.map(uriRecord) }),
  };
}

function uriRecord(uri: ContainerSettings["uris"][number]): WireRecord {
  return {
    value: uri.value,
    extract: uri.extract,
    executable: uri.executable,
    cache: uri.cache,
    ...(uri.outputFile === undefined ? {} : { output_file: uri.outputFile }),
  };
}

// The GocdAgent's own status API (GoCD docs, Agent health check API; 17.11 and later). It must only
// report: Mesos kills a task after a number of failures in a row, and the agent answers 503 whenever the GoCD server is
// away, so a restart of the server would kill every build. Hence a number that is never reached. On the host's network
// all agents of a host share the port, so it is meaningless there.
function healthCheck(container: ContainerSettings): WireRecord {
  const ownNetwork = container.network.mode === "USER" ||
    (container.network.mode === "BRIDGE" && container.type === "DOCKER");
  if (container.healthCheck === "none" || !ownNetwork) return {};
  return {
    health_check: {
      type: "HTTP",
      http: { scheme: "http", port: 8152, path: "/health/v1/isConnectedToServer" },
      delay_seconds: 30,
      interval_seconds: 30,
      timeout_seconds: 10,
      grace_period_seconds: 300,
      consecutive_failures: 2 ** 31 - 1,
    },
  };
}
