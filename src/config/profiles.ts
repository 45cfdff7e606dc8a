// Builds the agent profiles from go-agent and profiles.

import { isNamingVariable } from "../core/identity/agent_naming.ts";
import { slug } from "../core/identity/task_id.ts";
import { type MesosResources, noResources, toMilli } from "../core/placement/mesos_resources.ts";
import { isPattern } from "../core/demand/patterns.ts";
import { environmentNameProblem, gocdResourceProblem, groupNameProblem } from "../core/words/names.ts";
import type { AgentProfile, ContainerSettings } from "../core/settings.ts";
import {
  constraintsAt,
  mapAt,
  mountPoint,
  networkAt,
  parametersAt,
  portMappingsAt,
  urisAt,
  volumesAt,
} from "./container_values.ts";
import { judgeParameter, namedByTaskId } from "./docker_parameters.ts";
import { imageFlaw } from "./image_reference.ts";
import { pathBeside } from "./hocon.ts";
import { profileHash } from "./profile_hash.ts";
import {
  addMissing,
  addProblem,
  booleanAt,
  confAt,
  durationMsAt,
  find,
  integerAt,
  memoryMbMilliAt,
  numberAt,
} from "./reader.ts";
import { type Reader, textAt, textsAt, wordAt } from "./reader.ts";
import { registerKeyOf } from "./register_key.ts";
import { readUpkeep } from "./upkeep.ts";
import { quote } from "./values.ts";

/** Names of profiles. */
export const profileNamePattern: RegExp = /^[a-zA-Z0-9_-]{1,32}$/;

/**
 * All profiles: those under `profiles`, or `default`, which is `go-agent` itself. `roles` are those of the framework.
 */
export function readProfiles(reader: Reader, roles: readonly string[]): readonly AgentProfile[] {
  const section = confAt(reader.root, "profiles");
  if (section?.kind !== "object" || section.fields.size === 0) {
    return [readProfile(reader, "default", "go-agent", roles)];
  }
  const names = [...section.fields.keys()]
    .filter((name) => profileNamePattern.test(name) && section.fields.get(name)?.kind === "object");
  checkTaskNames(reader, names);
  return names.map((name) => readProfile(reader, name, `profiles.${name}`, roles));
}

/**
 * A task id contains its profile's name, in lower case, with `-` for everything else: a lost store is rebuilt from it.
 */
function checkTaskNames(reader: Reader, names: readonly string[]): void {
  const bySlug = new Map<string, string>();
  for (const name of names) {
    const other = bySlug.get(slug(name));
    bySlug.set(slug(name), other ?? name);
    if (other === undefined) continue;
    const key = `profiles.${name}`;
    const message = `the profiles ${other} and ${name} have the same name in task ids, ${slug(name)}`;
    const hint = "rename one of them; case, - and _ do not count";
    addProblem(reader, find(reader, key) ?? { key }, { code: "config-conflict", message, hint });
  }
}

