// The rows of the key table about the agents that are launched.

import type { KeySpec } from "./keys.ts";
import { upkeepKeys } from "./keys_upkeep.ts";

const secondMs = 1000;
const minuteMs = 60_000;
const dayMs = 86_400_000;

const registrationKeys: readonly KeySpec[] = [
  {
    path: "go-agent.auto-register-key",
    type: "secret",
    isGoAgentOnly: true,
    doc:
      "agentAutoRegisterKey of the GoCD server. Not set: agents register as Pending and are enabled by this program, " +
      "except in the host's network and with the Mesos containerizer, where nothing proves that they are ours",
    example: "${?GOCD_AUTO_REGISTER_KEY}",
  },
  {
    path: "go-agent.auto-register-key-file",
    type: "path",
    isGoAgentOnly: true,
    doc: "A file with the key, instead of go-agent.auto-register-key; read again at each use",
    example: '"/run/secrets/auto-register-key"',
  },
  {
    path: "go-agent.resources",
    type: "names or *",
    default: "[]",
    doc:
      'GoCD resources that the agent registers with, or "*": those that the job asks for. In a name * stands for any ' +
      "text: those of that kind that the job asks for",
    example: '["linux", "jdk-*"]',
  },
  {
    path: "go-agent.environments",
    type: "names or *",
    default: "[]",
    doc:
      'GoCD environments to serve; none: pipelines without an environment; "*": all, and none. In a name * stands for ' +
      "any text",
    example: '["staging", "test-*"]',
  },
  {
    path: "go-agent.pipeline-groups",
    type: "names or *",
    default: '"*"',
    doc:
      "Pipeline groups whose jobs its agents are launched for; in a name * stands for any text. A profile that names a " +
      "group comes before those for all. GoCD assigns jobs by resources and environments only: for a strict " +
      "separation give the profile its own",
    example: '["team-a", "mobile-*"]',
  },
  {
    path: "go-agent.priority",
    type: "int",
    default: "0",
    min: -1_000,
    max: 1_000,
    doc: "Of several profiles that could take a job, the one with the fewest additional resources takes it; among " +
      "equals the one with the highest priority, then the first",
    example: "10",
  },
];

const resourceKeys: readonly KeySpec[] = [
  { path: "go-agent.cpus", type: "number", default: "1", min: 0.01, max: 10_000, doc: "Processors", example: "1.5" },
  {
    path: "go-agent.mem",
    type: "memory",
    default: "1 GB",
    min: 32,
    max: 100_000_000,
    doc: "Memory; a bare number is MB. The container is killed if it uses more",
    example: "2 GB",
  },
  {
    path: "go-agent.disk",
    type: "memory",
    default: "0",
    min: 0,
    max: 1_000_000_000,
    doc: "Disk; a bare number is MB. 0: not requested",
    example: "10 GB",
  },
  {
    path: "go-agent.gpus",
    type: "int",
    default: "0",
    min: 0,
    max: 1024,
    doc: "Graphics processors",
    example: "1",
  },
  {
    path: "go-agent.role",
    type: "text",
    doc: "Which of mesos.roles to use for offers; by default the first",
    example: '"ci/gpu"',
  },
  {
    path: "go-agent.constraints",
    type: "constraints",
    default: "[]",
    doc:
      "Conditions on the Mesos agent, on an attribute or on hostname, region, zone: ==, !=, in [a, b], not in [a, b], " +
      "=~ and !~ with a regular expression, exists, not exists",
    example: '["rack == r1", "hostname =~ build-.*", "gpu not exists"]',
  },
  {
    path: "go-agent.placement",
    type: "word",
    words: ["pack", "spread"],
    default: '"pack"',
    doc: "pack: use few hosts and leave the others free; spread: use as many hosts as possible",
    example: '"pack"',
  },
  {
    path: "go-agent.max-per-host",
    type: "int",
    min: 1,
    max: 10_000,
    doc: "Maximum number of agents of this profile on one host. Not set: no limit",
    example: "4",
  },
];

