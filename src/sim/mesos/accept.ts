// ACCEPT: the offers must be valid and the tasks must fit into them, otherwise TASK_DROPPED or TASK_ERROR with the
// master's message.

import { armAllocation, discardOffer, filterMs, giveBack, takeOffer } from "./allocator.ts";
import { type Bag, bagText, contains, minus, plus, readBag, scalarOf } from "./amounts.ts";
import { at, has, listAt, numberAt, type Plain, plainOf, textAt } from "./json.ts";
import { deliverLaunch } from "./tasks.ts";
import { lostWord, sendMasterStatus } from "./updates.ts";
import { newUuid, type SimFramework, type SimHost, type SimOffer, type SimTask, type SimWorld } from "./state.ts";

function offerIds(call: Plain): readonly string[] {
  return listAt(call, "offer_ids").map((id) => textAt(id, "value") ?? "");
}

/** Why the offers of an ACCEPT are invalid; undefined: they are valid. */
function offersProblem(world: SimWorld, framework: SimFramework, ids: readonly string[]): string | undefined {
  if (ids.length === 0) return "No offers specified";
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (twice !== undefined) return `Duplicate offer ${twice} in offer list`;
  const offers: SimOffer[] = [];
  for (const id of ids) {
    const offer = world.offers.get(id);
    if (offer === undefined) return `Offer ${id} is no longer valid`;
    offers.push(offer);
  }
  const first = offers[0];
  for (const offer of offers) {
    if (offer.frameworkId !== framework.id) {
      return `Offer ${offer.id} has invalid framework ${offer.frameworkId} while framework ${framework.id} is expected`;
    }
  }
  for (const offer of offers) {
    if (offer.role !== first?.role) {
      return `Aggregated offers must be allocated to the same role. Offer ${offer.id} uses role '${offer.role}` +
        ` but another is using role '${first?.role}`;
    }
  }
  for (const offer of offers) {
    if (offer.mesosAgentId !== first?.mesosAgentId) {
      return `Aggregated offers must belong to one single agent. Offer ${offer.id} uses agent ${offer.mesosAgentId}` +
        ` and agent ${first?.mesosAgentId}`;
    }
  }
  return undefined;
}

/** The tasks of one operation, with the executor's resources if it is a group. */
function tasksOf(operation: Plain): readonly Plain[] {
  const group = at(operation, "launch_group", "task_group");
  return group === undefined ? listAt(operation, "launch", "task_infos") : listAt(group, "tasks");
}

function taskId(task: Plain): string {
  return textAt(task, "task_id", "value") ?? "";
}

function countAnswer(world: SimWorld, offer: SimOffer): void {
  world.counters.offerHeldMsMax = Math.max(world.counters.offerHeldMsMax, world.nowMs - offer.sentMs);
}

/** ACCEPT, valid or not: every task gets a status. */
export function accept(world: SimWorld, framework: SimFramework, call: Plain): void {
  const ids = offerIds(call);
  const problem = offersProblem(world, framework, ids);
  if (problem !== undefined) {
    world.counters.offersAnsweredInvalid++;
    for (const id of ids) {
      if (world.offers.get(id)?.frameworkId === framework.id) discardOffer(world, id);
    }
    for (const operation of listAt(call, "operations")) {
      for (const task of tasksOf(operation)) {
        countLaunch(world, taskId(task));
        sendMasterStatus(world, framework, taskId(task), {
          state: lostWord(framework, "TASK_DROPPED"),
          message: `Task launched with invalid offers: ${problem}`,
          reason: "REASON_INVALID_OFFERS",
          mesosAgentId: textAt(task, "agent_id", "value"),
        });
      }
    }
    return;
  }
  const offers = ids.flatMap((id) => takeOffer(world, id) ?? []);
  const first = offers[0];
  const host = first === undefined ? undefined : world.hosts.get(first.mesosAgentId);
  if (first === undefined || host === undefined) return;
  world.counters.offersAccepted += offers.length;
  for (const offer of offers) countAnswer(world, offer);
  let rest: Bag = offers.reduce((sum: Bag, offer) => plus(sum, offer.bag), []);
  for (const operation of listAt(call, "operations")) rest = carryOut(world, { framework, host, operation, rest });
  giveBack(world, first, rest, filterMs(world, plainOf(at(call, "filters"))));
  armAllocation(world, world.timing.allocationMs);
}

