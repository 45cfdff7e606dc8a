// The roles of a Mesos cluster, as shown in rows.

import { counted } from "../core/words/phrases.ts";
import type { ClusterView, RoleQuota } from "../mesos/cluster_view.ts";

/** What the master reports about a role: its weight, its frameworks, its quota. */
export function roleText(role: string, cluster: ClusterView): string {
  const known = cluster.roles?.find(({ name }) => name === role);
  const quota = cluster.quotas?.find((each) => each.role === role);
  const frameworks = counted(known?.frameworks ?? 0, "framework");
  return `weight ${known?.weight ?? 1}, ${frameworks}, ${quotaText(cluster, quota)}`;
}

function quotaText({ quotas }: ClusterView, quota: RoleQuota | undefined): string {
  if (quotas === undefined) return "quota not known";
  if (quota === undefined) return "no quota";
  const amounts = (of: Readonly<Record<string, number>>): string =>
    Object.entries(of).map(([name, amount]) => `${amount} ${name}`).join(", ");
  const guaranteed = Object.keys(quota.guarantees).length === 0 ? [] : [`guaranteed ${amounts(quota.guarantees)}`];
  const limited = Object.keys(quota.limits).length === 0 ? [] : [`at most ${amounts(quota.limits)}`];
  return ["quota:", [...guaranteed, ...limited].join("; ") || "without amounts"].join(" ");
}
