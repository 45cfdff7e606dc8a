// What `doctor` asks the Mesos master: roles with weight and quota, and whether each profile fits the agents of the
// cluster.

import type { Config } from "../config/config.ts";
import { fitOn } from "../core/placement/fit.ts";
import { needOf } from "../core/placement/candidates.ts";
import type { AgentProfile } from "../core/settings.ts";
import { counted } from "../core/words/phrases.ts";
import { missText } from "../core/words/placement.ts";
import { OperatorError } from "../errors.ts";
import { type ClusterAgent, type ClusterView, offerFor, type RoleQuota } from "../mesos/cluster_view.ts";
import type { Machine } from "../runtime/machine.ts";
import { openMesos } from "../runtime/ports.ts";
import type { ClockSeen } from "./doctor_clocks.ts";
import { roleText } from "./mesos_roles.ts";
import type { Report } from "./report.ts";
import { mesosLimit, withinLimit } from "./time_limit.ts";

/** Reports all of it; returns the clock of the master, if it sends one. */
export async function doctorMesos(
  config: Config,
  { report, machine }: { readonly report: Report; readonly machine: Machine },
): Promise<ClockSeen | undefined> {
  const mesos = openMesos(() => config, machine);
  try {
    const askedMs = machine.nowMs();
    const cluster = await withinLimit(mesosLimit(config), (signal) => mesos.cluster(signal));
    const answeredMs = machine.nowMs();
    const { profiles } = config.settings;
    tellHidden(cluster, report);
    checkRoles([...new Set(profiles.map(({ role }) => role))], profiles, { cluster, report });
    checkFit(profiles, { cluster, report, nowMs: answeredMs });
    const { dateMs } = cluster;
    return dateMs === undefined ? undefined : { who: "the Mesos master", clockMs: dateMs, askedMs, answeredMs };
  } catch (error) {
    report.fail("mesos", error);
    return undefined;
  } finally {
    mesos.close();
  }
}

interface Looked {
  readonly cluster: ClusterView;
  readonly report: Report;
}

const aclHint = "allow the principal to view them (--acls: view_roles, get_quotas), or see the web UI of the master";

/** What an ACL denies, or an old master does not provide. */
function tellHidden({ roles, quotas, agents }: ClusterView, report: Report): void {
  const lists = [["roles with their weights", roles], ["quotas", quotas], [
    "agents, which the profiles must fit on",
    agents,
  ]] as const;
  const hidden = lists.flatMap(([what, list]) => list === undefined ? [what] : []);
  if (hidden.length > 0) report.warn("role", `the master does not show: ${hidden.join("; ")}`, aclHint);
}

function checkRoles(roles: readonly string[], profiles: readonly AgentProfile[], { cluster, report }: Looked): void {
  for (const role of roles) {
    const quota = cluster.quotas?.find((each) => each.role === role);
    const short = profiles.filter((profile) => profile.role === role).flatMap((profile) => lacksOf(profile, quota));
    for (const lack of short) report.fail("role", lack);
    if (short.length > 0 || cluster.roles === undefined) continue;
    report.ok("role", `${role}: ${roleText(role, cluster)}`);
  }
}

/** Resources for which the quota is too small for a single agent. */
function lacksOf(profile: AgentProfile, quota: RoleQuota | undefined): readonly OperatorError[] {
  const need = needOf(profile);
  return (["cpus", "mem", "disk", "gpus"] as const).flatMap((name) => {
    const limit = quota?.limits[name];
    const needed = name === "gpus" ? need[name] : need[name] / 1000;
    if (limit === undefined || needed <= limit) return [];
    return [
      new OperatorError(
        `the quota of role ${profile.role} is ${limit} ${name} at most, and one agent of profile ${profile.name} needs ${needed}`,
        { code: "mesos-quota-too-small", kind: "refused", hint: "raise the quota, or request less in the profile" },
      ),
    ];
  });
}

function checkFit(
  profiles: readonly AgentProfile[],
  { cluster, report, nowMs }: Looked & { readonly nowMs: number },
): void {
  const { agents } = cluster;
  if (agents === undefined) return;
  const active = agents.filter(({ isActive }) => isActive);
  if (active.length === 0) {
    const message = `${counted(agents.length, "Mesos agent")} in the cluster, none of them active`;
    const hint = "start Mesos agents, and check that they reach the master";
    report.fail("fit", new OperatorError(message, { code: "mesos-no-agents", kind: "unreachable", hint }));
    return;
  }
  for (const profile of profiles) checkFitOf(profile, active, { report, nowMs });
}

function checkFitOf(
  profile: AgentProfile,
  agents: readonly ClusterAgent[],
  { report, nowMs }: { readonly report: Report; readonly nowMs: number },
): void {
  const on = (what: "all" | "free"): ReturnType<typeof fitOn> =>
    fitOn(profile, agents.map((agent) => offerFor(agent, profile.role, what)), nowMs);
  const [empty, now] = [on("all"), on("free")];
  const of = `of ${counted(agents.length, "Mesos agent")}`;
  if (empty.miss !== undefined) {
    const message = `profile ${profile.name} fits no Mesos agent (of ${agents.length}), even if nothing ran there: ${
      missText(empty.miss)
    }`;
    const hint = "request less in the profile, correct its constraints, or add Mesos agents";
    report.fail("fit", new OperatorError(message, { code: "mesos-no-fit", kind: "refused", hint }));
  } else if (now.miss !== undefined) {
    report.warn(
      "fit",
      `profile ${profile.name} fits ${empty.hosts} ${of}, but there is no room now: ${missText(now.miss)}`,
      "wait until other tasks there end, or add Mesos agents",
    );
  } else {
    report.ok(
      "fit",
      `profile ${profile.name}: ${now.hosts} ${of} ${
        now.hosts === 1 ? "has" : "have"
      } room now, ${empty.hosts} if nothing ran there`,
    );
  }
}
