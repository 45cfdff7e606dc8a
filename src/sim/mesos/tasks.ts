// The life cycle of a Docker container on a Mesos agent: pull, start, run, stop, end.

import { openSandbox } from "./agent_files.ts";
import { dockerOptionsProblem } from "./docker_options.ts";
import { at, listAt, numberAt, textAt } from "./json.ts";
import { forgetRun, isTerminal, makeAgentUpdate } from "./updates.ts";
import { happens, newRun, runKey, type SimHost, type SimRun, type SimTask, type SimWorld } from "./state.ts";

/** The agent gets a task to run; a fault may lose the message. */
export function deliverLaunch(world: SimWorld, host: SimHost, task: SimTask): void {
  const isLost = happens(world, "launchLost");
  world.timers.plan(world.nowMs + world.timing.hopMs, () => {
    if (!isLost && host.link === "connected") startRun(world, host, task);
  });
}

function startRun(world: SimWorld, host: SimHost, task: SimTask): void {
  const run = newRun(task, "pulling", "TASK_STAGING");
  host.runs.set(runKey(task.frameworkId, task.taskId), run);
  if (host.isDraining) {
    run.phase = "ended";
    makeAgentUpdate(world, host, run, {
      state: "TASK_DROPPED",
      source: "SOURCE_AGENT",
      message: "Task was received while agent was already draining",
      reason: "REASON_AGENT_DRAINING",
    });
    return;
  }
  const image = imageOf(task);
  const isPulled = image === "" ||
    (host.images.has(image) && at(task.info, "container", "docker", "force_pull_image") !== true);
  run.next = world.timers.plan(world.nowMs + (isPulled ? 0 : world.timing.pullMs), () => pulled(world, host, run));
}

function imageOf(task: SimTask): string {
  return textAt(task.info, "container", "docker", "image") ??
    textAt(task.info, "container", "mesos", "image", "docker", "name") ?? "";
}

function isMissing(world: SimWorld, host: SimHost, image: string): boolean {
  const where = world.missingImages.get(image);
  return where === "everywhere" || where?.has(host.id) === true;
}

function pulled(world: SimWorld, host: SimHost, run: SimRun): void {
  const image = imageOf(run.task);
  if (isMissing(world, host, image)) {
    run.phase = "ended";
    makeAgentUpdate(world, host, run, {
      state: "TASK_FAILED",
      source: "SOURCE_AGENT",
      message:
        `Failed to launch container: Failed to run '/usr/bin/docker -H unix:///var/run/docker.sock pull ${image}': ` +
        `exited with status 1; stderr='Error response from daemon: pull access denied for ${
          image.replace(/:.*$/, "")
        }, ` +
        "repository does not exist or may require 'docker login': denied: requested access to the resource is denied\n'",
      reason: "REASON_CONTAINER_LAUNCH_FAILED",
    });
    return;
  }
  host.images.add(image);
  run.phase = "starting";
  openSandbox(host, run, world.options.version ?? "1.12.0");
  makeAgentUpdate(world, host, run, { state: "TASK_STARTING", source: "SOURCE_EXECUTOR" });
  const problem = dockerOptionsProblem(run.task.info);
  if (problem !== undefined) {
    run.phase = "ended";
    makeAgentUpdate(world, host, run, {
      state: "TASK_FAILED",
      source: "SOURCE_EXECUTOR",
      message: `Failed to create docker run options: ${problem}`,
    });
    return;
  }
  run.next = world.timers.plan(world.nowMs + world.timing.startMs, () => running(world, host, run));
}

/**
 * Acts once Docker answers: the executor waits for each of its commands without a limit (MESOS-8574: `docker inspect`
 * hangs, the task stays TASK_STARTING; MESOS-6743: `docker stop` hangs, the task stays TASK_KILLING).
 */
function onceDockerAnswers(world: SimWorld, host: SimHost, run: SimRun, act: () => void): void {
  const leftMs = host.dockerHungUntilMs - world.nowMs;
  if (leftMs < 0) return act();
  run.next = world.timers.plan(world.nowMs + leftMs + 1, () => onceDockerAnswers(world, host, run, act));
}

function running(world: SimWorld, host: SimHost, run: SimRun): void {
  // Half of the containers are started before Docker hangs, and only their inspection hangs.
  const isStarted = run.task.containerId.charCodeAt(0) % 2 === 0;
  if (isStarted || host.dockerHungUntilMs < world.nowMs) return containerUp(world, host, run);
  onceDockerAnswers(world, host, run, () => containerUp(world, host, run));
}

