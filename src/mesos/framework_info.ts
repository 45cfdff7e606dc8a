// A FrameworkIdentity as FrameworkInfo of mesos.proto.

import type { FrameworkIdentity } from "./api.ts";
import type { WireRecord } from "./proto/wire.ts";
import { enumWords } from "./proto/schema.ts";
import { labelsRecord } from "./task_info.ts";

/**
 * The FrameworkInfo, with the id if there is one. Without the capability MULTI_ROLE the first role is set in the old
 * field `role`, as Mesos then requires. Tasks always survive a restart of their Mesos agent (`checkpoint`). Throws an
 * `Error` for a capability that Mesos does not know.
 */
export function frameworkInfo(identity: FrameworkIdentity, frameworkId: string | undefined): WireRecord {
  const multiRole = identity.capabilities.includes("MULTI_ROLE");
  return {
    user: identity.user,
    name: identity.name,
    ...(frameworkId === undefined ? {} : { id: { value: frameworkId } }),
    // In seconds, while everything of ours is in ms.
    failover_timeout: identity.failoverTimeoutMs / 1000,
    checkpoint: true,
    ...(multiRole ? { roles: [...identity.roles] } : { role: identity.roles[0] ?? "*" }),
    ...(identity.hostname === undefined ? {} : { hostname: identity.hostname }),
    ...(identity.principal === undefined ? {} : { principal: identity.principal }),
    ...(identity.webuiUrl === undefined ? {} : { webui_url: identity.webuiUrl }),
    ...(identity.capabilities.length === 0 ? {} : { capabilities: identity.capabilities.map(capabilityRecord) }),
    ...(Object.keys(identity.labels).length === 0 ? {} : { labels: labelsRecord(identity.labels) }),
    ...(identity.minAllocatable.length === 0 ? {} : { offer_filters: offerFilters(identity) }),
  };
}

function capabilityRecord(type: string): WireRecord {
  if (!Object.values(enumWords("mesos.v1.FrameworkInfo.Capability.Type")).includes(type)) {
    throw new Error(`'${type}' is not a framework capability of Mesos`);
  }
  return { type };
}

// By role; an offer is sent where it holds any of the role's sets of quantities.
function offerFilters(identity: FrameworkIdentity): WireRecord {
  const roles = new Set(identity.minAllocatable.map(({ role }) => role));
  return Object.fromEntries([...roles].map((role) => {
    const quantities = identity.minAllocatable.filter((entry) => entry.role === role).map((entry) => ({
      quantities: Object.fromEntries(Object.entries(entry.quantities).map(([name, value]) => [name, { value }])),
    }));
    return [role, { min_allocatable_resources: { quantities } }];
  }));
}