function readProfile(reader: Reader, name: string, prefix: string, roles: readonly string[]): AgentProfile {
  const key = (last: string): string => `${prefix}.${last}`;
  const container = readContainer(reader, prefix);
  const registerKey = registerKeyOf(reader, prefix, container);
  const gocdResources = readNames(reader, key("resources"), gocdResourceProblem);
  const mesosResources = readMesosResources(reader, prefix, container);
  const maxPerHost = integerAt(reader, key("max-per-host"));
  const maxAgents = integerAt(reader, key("max-agents"));
  const environments = readNames(reader, key("environments"), environmentNameProblem);
  const pipelineGroups = readGroups(reader, key("pipeline-groups"));
  const priority = integerAt(reader, key("priority")) ?? 0;
  const weight = numberAt(reader, key("weight")) ?? 1;
  const drainTimeoutMs = durationMsAt(reader, key("drain-timeout")) ?? durationMsAt(reader, "scaling.drain-timeout");
  return {
    name,
    hash: profileHash({ gocdResources, mesosResources, container }),
    gocdResources,
    environments,
    ...(pipelineGroups === "*" ? {} : { pipelineGroups }),
    ...(priority === 0 ? {} : { priority }),
    ...(weight === 1 ? {} : { weight }),
    mesosResources,
    role: readRole(reader, key("role"), roles),
    constraints: constraintsAt(reader, key("constraints")),
    placement: wordAt(reader, key("placement")) as AgentProfile["placement"],
    ...(maxPerHost === undefined ? {} : { maxPerHost }),
    ...(maxAgents === undefined ? {} : { maxAgents }),
    ...readUpkeep(reader, prefix, { environments, ...(maxAgents === undefined ? {} : { maxAgents }) }),
    idleTimeoutMs: durationMsAt(reader, key("idle-timeout")) ?? durationMsAt(reader, "scaling.idle-timeout") ?? 0,
    registerTimeoutMs: durationMsAt(reader, key("register-timeout")) ??
      durationMsAt(reader, "scaling.register-timeout") ?? 0,
    ...(drainTimeoutMs === undefined ? {} : { drainTimeoutMs }),
    container,
    ...(registerKey === undefined ? {} : { registerKey }),
  };
}

// A comma separates names in an agent's registration, and names compare without regard to case.
function readNames(
  reader: Reader,
  key: string,
  problemOf: (name: string) => string | undefined,
): readonly string[] | "*" {
  const names = textsAt(reader, key, "commas");
  const found = find(reader, key);
  if (names.length === 1 && names[0] === "*") return "*";
  for (const name of names) {
    // Of a pattern, what stands beside the * must be possible in a name.
    const problem = problemOf(isPattern(name) && !/^\*+$/.test(name) ? name.replaceAll("*", "x") : name);
    if (problem === undefined || found === undefined) continue;
    const hint = name === "*"
      ? 'write "*" alone, or the names'
      : name.includes(",")
      ? 'write each name by itself: ["a", "b"]'
      : 'write a list of names: ["linux", "java"]';
    const message = `${quote(name)} is not a valid name on the GoCD server: ${problem}`;
    addProblem(reader, found, { code: "config-bad-value", message, hint });
  }
  return [...new Map(names.map((name) => [name.toLowerCase(), name])).values()];
}

function readGroups(reader: Reader, key: string): readonly string[] | "*" {
  const found = find(reader, key);
  if (found === undefined) return "*";
  const groups = readNames(reader, key, groupNameProblem);
  if (groups.length > 0) return groups;
  const message = "no group is named, so the profile would serve no job";
  addProblem(reader, found, { code: "config-bad-value", message, hint: 'name a group: ["mobile"], or write "*"' });
  return groups;
}

function readRole(reader: Reader, key: string, roles: readonly string[]): string {
  const role = textAt(reader, key);
  const found = find(reader, key);
  if (role !== undefined && found !== undefined && !roles.includes(role)) {
    const message = `${quote(role)} is not a role of the framework`;
    const hint = `write one of ${roles.join(", ")}, or add it to mesos.roles`;
    addProblem(reader, found, { code: "config-conflict", message, hint });
  }
  return role ?? roles[0] ?? "*";
}

function readMesosResources(reader: Reader, prefix: string, container: ContainerSettings): MesosResources {
  return {
    ...noResources,
    cpusMilli: toMilli(numberAt(reader, `${prefix}.cpus`) ?? 0),
    memMbMilli: memoryMbMilliAt(reader, `${prefix}.mem`) ?? 0,
    diskMbMilli: memoryMbMilliAt(reader, `${prefix}.disk`) ?? 0,
    gpus: integerAt(reader, `${prefix}.gpus`) ?? 0,
    portsCount: container.portMappings.length,
  };
}

