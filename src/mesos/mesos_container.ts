// Builds ContainerInfo for the Mesos containerizer with a Docker image.

import type { TaskLaunch } from "../core/effect.ts";
import type { ContainerSettings } from "../core/settings.ts";
import { portMappings, volumeRecord } from "./docker_container.ts";
import type { WireRecord } from "./proto/wire.ts";

/**
 * The container. It joins the named CNI network; without a name (`BRIDGE`, `HOST`, `NONE`, which only exist in Docker)
 * it has the network and the hostname of its host: GocdAgents are recognized by AGENT_AUTO_REGISTER_HOSTNAME only.
 * Docker parameters do not apply. `privileged` becomes all capabilities.
 */
export function mesosContainer(launch: TaskLaunch): WireRecord {
  const { container } = launch.profile;
  const { network } = container;
  return {
    type: "MESOS",
    // A hostname only takes effect in a separate network (apache/mesos isolators/network/cni/cni.cpp, `isolate`).
    ...(network.mode === "USER" ? { hostname: launch.taskId, network_infos: [cniNetwork(network.name, launch)] } : {}),
    ...(container.volumes.length === 0 ? {} : { volumes: container.volumes.map(volumeRecord) }),
    mesos: { image: { type: "DOCKER", docker: { name: container.image }, cached: !container.forcePull } },
    ...linuxInfo(container),
  };
}

function cniNetwork(name: string, launch: TaskLaunch): WireRecord {
  const mappings = portMappings(launch);
  return { name, ...(mappings.length === 0 ? {} : { port_mappings: mappings }) };
}

// `shm_size` only takes effect with a private IPC namespace (mesos.proto, LinuxInfo; Mesos 1.9, isolator
// namespaces/ipc).
function linuxInfo(container: ContainerSettings): WireRecord {
  const info = {
    ...(container.privileged ? { effective_capabilities: { capabilities: [...linuxCapabilities] } } : {}),
    ...(container.shmSizeMb === undefined ? {} : { ipc_mode: "PRIVATE", shm_size: Math.round(container.shmSizeMb) }),
  };
  return Object.keys(info).length === 0 ? {} : { linux_info: info };
}

/** The values of `CapabilityInfo.Capability` that every Mesos 1.x supports. */
const linuxCapabilities: readonly string[] = [
  "CHOWN",
  "DAC_OVERRIDE",
  "DAC_READ_SEARCH",
  "FOWNER",
  "FSETID",
  "KILL",
  "SETGID",
  "SETUID",
  "SETPCAP",
  "LINUX_IMMUTABLE",
  "NET_BIND_SERVICE",
  "NET_BROADCAST",
  "NET_ADMIN",
  "NET_RAW",
  "IPC_LOCK",
  "IPC_OWNER",
  "SYS_MODULE",
  "SYS_RAWIO",
  "SYS_CHROOT",
  "SYS_PTRACE",
  "SYS_PACCT",
  "SYS_ADMIN",
  "SYS_BOOT",
  "SYS_NICE",
  "SYS_RESOURCE",
  "SYS_TIME",
  "SYS_TTY_CONFIG",
  "MKNOD",
  "LEASE",
  "AUDIT_WRITE",
  "AUDIT_CONTROL",
  "SETFCAP",
  "MAC_OVERRIDE",
  "MAC_ADMIN",
  "SYSLOG",
  "WAKE_ALARM",
  "BLOCK_SUSPEND",
  "AUDIT_READ",
];