function containerUp(world: SimWorld, host: SimHost, run: SimRun): void {
  run.phase = "running";
  run.isContainerUp = true;
  const hostname = hostnameOf(host, run.task);
  run.task.ipAddress = addressOf(world, host, run.task);
  world.containerEvents.push({
    kind: "started",
    atMs: world.nowMs,
    taskId: run.task.taskId,
    mesosAgentId: host.id,
    host: host.spec.hostname,
    hostname,
    ipAddress: run.task.ipAddress,
    env: environmentOf(run.task),
    image: imageOf(run.task),
  });
  const network = (textAt(run.task.info, "container", "docker", "network") ?? "HOST").toLowerCase();
  const inspected = [{
    "Id": dockerIdOf(run.task),
    "Name": `/mesos-${run.task.containerId}`,
    "State": { "Status": "running", "Running": true, "ExitCode": 0 },
    "Config": { "Hostname": hostname },
    "Image": imageOf(run.task),
    "HostConfig": { "NetworkMode": network },
  }];
  const data = btoa(String.fromCharCode(...new TextEncoder().encode(JSON.stringify(inspected))));
  onceDockerAnswers(world, host, run, () => {
    makeAgentUpdate(world, host, run, { state: "TASK_RUNNING", source: "SOURCE_EXECUTOR", data });
  });
}

/**
 * The address from `docker inspect` or the CNI isolator: on Docker's bridge the next free address, which is the same on
 * every host; in a named network one of that network; otherwise the address of the Mesos agent (apache/mesos
 * docker/executor.cpp; Slave::_statusUpdate).
 */
function addressOf(world: SimWorld, host: SimHost, task: SimTask): string {
  const isDocker = textAt(task.info, "container", "type") === "DOCKER";
  const network = textAt(task.info, "container", "docker", "network") ?? "HOST";
  const isNamed = listAt(task.info, "container", "network_infos").length > 0;
  const prefix = isNamed ? "10.99.0" : isDocker && network === "BRIDGE" ? "172.17.0" : undefined;
  if (prefix === undefined) return host.ip;
  const hosts = isNamed ? [...world.hosts.values()] : [host];
  const taken = new Set(hosts.flatMap(({ runs }) => [...runs.values()].map((run) => run.task.ipAddress)));
  let last = 2;
  while (taken.has(`${prefix}.${last}`)) last++;
  return `${prefix}.${last}`;
}

function hostnameOf(host: SimHost, task: SimTask): string {
  const parameter = listAt(task.info, "container", "docker", "parameters").find((each) => each.key === "hostname");
  const network = textAt(task.info, "container", "docker", "network") ?? "HOST";
  return textAt(parameter, "value") ?? textAt(task.info, "container", "hostname") ??
    (network === "HOST" ? host.spec.hostname : dockerIdOf(task).slice(0, 12));
}

/** The 64 digits of Docker's container id. They cannot be derived from `containerId`. */
function dockerIdOf({ containerId }: SimTask): string {
  let state = 0x811c9dc5;
  return Array.from({ length: 64 }, (_, index) => {
    for (const char of `${containerId}${index}`) state = Math.imul(state ^ char.charCodeAt(0), 0x01000193) >>> 0;
    return (state >>> 28).toString(16);
  }).join("");
}

function environmentOf(task: SimTask): Readonly<Record<string, string>> {
  const variables = listAt(task.info, "command", "environment", "variables")
    .map((variable): [string, string] => [textAt(variable, "name") ?? "", textAt(variable, "value") ?? ""]);
  return {
    ...Object.fromEntries(variables),
    "MESOS_ALLOCATION_ROLE": task.bag[0]?.role ?? "",
    "MESOS_CONTAINER_NAME": `mesos-${task.containerId}`,
    "MESOS_SANDBOX": "/mnt/mesos/sandbox",
  };
}

/** Asks the agent to kill a task: `graceMs` overrides the grace period of the task; `reason` is set by a drain. */
export interface KillOrder {
  readonly frameworkId: string;
  readonly taskId: string;
  /** Overrides the grace period of the task. */
  readonly graceMs?: number | undefined;
  /** A REASON_* value. */
  readonly reason?: string;
  /** Whether TASK_KILLING is sent. */
  readonly announces: boolean;
}

