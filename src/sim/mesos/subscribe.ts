// Subscription, takeover, update, disconnection and removal of frameworks.

import { armAllocation, discardOffersTo, rescindOffer } from "./allocator.ts";
import { at, listAt, numberAt, type Plain, plainOf, textAt, wordsAt } from "./json.ts";
import { offerConstraintsOf, offerConstraintsProblem } from "./offer_constraints.ts";
import { endSubscription, endWithError, openSubscription, sendEvent, startHeartbeat } from "./stream.ts";
import { shutDownFramework } from "./tasks.ts";
import { releaseTask, resumeUpdates } from "./updates.ts";
import { leaderId, type SimFramework, type SimRun, type SimSubscription, type SimWorld } from "./state.ts";

function capabilitiesOf(info: Plain): ReadonlySet<string> {
  return new Set(listAt(info, "capabilities").map((each) => textAt(each, "type") ?? ""));
}

function rolesOf(info: Plain): ReadonlySet<string> {
  return capabilitiesOf(info).has("MULTI_ROLE")
    ? new Set(wordsAt(info, "roles"))
    : new Set([textAt(info, "role") ?? "*"]);
}

function roleProblem(role: string): string | undefined {
  if (role === "") return "Role '' is invalid: the role is empty";
  if (role === "*") return undefined;
  const isBad = role.startsWith("/") || role.endsWith("/") ||
    role.split("/").some((part) =>
      part === "" || part === "." || part === ".." || part === "*" || part.startsWith("-")
    ) ||
    // deno-lint-ignore no-control-regex -- \x08 to \x0d are what Mesos refuses in roles
    /[\x08-\x0d\s\x7f\\]/.test(role);
  return isBad ? `Role '${role}' contains invalid characters or components` : undefined;
}

/** The master's error message for an invalid FrameworkInfo; undefined: it is valid. */
function infoProblem(world: SimWorld, info: Plain): string | undefined {
  const isMultiRole = capabilitiesOf(info).has("MULTI_ROLE");
  const roles = wordsAt(info, "roles");
  if (isMultiRole && textAt(info, "role") !== undefined) {
    return "'FrameworkInfo.role' must not be set when the framework is MULTI_ROLE capable";
  }
  if (!isMultiRole && roles.length > 0) {
    return "'FrameworkInfo.roles' must not be set when the framework is not MULTI_ROLE capable";
  }
  const twice = [...new Set(roles.filter((role, index) => roles.indexOf(role) !== index))];
  if (twice.length > 0) return `'FrameworkInfo.roles' contains duplicate items: { ${twice.join(", ")} }`;
  for (const role of rolesOf(info)) {
    const problem = roleProblem(role);
    if (problem === undefined) continue;
    return `'FrameworkInfo.${isMultiRole ? "roles' contains invalid role" : "role' is not a valid role"}: ${problem}`;
  }
  const failoverSeconds = numberAt(info, "failover_timeout") ?? 0;
  if (Math.abs(failoverSeconds) > 9.2e9) return `The framework failover_timeout (${failoverSeconds}) is invalid`;
  const allowed = world.options.roles;
  const foreign = allowed === undefined ? [] : [...rolesOf(info)].filter((role) => !allowed.includes(role));
  if (foreign.length > 0) return `Roles { ${foreign.join(", ")} } are not present in the master's --roles`;
  const id = textAt(info, "id", "value") ?? "";
  return world.completed.has(id) ? "Framework has been removed" : undefined;
}

/** Why `suppressed_roles` is invalid. */
function suppressionProblem(info: Plain, suppressed: readonly string[]): string | undefined {
  const foreign = suppressed.filter((role) => !rolesOf(info).has(role));
  return foreign.length === 0
    ? undefined
    : `Suppressed roles { ${foreign.join(", ")} } are not contained in the set of roles`;
}

