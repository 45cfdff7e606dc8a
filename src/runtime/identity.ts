// FrameworkInfo from the configuration.

import type { Config } from "../config/config.ts";
import { allocatableQuantities, offerConstraints } from "../core/placement/offer_needs.ts";
import type { FrameworkIdentity } from "../mesos/api.ts";

/** Capabilities that every run has (mesos.proto, FrameworkInfo.Capability). */
const capabilities = ["MULTI_ROLE", "PARTITION_AWARE", "TASK_KILLING_STATE", "RESERVATION_REFINEMENT", "REGION_AWARE"];

/** The public name of this machine: `mesos.hostname`, or the system's hostname if the permissions allow reading it. */
export function hostnameOf({ mesos }: Config): string | undefined {
  if (mesos.hostname !== undefined) return mesos.hostname;
  const { state } = Deno.permissions.querySync({ name: "sys", kind: "hostname" });
  return state === "granted" ? Deno.hostname() : undefined;
}

/** Our FrameworkInfo. GPU_RESOURCES only if a profile requires GPUs, otherwise normal tasks would fill GPU hosts. */
export function frameworkIdentity(config: Config): FrameworkIdentity {
  const { mesos, settings } = config;
  const hostname = hostnameOf(config);
  const wantsGpus = settings.profiles.some((profile) => profile.mesosResources.gpus > 0);
  // A role that no profile uses would only cause offers that must be declined.
  const roles = [...new Set(settings.profiles.map((profile) => profile.role))];
  const constraints = [...offerConstraints(settings.profiles)].map(([role, groups]) => ({ role, groups }));
  return {
    name: mesos.name,
    user: mesos.user,
    roles,
    ...(mesos.principal === undefined ? {} : { principal: mesos.principal }),
    ...(hostname === undefined ? {} : { hostname }),
    ...(mesos.webuiUrl === undefined ? {} : { webuiUrl: mesos.webuiUrl }),
    failoverTimeoutMs: mesos.failoverTimeoutMs,
    capabilities: wantsGpus ? [...capabilities, "GPU_RESOURCES"] : capabilities,
    labels: {},
    // Masters before 1.8 ignore the field.
    minAllocatable: roles.flatMap((role) =>
      allocatableQuantities(settings.profiles, role).map((quantities) => ({ role, quantities }))
    ),
    // Masters before 1.11 ignore the field. Only sent if there are any.
    ...(constraints.some(({ groups }) => groups.length > 0) ? { offerConstraints: constraints } : {}),
  };
}