function readContainer(reader: Reader, prefix: string): ContainerSettings {
  const key = (last: string): string => `${prefix}.${last}`;
  const type = wordAt(reader, key("containerizer")) === "mesos" ? "MESOS" : "DOCKER";
  const shmSizeMbMilli = memoryMbMilliAt(reader, key("shm-size"));
  const command = textAt(reader, key("command"));
  const container: ContainerSettings = {
    type,
    image: readImage(reader, key("docker-image"), type),
    forcePull: booleanAt(reader, key("force-pull")),
    network: networkAt(reader, key("network"), type === "MESOS" ? "HOST" : "BRIDGE"),
    portMappings: portMappingsAt(reader, key("port-mappings")),
    volumes: volumesAt(reader, key("volumes")),
    privileged: booleanAt(reader, key("privileged")),
    parameters: parametersAt(reader, key("docker-parameters")),
    env: mapAt(reader, key("env")),
    envFiles: readEnvFiles(reader, key("env-files")),
    user: textAt(reader, key("user")) ?? "",
    uris: urisAt(reader, key("uris")),
    ...(command === undefined ? {} : { command }),
    shell: booleanAt(reader, key("shell")),
    arguments: textsAt(reader, key("arguments"), "whole"),
    labels: mapAt(reader, key("labels")),
    killGraceMs: durationMsAt(reader, key("kill-grace")) ?? 0,
    ...(shmSizeMbMilli === undefined ? {} : { shmSizeMb: Math.ceil(shmSizeMbMilli / 1000) }),
    healthCheck: wordAt(reader, key("health-check")) as ContainerSettings["healthCheck"],
  };
  checkContainer(reader, prefix, container);
  return container;
}

// Mesos looks up the image files of its own containerizer by names of any case.
function readImage(reader: Reader, key: string, type: ContainerSettings["type"]): string {
  const image = textAt(reader, key);
  const found = find(reader, key);
  if (image === undefined) {
    const section = confAt(reader.root, key.slice(0, key.lastIndexOf(".")));
    const hint = 'write docker-image = "gocd/gocd-agent-alpine-3.20:v24.5.0"';
    const at = { key, ...(section === undefined ? {} : { conf: section }) };
    addMissing(reader, at, { hint, others: ["go-agent.docker-image"] });
    return "";
  }
  const flaw = imageFlaw(type === "MESOS" ? image.toLowerCase() : image);
  if (flaw !== undefined && found !== undefined) {
    const message = `${quote(image)} is not the name of an image: ${flaw.message}`;
    addProblem(reader, found, { code: "config-bad-value", message, hint: flaw.hint });
  }
  return image;
}

function readEnvFiles(reader: Reader, key: string): Readonly<Record<string, string>> {
  const entries = Object.entries(mapAt(reader, key)).map(([name, file]) =>
    [name, pathBeside(reader.file, file)] as const
  );
  reader.readFiles.push(...entries.map(([, path]) => path));
  return Object.fromEntries(entries);
}

/** Warns about what is ignored, or may do harm, at the line of its key. */
function warn(reader: Reader, key: string, message: string): void {
  const found = find(reader, key);
  const at = found?.conf.at;
  reader.warnings.push(`${at === undefined ? reader.file : `${at.file}:${at.line}`}: ${found?.key ?? key}: ${message}`);
}

/** Reports two values that exclude each other, at the line of one of them. */
type TellConflict = (last: string, message: string, hint: string) => void;