/** A SUBSCRIBE that passed the gate: always a stream, possibly with only an ERROR in it. */
export function subscribe(world: SimWorld, call: Plain, principal: string | undefined): SimSubscription {
  const subscription = openSubscription(world);
  const asked = plainOf(at(call, "subscribe", "framework_info"));
  const info = principal !== undefined && asked["principal"] === undefined ? { ...asked, principal } : asked;
  const suppressed = wordsAt(call, "subscribe", "suppressed_roles");
  const constraints = offerConstraintsOf(world, at(call, "subscribe", "offer_constraints"));
  const problem = infoProblem(world, info) ?? suppressionProblem(info, suppressed) ??
    offerConstraintsProblem(constraints, rolesOf(info));
  if (problem !== undefined) {
    endWithError(world, subscription, problem);
    return subscription;
  }
  const id = textAt(info, "id", "value") ?? "";
  const known = world.frameworks.get(id);
  if (known !== undefined && textAt(known.info, "principal") !== textAt(info, "principal")) {
    endWithError(world, subscription, "Changing framework's principal is not allowed.");
    return subscription;
  }
  const framework = known ?? addFramework(world, info, id);
  if (known !== undefined) {
    if (known.subscription !== undefined) endWithError(world, known.subscription, "Framework failed over");
    discardOffersTo(world, known.id);
    known.failoverTimer?.cancel();
    known.failoverTimer = undefined;
    applyInfo(world, known, { ...info, user: known.info["user"], checkpoint: known.info["checkpoint"] });
  }
  framework.suppressed.clear();
  for (const role of suppressed) framework.suppressed.add(role);
  framework.offerConstraints = constraints;
  framework.filters.clear();
  framework.inverseFilters.clear();
  attach(world, framework, subscription);
  return subscription;
}

function addFramework(world: SimWorld, info: Plain, id: string): SimFramework {
  const number = String(world.sequence.framework).padStart(4, "0");
  const frameworkId = id !== "" ? id : `${leaderId(world)}-${number}`;
  if (id === "") world.sequence.framework++;
  const framework: SimFramework = {
    id: frameworkId,
    info: { ...info, id: { value: frameworkId } },
    roles: rolesOf(info),
    capabilities: capabilitiesOf(info),
    subscription: undefined,
    suppressed: new Set(),
    offerConstraints: {},
    filters: new Map(),
    inverseFilters: new Map(),
    tasks: new Map(),
    unreachableTasks: new Map(),
    failoverTimer: undefined,
  };
  world.frameworks.set(frameworkId, framework);
  world.frameworkInfos.set(frameworkId, framework.info);
  for (const host of world.hosts.values()) {
    if (host.standing === "registered") adoptTasks(framework, host.runs.values());
  }
  return framework;
}

/** A framework that resubscribes with a new master gets the tasks of agents that reregistered before. */
function adoptTasks(framework: SimFramework, runs: Iterable<SimRun>): void {
  for (const run of runs) {
    if (run.task.frameworkId !== framework.id) continue;
    run.task.masterState = run.updates[0]?.state ?? run.state;
    run.task.masterUuid = run.updates[0]?.uuid ?? "";
    framework.tasks.set(run.task.taskId, run.task);
  }
}

function applyInfo(world: SimWorld, framework: SimFramework, info: Plain): void {
  framework.info = { ...info, id: { value: framework.id } };
  world.frameworkInfos.set(framework.id, framework.info);
  framework.capabilities = capabilitiesOf(info);
  framework.roles = rolesOf(info);
  for (const role of [...framework.suppressed]) {
    if (!framework.roles.has(role)) framework.suppressed.delete(role);
  }
  for (const offer of [...world.offers.values()]) {
    if (offer.frameworkId === framework.id && !framework.roles.has(offer.role)) rescindOffer(world, offer.id);
  }
}

function attach(world: SimWorld, framework: SimFramework, subscription: SimSubscription): void {
  framework.subscription = subscription;
  subscription.frameworkId = framework.id;
  world.counters.subscriptions++;
  sendEvent(world, subscription, {
    type: "SUBSCRIBED",
    subscribed: {
      "framework_id": { value: framework.id },
      "heartbeat_interval_seconds": world.timing.heartbeatMs / 1000,
      "master_info": masterInfo(world, world.leader ?? 0),
    },
  });
  startHeartbeat(world, subscription);
  for (const host of world.hosts.values()) resumeUpdates(world, host, framework.id);
  armAllocation(world, world.timing.hopMs);
}