function countLaunch(world: SimWorld, id: string): void {
  const before = Object.hasOwn(world.counters.launches, id) ? world.counters.launches[id] ?? 0 : 0;
  world.counters.launches[id] = before + 1;
  if (before === 1) world.counters.doubleLaunches++;
}

/** One operation on the remaining resources of the offers. */
interface Operating {
  readonly framework: SimFramework;
  readonly host: SimHost;
  readonly operation: Plain;
  readonly rest: Bag;
}

/** LAUNCH and LAUNCH_GROUP; reservations and volumes are not modelled and change nothing. */
function carryOut(world: SimWorld, { framework, host, operation, rest }: Operating): Bag {
  const isGroup = textAt(operation, "type") === "LAUNCH_GROUP";
  const groupProblem = isGroup ? groupProblemOf(operation) : undefined;
  let left = rest;
  for (const info of tasksOf(operation)) {
    const id = taskId(info);
    countLaunch(world, id);
    const bag = isGroup ? readBag(listAt(info, "resources")) : bagOf(info, framework, rest);
    const problem = groupProblem ?? taskProblem({ framework, host, info, bag, left, isGroup });
    if (problem !== undefined || typeof bag === "string") {
      sendMasterStatus(world, framework, id, {
        state: "TASK_ERROR",
        message: problem,
        reason: isGroup ? "REASON_TASK_GROUP_INVALID" : "REASON_TASK_INVALID",
        mesosAgentId: textAt(info, "agent_id", "value"),
      });
      continue;
    }
    left = minus(left, bag);
    launch(world, { framework, host, info, bag });
  }
  return left;
}

function groupProblemOf(operation: Plain): string | undefined {
  const executor = at(operation, "launch_group", "executor");
  const id = textAt(executor, "executor_id", "value") ?? "";
  if (textAt(executor, "type") === undefined) return "'ExecutorInfo.type' must be set";
  const bag = readBag(listAt(executor, "resources"));
  if (typeof bag === "string") return bag;
  if (scalarOf(bag, "cpus") < 10) return `Executor '${id}' uses less CPUs (None) than the minimum required (0.01)`;
  if (scalarOf(bag, "mem") < 32_000) return `Executor '${id}' uses less memory (None) than the minimum required (32MB)`;
  return scalarOf(bag, "disk") <= 0 ? `Executor '${id}' uses no disk` : undefined;
}

/** Task and executor together; a framework without MULTI_ROLE does not have to name the role. */
function bagOf(info: Plain, framework: SimFramework, rest: Bag): Bag | string {
  const bag = readBag([...listAt(info, "resources"), ...listAt(info, "executor", "resources")]);
  if (typeof bag === "string" || framework.capabilities.has("MULTI_ROLE")) return bag;
  return bag.map((portion) => portion.role === "" ? { ...portion, role: rest[0]?.role ?? "" } : portion);
}

/** The context for validating one task. */
interface Judged {
  readonly framework: SimFramework;
  readonly host: SimHost;
  readonly info: Plain;
  readonly bag: Bag | string;
  readonly left: Bag;
  readonly isGroup: boolean;
}

/** The master's error message for an invalid task, in the master's order of checks. */
function taskProblem({ framework, host, info, bag, left, isGroup }: Judged): string | undefined {
  const id = taskId(info);
  const named = idProblem(id);
  if (named !== undefined) return named;
  if (framework.tasks.has(id)) return `Task has duplicate ID: ${id}`;
  if (framework.unreachableTasks.has(id)) return `Task reuses the ID of an unreachable task: ${id}`;
  const mesosAgentId = textAt(info, "agent_id", "value") ?? "";
  if (mesosAgentId !== host.id) return `Task uses invalid agent ${mesosAgentId} while agent ${host.id} is expected`;
  if ((numberAt(info, "kill_policy", "grace_period", "nanoseconds") ?? 0) < 0) {
    return "Task's 'kill_policy.grace_period' must be non-negative";
  }
  if (listAt(info, "resources").length === 0) return "Task uses no resources";
  if (typeof bag === "string") return `Task uses invalid resources: ${bag}`;
  const roles = new Set(bag.map((portion) => portion.role));
  if (roles.size > 1) return "Invalid task resources: The resources have multiple allocation roles";
  const inner = commandProblem(info) ?? containerProblem(info);
  if (inner !== undefined) return inner;
  if (!isGroup && has(info, "executor") === has(info, "command")) {
    return "Task should have at least one (but not both) of CommandInfo or ExecutorInfo present";
  }
  if (!contains(left, bag)) {
    return `Total resources ${bagText(bag)} required by task and its executor is more than available ${bagText(left)}`;
  }
  return undefined;
}

