// What the two servers of a replay list: jobs, records of agents, offers.

import type { GocdAgent } from "../core/gocd_records.ts";
import type { Offer } from "../core/placement/offer.ts";
import type { JobClass } from "./shapes.ts";
import type { Container, Job } from "./world.ts";

/** The locator of a job. */
export function locatorOf({ index, class: ofClass }: Job): string {
  return `${pipelineOf(ofClass)}/${index + 1}/stage/1/job`;
}

/** The name of its pipeline: one for all jobs without a group. */
export function pipelineOf({ index, group }: JobClass): string {
  return group === undefined ? "pipeline" : `pipeline-${index}`;
}

/** The Mesos agent id of a host. */
export function mesosAgentIdOf(host: number): string {
  return `host-${host}`;
}

/** An offer of what is free on a host. */
export function offerOf(
  id: string,
  host: number,
  free: { readonly cpusMilli: number; readonly memMbMilli: number },
): Offer {
  const name = mesosAgentIdOf(host);
  const piece = { role: "*", reservations: "[]", use: "usable" } as const;
  // Resources that a replay does not count are unlimited.
  const scalars = [["cpus", free.cpusMilli], ["mem", free.memMbMilli], ["disk", 1e12], ["gpus", 1e6]] as const;
  return {
    id,
    mesosAgentId: name,
    hostname: name,
    role: "*",
    attributes: [],
    resources: [
      ...scalars.map(([resource, milli]) => ({ ...piece, name: resource, value: { kind: "scalar" as const, milli } })),
      { ...piece, name: "ports", value: { kind: "ranges", ranges: [{ begin: 31_000, end: 60_000 }] } },
    ],
  };
}

/** The record of the agent in a container. */
export function recordOf({ id, phase, isEnabled, registration, job }: Container): GocdAgent {
  const { gocdResources, environment } = registration;
  const word = phase === "building" ? "Building" : phase === "ended" ? "LostContact" : "Idle";
  return {
    uuid: `uuid-${id}`,
    hostname: id,
    configState: isEnabled ? "Enabled" : "Disabled",
    agentState: word,
    buildState: phase === "ended" ? "Unknown" : word,
    gocdResources,
    environments: environment === undefined ? [] : [{ name: environment, origin: "gocd" }],
    elastic: false,
    ...(job === undefined ? {} : { buildLocator: locatorOf(job) }),
  };
}
