// A launch with default values, which tests can override.

import type { TaskLaunch } from "../../src/core/effect.ts";
import type { OfferedResource } from "../../src/core/placement/offer.ts";
import type { ContainerSettings } from "../../src/core/settings.ts";
import { aProfile, plainContainer } from "./placement.ts";

/** A scalar resource, unreserved. */
export function scalarResource(name: string, milli: number): OfferedResource {
  return { name, value: { kind: "scalar", milli }, role: "gocd", reservations: "[]", use: "usable" };
}

/** One launch; `container` and `changes` override fields. */
export function plainLaunch(container: Partial<ContainerSettings> = {}, changes: Partial<TaskLaunch> = {}): TaskLaunch {
  return {
    taskId: "gocd-agent-linux-01",
    profile: aProfile({
      name: "linux",
      hash: "0123abcd",
      gocdResources: ["linux", "docker"],
      environments: "*",
      mesosResources: { cpusMilli: 1000, memMbMilli: 512_000 },
      role: "gocd",
      container: { ...plainContainer, image: "gocd/gocd-agent-alpine:v1", ...container },
    }),
    environment: "production",
    gocdResources: ["linux", "docker"],
    resources: [scalarResource("cpus", 1000), scalarResource("mem", 512_000)],
    hostPorts: [],
    ...changes,
  };
}