function idProblem(id: string): string | undefined {
  if (id === "") return "ID must not be empty";
  if (id.length > 255) return `ID must not be greater than 255 characters`;
  if (id === "." || id === "..") return `'${id}' is disallowed`;
  // deno-lint-ignore no-control-regex -- Mesos refuses control characters
  return /[\u0000-\u001f\u007f/\\]/.test(id) ? `'${id}' contains invalid characters` : undefined;
}

function commandProblem(info: Plain): string | undefined {
  for (const variable of listAt(info, "command", "environment", "variables")) {
    const type = textAt(variable, "type") ?? "VALUE";
    if (type === "VALUE" && !has(variable, "value")) {
      return `Task's \`CommandInfo\` is invalid: Environment variable '${
        textAt(variable, "name")
      }' of type 'VALUE' must have a value set`;
    }
  }
  return undefined;
}

function containerProblem(info: Plain): string | undefined {
  for (const volume of listAt(info, "container", "volumes")) {
    const problem = volumeProblem(volume);
    if (problem !== undefined) return `Task's \`ContainerInfo\` is invalid: Invalid volume: ${problem}`;
  }
  if (textAt(info, "container", "type") !== "DOCKER") return undefined;
  if (!has(info, "container", "docker")) {
    return "Task's `ContainerInfo` is invalid: DockerInfo 'docker' is not set for DOCKER typed ContainerInfo";
  }
  const parameters = listAt(info, "container", "docker", "parameters");
  return parameters.some((each) => each.key === "name")
    ? "Task's `ContainerInfo` is invalid: Parameter in DockerInfo must not be 'name'"
    : undefined;
}

function volumeProblem(volume: Plain): string | undefined {
  if (["host_path", "image", "source"].filter((field) => has(volume, field)).length !== 1) {
    return "Only one of them should be set: 'host_path', 'image' and 'source'";
  }
  return textAt(volume, "source", "type") === "DOCKER_VOLUME" && !has(volume, "source", "docker_volume")
    ? "'source.docker_volume' is not set for DOCKER_VOLUME volume"
    : undefined;
}

/** A valid task. */
interface Launched {
  readonly framework: SimFramework;
  readonly host: SimHost;
  readonly info: Plain;
  readonly bag: Bag;
}

function launch(world: SimWorld, { framework, host, info, bag }: Launched): void {
  const task: SimTask = {
    taskId: taskId(info),
    frameworkId: framework.id,
    mesosAgentId: host.id,
    info,
    bag,
    containerId: newUuid(world),
    ipAddress: host.ip,
    masterState: "TASK_STAGING",
    masterUuid: "",
    isReported: false,
    isReleased: false,
  };
  framework.tasks.set(task.taskId, task);
  deliverLaunch(world, host, task);
}

/** DECLINE: each outstanding offer is returned with the filter. */
export function decline(world: SimWorld, framework: SimFramework, call: Plain): void {
  const holdMs = filterMs(world, plainOf(at(call, "filters")));
  for (const id of offerIds(call)) {
    const offer = world.offers.get(id);
    if (offer === undefined || offer.frameworkId !== framework.id) {
      world.counters.offersAnsweredInvalid++;
      continue;
    }
    world.offers.delete(id);
    world.counters.offersDeclined++;
    countAnswer(world, offer);
    giveBack(world, offer, offer.bag, holdMs);
  }
  armAllocation(world, world.timing.allocationMs);
}