/** The agent kills a task, as the Docker executor does: KILLING, `docker stop`, KILLED. */
export function killRun(world: SimWorld, host: SimHost, order: KillOrder): void {
  const run = host.runs.get(runKey(order.frameworkId, order.taskId));
  if (run === undefined || run.phase === "ended" || run.isKilled) return;
  run.isKilled = true;
  run.next?.cancel();
  if (run.phase === "pulling") {
    run.phase = "ended";
    makeAgentUpdate(world, host, run, {
      state: "TASK_KILLED",
      source: "SOURCE_AGENT",
      message: "Killed before delivery to the executor",
      reason: order.reason ?? "REASON_TASK_KILLED_DURING_LAUNCH",
    });
    return;
  }
  run.phase = "stopping";
  if (order.announces) {
    const reason = order.reason === undefined ? {} : { reason: order.reason };
    makeAgentUpdate(world, host, run, { state: "TASK_KILLING", source: "SOURCE_EXECUTOR", ...reason });
  }
  const graceMs = order.graceMs ?? graceOf(run.task);
  const isInTime = world.timing.stopMs <= graceMs;
  const stop = (): void =>
    endContainer(world, host, run, {
      how: isInTime ? "stopped" : "killed",
      status: isInTime ? 143 : 137,
      reason: order.reason,
      by: order.reason === "REASON_AGENT_DRAINING" ? "host" : undefined,
    });
  run.next = world.timers.plan(
    world.nowMs + Math.min(world.timing.stopMs, graceMs),
    () => onceDockerAnswers(world, host, run, stop),
  );
}

function graceOf(task: SimTask): number {
  const nanoseconds = numberAt(task.info, "kill_policy", "grace_period", "nanoseconds");
  return nanoseconds === undefined ? 5000 : nanoseconds / 1e6;
}

/** How a container ended. */
export interface ContainerEnd {
  /** The cause. */
  readonly how: "exited" | "stopped" | "killed" | "lost";
  /** The exit status. */
  readonly status: number;
  /** A REASON_* value. */
  readonly reason?: string | undefined;
  /** Because of the host. */
  readonly by?: "host" | undefined;
}

/** The container is gone: reports the change and creates the terminal update. */
export function endContainer(world: SimWorld, host: SimHost, run: SimRun, end: ContainerEnd): void {
  if (run.phase === "ended") return;
  run.next?.cancel();
  run.phase = "ended";
  tellStopped(world, host, run, end);
  const ended = end.how !== "lost" && end.status === 0 ? "TASK_FINISHED" : "TASK_FAILED";
  const report = (): void =>
    makeAgentUpdate(world, host, run, {
      state: run.isKilled ? "TASK_KILLED" : ended,
      source: "SOURCE_EXECUTOR",
      message: end.how === "lost"
        ? "Failed to get exit status of container"
        : `Container exited with status ${end.status}`,
      ...(end.reason === undefined ? {} : { reason: end.reason }),
    });
  // A machine that has restarted has a new Docker daemon.
  if (end.how === "exited") onceDockerAnswers(world, host, run, report);
  else report();
}

function tellStopped(world: SimWorld, host: SimHost, run: SimRun, end: ContainerEnd): void {
  if (!run.isContainerUp) return;
  run.isContainerUp = false;
  world.containerEvents.push({
    kind: "stopped",
    atMs: world.nowMs,
    taskId: run.task.taskId,
    mesosAgentId: host.id,
    how: end.how,
    ...(end.by === undefined ? {} : { by: end.by }),
    ...(end.how === "lost" ? {} : { status: end.status }),
  });
}

/** The container's process exits with `status`; false if no such container is running. */
export function exitContainer(world: SimWorld, taskId: string, status: number): boolean {
  for (const host of world.hosts.values()) {
    for (const run of host.runs.values()) {
      if (run.task.taskId !== taskId || !run.isContainerUp) continue;
      endContainer(world, host, run, { how: "exited", status });
      return true;
    }
  }
  return false;
}

/** All tasks of a removed framework on this host are shut down without updates. */
export function shutDownFramework(world: SimWorld, host: SimHost, frameworkId: string): void {
  for (const run of [...host.runs.values()]) {
    if (run.task.frameworkId !== frameworkId) continue;
    dropRun(world, host, run, { how: "stopped", status: 143 });
  }
}

/** Ends a run without updates. */
export function dropRun(world: SimWorld, host: SimHost, run: SimRun, end: ContainerEnd): void {
  run.phase = "ended";
  tellStopped(world, host, run, end);
  if (!isTerminal(run.state)) run.state = "TASK_KILLED";
  forgetRun(host, run);
}