const containerKeys: readonly KeySpec[] = [
  {
    path: "go-agent.docker-image",
    type: "text",
    doc: "Image of the agent. Required, here or in each profile",
    example: '"gocd/gocd-agent-alpine-3.20:v24.5.0"',
  },
  {
    path: "go-agent.containerizer",
    type: "word",
    words: ["docker", "mesos"],
    default: '"docker"',
    doc: "Which containerizer of Mesos runs the image",
    example: '"docker"',
  },
  {
    path: "go-agent.force-pull",
    type: "boolean",
    default: "false",
    doc: "Pull the image before each start, even if it is already there",
    example: "true",
  },
  {
    path: "go-agent.network",
    type: "network",
    default: '"BRIDGE"',
    doc: "BRIDGE, HOST, NONE, or the name of a Docker or CNI network; with containerizer mesos HOST is the default",
    example: '"HOST"',
  },
  {
    path: "go-agent.port-mappings",
    type: "port-mappings",
    default: "[]",
    doc: "Ports of the container to map to host ports of the offer: 8080, 8080/udp, or { container-port, protocol }",
    example: "[8080, 5005/tcp]",
  },
  {
    path: "go-agent.volumes",
    type: "volumes",
    default: "[]",
    doc: "host-path:container-path or name:container-path, with :ro or :rw (default) appended, or " +
      "{ host-path or name, container-path, mode, driver }",
    example: '["/var/run/docker.sock:/var/run/docker.sock", "maven-cache:/home/go/.m2"]',
  },
  {
    path: "go-agent.privileged",
    type: "boolean",
    default: "false",
    doc: "Run the container with full privileges on its host, e.g. for Docker in Docker",
    example: "true",
  },
  {
    path: "go-agent.docker-parameters",
    type: "docker-parameters",
    default: "[]",
    doc: "More options of docker run by their long names, each --key=value: a list of { key, value } or an object. " +
      "Options that would name the agent (hostname, domainname, env AGENT_HOSTNAME) are ignored",
    example: '[{ key = "cap-add", value = "SYS_PTRACE" }]',
  },
  {
    path: "go-agent.env",
    type: "map",
    default: "{}",
    doc: "Variables of the container; a profile adds to those of go-agent. AGENT_AUTO_REGISTER_HOSTNAME and " +
      "AGENT_HOSTNAME are ignored: agents are named by their Mesos task id. For secrets use env-files",
    example: '{ AGENT_MEM = "256m" }',
  },
  {
    path: "go-agent.env-files",
    type: "map",
    default: "{}",
    doc: "Variables of the container whose values are read from files at each launch: name = path",
    example: '{ NPM_TOKEN = "/run/secrets/npm-token" }',
  },
  {
    path: "go-agent.user",
    type: "text",
    default: '""',
    doc: "User that the container's command runs as; empty: that of the image (Docker) or mesos.user (Mesos)",
    example: '"go"',
  },
  {
    path: "go-agent.uris",
    type: "uris",
    default: "[]",
    doc: "Files that Mesos fetches into the sandbox: a URI, or { value, extract (true), executable (false), " +
      "cache (false), output-file }; also for registry credentials",
    example: '["file:///etc/docker.tar.gz"]',
  },
  {
    path: "go-agent.command",
    type: "text",
    doc: "Replaces the image's entry point; with shell = true a line for the shell",
    example: '"/docker-entrypoint.sh"',
  },
  {
    path: "go-agent.shell",
    type: "boolean",
    default: "false",
    doc: "Whether command is a line for /bin/sh",
    example: "false",
  },
  {
    path: "go-agent.arguments",
    type: "texts",
    default: "[]",
    doc: "Arguments of the command or the entry point",
    example: '["--verbose"]',
  },
  {
    path: "go-agent.labels",
    type: "map",
    default: "{}",
    doc: "Labels of the Mesos task; a profile adds to those of go-agent",
    example: '{ team = "build" }',
  },
  {
    path: "go-agent.kill-grace",
    type: "duration",
    default: "30 seconds",
    min: 0,
    max: dayMs,
    doc: "Time between SIGTERM and SIGKILL when a container is stopped",
    example: "30 seconds",
  },
  {
    path: "go-agent.shm-size",
    type: "memory",
    min: 1,
    max: 10_000_000,
    doc: "Size of /dev/shm; a bare number is MB. Not set: the containerizer's default. Browsers need 1 GB",
    example: "1 GB",
  },
  {
    path: "go-agent.health-check",
    type: "word",
    words: ["none", "agent-api"],
    default: '"none"',
    doc: "agent-api: Mesos checks the agent's own health API (GoCD 17.11 and later)",
    example: '"none"',
  },
];

const limitKeys: readonly KeySpec[] = [
  {
    path: "go-agent.max-agents",
    type: "int",
    min: 0,
    max: 100_000,
    doc: "Maximum number of agents of this profile alive at once. Not set: only scaling.max-agents applies",
    example: "20",
  },
  {
    path: "go-agent.weight",
    type: "number",
    default: "1",
    min: 0.01,
    max: 1_000,
    doc:
      'With scaling.fair-share = "profile": the share of this profile when a limit is reached, relative to the others',
    example: "2",
  },
  {
    path: "go-agent.idle-timeout",
    type: "duration",
    min: 0,
    max: 365 * dayMs,
    doc: "The same as scaling.idle-timeout, for this profile",
    example: "1 hour",
  },
  {
    path: "go-agent.register-timeout",
    type: "duration",
    min: 10 * secondMs,
    max: dayMs,
    doc: "The same as scaling.register-timeout, for this profile",
    example: "15 minutes",
  },
  {
    path: "go-agent.drain-timeout",
    type: "duration",
    min: minuteMs,
    max: 365 * dayMs,
    doc: "The same as scaling.drain-timeout, for this profile",
    example: "12 hours",
  },
];

/** Rows about the agents; each but the register keys is also a key of a profile. */
export const agentKeys: readonly KeySpec[] = [
  ...registrationKeys,
  ...resourceKeys,
  ...containerKeys,
  ...limitKeys,
  ...upkeepKeys,
];
