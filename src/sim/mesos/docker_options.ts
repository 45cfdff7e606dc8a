// Options that the Docker containerizer rejects: the master accepts them, the launch fails on the Mesos agent (Mesos
// src/docker/docker.cpp, Docker::RunOptions::create, in its order and wording).

import { at, listAt, numberAt, type Plain, textAt } from "./json.ts";

/** Why the options for `docker run` are invalid; undefined: they are valid. */
export function dockerOptionsProblem(info: Plain): string | undefined {
  if (textAt(info, "container", "type") !== "DOCKER") return undefined;
  const network = textAt(info, "container", "docker", "network") ?? "HOST";
  const mappings = listAt(info, "container", "docker", "port_mappings");
  return volumesProblem(listAt(info, "container", "volumes")) ??
    (network === "USER" ? networksProblem(listAt(info, "container", "network_infos")) : undefined) ??
    (network === "HOST" && textAt(info, "container", "hostname") !== undefined
      ? "Unable to set hostname with host network mode"
      : undefined) ??
    (mappings.length > 0 ? portsProblem(network, mappings, listAt(info, "resources")) : undefined) ??
    commandProblem(info);
}

function volumesProblem(volumes: readonly Plain[]): string | undefined {
  const drivers = new Set<string>();
  for (const volume of volumes) {
    const path = textAt(volume, "container_path") ?? "";
    const hostPath = textAt(volume, "host_path");
    if (hostPath !== undefined && !hostPath.startsWith("/") && !path.startsWith("/")) {
      return `Both host_path '${hostPath}' and container_path '${path}' of a volume are relative`;
    }
    const driver = textAt(volume, "source", "docker_volume", "driver");
    if (driver !== undefined) drivers.add(driver);
    if (drivers.size > 1) return "Only one volume driver is supported";
  }
  return undefined;
}

function networksProblem(infos: readonly Plain[]): string | undefined {
  if (infos.length === 0) return "No network info found in container info";
  if (infos.length > 1) return "Only a single network can be defined in Docker run";
  return textAt(infos[0], "name") === undefined ? "No network name found in network info" : undefined;
}

function portsProblem(network: string, mappings: readonly Plain[], resources: readonly Plain[]): string | undefined {
  if (network === "HOST" || network === "NONE") {
    return "Port mappings are only supported for bridge and user-defined networks";
  }
  const ranges = resources.filter(({ name }) => name === "ports").flatMap((each) => listAt(each, "ranges", "range"));
  if (ranges.length === 0) return "Port mappings require port resources";
  for (const mapping of mappings) {
    const port = numberAt(mapping, "host_port") ?? -1;
    const isOurs = ranges.some((range) =>
      port >= (numberAt(range, "begin") ?? 0) && port <= (numberAt(range, "end") ?? -1)
    );
    if (!isOurs) return `Port [${port}] not included in resources`;
  }
  return undefined;
}

function commandProblem(info: Plain): string | undefined {
  const isShell = at(info, "command", "shell") !== false;
  return isShell && textAt(info, "command", "value") === undefined
    ? "Shell specified but no command value provided"
    : undefined;
}