/** MasterInfo of one master, as in SUBSCRIBED. */
export function masterInfo(world: SimWorld, index: number): Plain {
  const master = world.masters[index];
  const { hostname, port } = master?.address ?? { hostname: "127.0.0.1", port: 5050 };
  return {
    id: master?.id ?? "",
    ip: 16777343,
    port,
    pid: `master@${hostname}:${port}`,
    hostname,
    version: world.options.version ?? "1.12.0",
    address: { hostname, ip: "127.0.0.1", port },
    capabilities: [{ type: "AGENT_UPDATE" }, { type: "AGENT_DRAINING" }, { type: "QUOTA_V2" }],
  };
}

/**
 * The framework's connection is gone: its offers are returned; after `failover_timeout` (0: immediately) it is removed.
 */
export function detach(world: SimWorld, subscription: SimSubscription): void {
  endSubscription(subscription, "cut");
  const framework = world.frameworks.get(subscription.frameworkId);
  if (framework?.subscription !== subscription) return;
  framework.subscription = undefined;
  discardOffersTo(world, framework.id);
  const timeoutMs = (numberAt(framework.info, "failover_timeout") ?? 0) * 1000;
  if (timeoutMs <= 0) {
    removeFramework(world, framework);
    return;
  }
  framework.failoverTimer = world.timers.plan(world.nowMs + timeoutMs, () => removeFramework(world, framework));
}

/**
 * TEARDOWN, an operator's teardown, or the end of the failover timeout: all its tasks are killed, its id becomes
 * invalid.
 */
export function removeFramework(world: SimWorld, framework: SimFramework): void {
  framework.failoverTimer?.cancel();
  discardOffersTo(world, framework.id);
  if (framework.subscription !== undefined) endSubscription(framework.subscription, "closing");
  framework.subscription = undefined;
  world.frameworks.delete(framework.id);
  world.completed.add(framework.id);
  for (const task of framework.tasks.values()) releaseTask(world, task);
  for (const host of world.hosts.values()) {
    if (host.link === "connected") shutDownFramework(world, host, framework.id);
  }
  armAllocation(world, world.timing.allocationMs);
}

/** UPDATE_FRAMEWORK: an error text (400), or undefined for success (200). */
export function updateFramework(world: SimWorld, framework: SimFramework, call: Plain): string | undefined {
  const info = plainOf(at(call, "framework_info"));
  const problem = infoProblem(world, info);
  if (problem !== undefined) return `Supplied FrameworkInfo is not valid: ${problem}`;
  const changed = updateProblem(framework.info, info);
  if (changed !== undefined) return `FrameworkInfo update is not valid: ${changed}`;
  const suppressed = wordsAt(call, "suppressed_roles");
  const constraints = offerConstraintsOf(world, at(call, "offer_constraints"));
  const wrong = suppressionProblem(info, suppressed) ?? offerConstraintsProblem(constraints, rolesOf(info));
  if (wrong !== undefined) return `'UpdateFramework' call is not valid: ${wrong}`;
  framework.suppressed.clear();
  for (const role of suppressed) framework.suppressed.add(role);
  framework.offerConstraints = constraints;
  applyInfo(world, framework, info);
  armAllocation(world, world.timing.hopMs);
  return undefined;
}

function updateProblem(before: Plain, after: Plain): string | undefined {
  if (textAt(before, "principal") !== textAt(after, "principal")) {
    return "Changing framework's principal is not allowed.";
  }
  if (textAt(before, "user") !== textAt(after, "user")) {
    return `Updating 'FrameworkInfo.user' is unsupported; attempted to update from '${textAt(before, "user")}' to '${
      textAt(after, "user")
    }'`;
  }
  const [old, next] = [before["checkpoint"] === true, after["checkpoint"] === true];
  return old === next
    ? undefined
    : `Updating 'FrameworkInfo.checkpoint' is unsupported; attempted to update from '${old}' to '${next}'`;
}