function checkContainer(reader: Reader, prefix: string, container: ContainerSettings): void {
  const conflict: TellConflict = (last, message, hint) => {
    const found = find(reader, `${prefix}.${last}`) ?? { key: `${prefix}.${last}` };
    addProblem(reader, found, { code: "config-conflict", message, hint });
  };
  const { mode } = container.network;
  if (container.portMappings.length > 0 && (mode === "HOST" || mode === "NONE")) {
    conflict(
      "port-mappings",
      `with network ${mode} no ports are mapped`,
      "remove port-mappings, or use network BRIDGE",
    );
  }
  // Docker names other containers, and only we learn the name (mesos/docker_container.ts).
  const isNamedByDocker = container.type === "DOCKER" && mode !== "HOST";
  if (!isNamedByDocker && registerKeyOf(reader, prefix, container) === undefined) {
    const [last, where] = container.type === "MESOS"
      ? ["containerizer", "with the Mesos containerizer"]
      : ["network", "in the host's network"];
    const why = `${where} nothing proves that they are ours; set the key`;
    warn(reader, `${prefix}.${last}`, `without go-agent.auto-register-key its agents stay Pending: ${why}`);
  }
  if (container.type === "MESOS") {
    const only = "the Mesos containerizer does not support it";
    if (mode === "BRIDGE" || mode === "NONE") conflict("network", only, "write HOST, or the name of a CNI network");
    const bare = container.volumes.find((volume) => volume.kind === "named" && volume.driver === undefined);
    if (bare?.kind === "named") {
      const message = `the Mesos containerizer mounts the volume ${quote(bare.name)} only with its driver`;
      conflict("volumes", message, 'add driver = "…", or name a folder of the host');
    }
    if (container.privileged) conflict("privileged", only, 'remove it, or write containerizer = "docker"');
    if (container.parameters.length > 0) {
      conflict("docker-parameters", only, 'remove them, or write containerizer = "docker"');
    }
  }
  checkVolumes(container, conflict);
  if (container.shell && container.command === undefined) {
    conflict("shell", "there is no command for the shell", "write command, or remove shell");
  }
  const parameters = container.type === "DOCKER" ? container.parameters : [];
  for (const { kind, message, hint } of parameters.flatMap((each) => judgeParameter(each) ?? [])) {
    if (kind === "refused") conflict("docker-parameters", message, hint);
    else warn(reader, `${prefix}.docker-parameters`, message);
  }
  const unused = (last: string): void => warn(reader, `${prefix}.${last}`, `it is ignored: ${namedByTaskId}`);
  checkVariables(container, unused, conflict);
}

function checkVariables(
  container: ContainerSettings,
  unused: (last: string) => void,
  conflict: TellConflict,
): void {
  for (const [name] of Object.entries({ ...container.env, ...container.envFiles })) {
    const last = Object.hasOwn(container.env, name) ? "env" : "env-files";
    if (isNamingVariable(name)) unused(`${last}.${name}`);
    if (name.startsWith("GO_EA_")) {
      conflict(last, `${name} makes it an elastic agent, which belongs to a GoCD plugin`, "remove it");
    }
    if (!/^[A-Za-z_][A-Za-z0-9_.-]*$/.test(name)) {
      conflict("env", `${quote(name)} cannot be the name of a variable`, "use letters, digits and _");
    }
    if (Object.hasOwn(container.env, name) && Object.hasOwn(container.envFiles, name)) {
      conflict("env-files", `${quote(name)} is in env too`, "remove one of the two");
    }
  }
}

/** Combinations of volumes that Docker or Mesos refuses. */
function checkVolumes(
  container: ContainerSettings,
  conflict: TellConflict,
): void {
  const paths = container.volumes.map(({ containerPath }) => mountPoint(containerPath));
  const twice = paths.find((path, index) => paths.indexOf(path) < index);
  if (twice !== undefined) {
    conflict("volumes", `two volumes have the path ${quote(twice)} in the container`, "remove one of them");
  }
  // Docker volume/local/local.go: names have at least two characters.
  const short = container.volumes.find((each) => each.kind === "named" && each.name.length < 2 && !each.driver);
  if (container.type === "DOCKER" && short?.kind === "named") {
    conflict("volumes", `${quote(short.name)} is too short for the name of a volume`, "use two characters or more");
  }
  const drivers = new Set(
    container.volumes.flatMap((each) => each.kind === "named" && each.driver !== undefined ? [each.driver] : []),
  );
  if (container.type === "DOCKER" && drivers.size > 1) {
    const message = `its volumes have ${drivers.size} drivers (${
      [...drivers].join(", ")
    }), but Mesos passes only one to docker run`;
    conflict("volumes", message, "use one driver for all named volumes");
  }
}
