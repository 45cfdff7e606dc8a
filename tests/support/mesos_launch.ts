// A launch with plain values, to be changed where a test needs it.

import type { TaskLaunch } from "../../src/core/effect.ts";
import { noResources } from "../../src/core/placement/mesos_resources.ts";
import type { OfferedResource } from "../../src/core/placement/offer.ts";
import type { AgentProfile, ContainerSettings } from "../../src/core/settings.ts";

/** A Docker container on the bridge network with nothing special. */
export const plainContainer: ContainerSettings = {
  type: "DOCKER",
  image: "gocd/gocd-agent-alpine:v1",
  forcePull: false,
  network: { mode: "BRIDGE" },
  portMappings: [],
  volumes: [],
  privileged: false,
  parameters: [],
  env: {},
  envFiles: {},
  user: "",
  uris: [],
  shell: false,
  arguments: [],
  labels: {},
  killGraceMs: 30_000,
  healthCheck: "none",
};

const plainProfile: Omit<AgentProfile, "container"> = {
  name: "linux",
  hash: "0123abcd",
  gocdResources: ["linux", "docker"],
  environments: "*",
  mesosResources: { ...noResources, cpusMilli: 1000, memMbMilli: 512_000 },
  role: "gocd",
  constraints: [],
  placement: "pack",
  minIdle: 0,
  idleTimeoutMs: 600_000,
  registerTimeoutMs: 600_000,
};

/** A scalar resource, unreserved. */
export function scalarResource(name: string, milli: number): OfferedResource {
  return { name, value: { kind: "scalar", milli }, role: "gocd", reservations: "[]", use: "usable" };
}

/** One launch; `container` and `changes` replace what they name. */
export function plainLaunch(container: Partial<ContainerSettings> = {}, changes: Partial<TaskLaunch> = {}): TaskLaunch {
  return {
    taskId: "gocd-agent-linux-01",
    profile: { ...plainProfile, container: { ...plainContainer, ...container } },
    environment: "production",
    gocdResources: ["linux", "docker"],
    resources: [scalarResource("cpus", 1000), scalarResource("mem", 512_000)],
    hostPorts: [],
    ...changes,
  };
}
