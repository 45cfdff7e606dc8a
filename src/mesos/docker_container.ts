// Builds ContainerInfo for the Docker containerizer (Mesos src/docker/docker.cpp, Docker::RunOptions::create).

import { isNamingParameter } from "../core/identity/agent_naming.ts";
import type { TaskLaunch } from "../core/effect.ts";
import type { ContainerSettings, VolumeSettings } from "../core/settings.ts";
import type { WireRecord } from "./proto/wire.ts";

/**
 * The container. We assign no hostname: Docker assigns one, which TASK_RUNNING reports to us, and which the state of
 * the master does not show, unlike everything here (apache/mesos src/common/http.cpp). Only in the host network, where
 * it would have the name of its host, it is named by its task id. Docker parameters of the operator that would name the
 * agent are dropped. A parameter `shm-size` takes precedence over the setting.
 */
export function dockerContainer(launch: TaskLaunch): WireRecord {
  const { container } = launch.profile;
  const { network } = container;
  const parameters = dockerParameters(launch.taskId, container);
  return {
    type: "DOCKER",
    ...(container.volumes.length === 0 ? {} : { volumes: container.volumes.map(volumeRecord) }),
    ...(network.mode === "USER" ? { network_infos: [{ name: network.name }] } : {}),
    docker: {
      image: container.image,
      network: network.mode,
      ...(launch.hostPorts.length === 0 || !mapsPorts(network.mode) ? {} : { port_mappings: portMappings(launch) }),
      privileged: container.privileged,
      ...(parameters.length === 0 ? {} : { parameters }),
      force_pull_image: container.forcePull,
    },
  };
}

/**
 * The command that replaces the image's entry point: only `docker run --entrypoint` does. `undefined` for none, for a
 * shell command line (which Mesos runs), and if the operator has set a parameter `entrypoint`.
 */
export function dockerEntryPoint({ command, shell, parameters }: ContainerSettings): string | undefined {
  return shell || parameters.some(({ key }) => key === "entrypoint") ? undefined : command;
}

/** A volume of either containerizer; the Mesos containerizer needs the driver of a named volume. */
export function volumeRecord(volume: VolumeSettings): WireRecord {
  const { containerPath, mode } = volume;
  if (volume.kind === "host") return { container_path: containerPath, host_path: volume.hostPath, mode };
  return {
    container_path: containerPath,
    mode,
    source: {
      type: "DOCKER_VOLUME",
      docker_volume: { ...(volume.driver === undefined ? {} : { driver: volume.driver }), name: volume.name },
    },
  };
}

/** The mapping of host ports to container ports; mappings without a port in the launch are omitted. */
export function portMappings(launch: TaskLaunch): WireRecord[] {
  return launch.profile.container.portMappings.slice(0, launch.hostPorts.length).map((mapping, index) => ({
    host_port: launch.hostPorts[index],
    container_port: mapping.containerPort,
    protocol: mapping.protocol,
  }));
}

function mapsPorts(mode: ContainerSettings["network"]["mode"]): boolean {
  return mode === "BRIDGE" || mode === "USER";
}

function dockerParameters(taskId: string, container: ContainerSettings): WireRecord[] {
  const entryPoint = dockerEntryPoint(container);
  const isUserGiven = container.parameters.some(({ key }) => key === "user");
  return [
    ...(container.user === "" || isUserGiven ? [] : [{ key: "user", value: container.user }]),
    ...(entryPoint === undefined ? [] : [{ key: "entrypoint", value: entryPoint }]),
    // As a parameter: Mesos refuses it as ContainerInfo.hostname there (src/docker/docker.cpp, RunOptions::create).
    ...(container.network.mode === "HOST" ? [{ key: "hostname", value: taskId }] : []),
    ...(container.shmSizeMb === undefined ? [] : [{ key: "shm-size", value: `${container.shmSizeMb}m` }]),
    ...container.parameters.filter((each) => !isNamingParameter(each)).map(({ key, value }) => ({ key, value })),
  ];
}
