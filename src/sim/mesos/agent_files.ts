// The HTTP endpoint /files/read of a simulated Mesos agent (Mesos docs/endpoints/files/read; apache/mesos
// src/files/files.cpp), and the sandboxes that it reads from.

import { authenticate, noAnswer, refusal, type SimMesosAnswer, type SimMesosRequest } from "./gate.ts";
import { runKey, type SimHost, type SimRun, type SimWorld } from "./state.ts";

/** `os::pagesize() * 16`: longer parts are truncated. */
const partBytesMax = 65_536;
/** Sandboxes of one agent; a real agent removes them by age and disk usage (`--gc_delay`). */
const sandboxesMax = 1_000;

/** A container of the Docker containerizer starts: its executor logs to the sandbox. */
export function openSandbox(host: SimHost, { task: { frameworkId, taskId } }: SimRun, version: string): void {
  host.sandboxes.set(runKey(frameworkId, taskId), `I1127 22:30:00.000000     7 exec.cpp:164] Version: ${version}\n`);
  for (const oldest of host.sandboxes.keys()) {
    if (host.sandboxes.size <= sandboxesMax) break;
    host.sandboxes.delete(oldest);
  }
}

/** Appends to the stderr of a container. False: there is no such sandbox. */
export function writeStderr(world: SimWorld, taskId: string, text: string): boolean {
  for (const { sandboxes } of world.hosts.values()) {
    for (const [key, before] of sandboxes) {
      if (!key.endsWith(`\n${taskId}`)) continue;
      sandboxes.set(key, before + text);
      return true;
    }
  }
  return false;
}

/** Handles one request to the agent that listens on this port. */
export function answerMesosAgent(world: SimWorld, port: number, request: SimMesosRequest): SimMesosAnswer {
  const host = [...world.hosts.values()].find((each) => each.port === port && each.standing !== "gone");
  if (host === undefined || host.link !== "connected") return noAnswer;
  const [path, query = ""] = (request.path ?? "").split("?");
  if (path !== "/files/read" && path !== "/files/read.json") return { status: 404, headers: {}, body: "" };
  const principal = authenticate(world, request.headers, "mesos-agent-readonly");
  if (typeof principal === "object") return principal;
  if (request.method !== "GET") {
    return refusal(405, `405 Method Not Allowed. Expecting one of { 'GET' }.`, { allow: "GET" });
  }
  if (world.options.mesosAgentFiles === "forbidden") return { status: 403, headers: {}, body: "" };
  return readFile(host, new URLSearchParams(query));
}

function readFile(host: SimHost, query: URLSearchParams): SimMesosAnswer {
  const path = query.get("path") ?? "";
  if (path === "") return refusal(400, "Expecting 'path=value' in query.\n");
  const offset = numberOf(query.get("offset") ?? "-1");
  if (offset === undefined) {
    return refusal(400, `Failed to parse offset: Failed to convert '${query.get("offset")}' to number.\n`);
  }
  if (offset < -1) return refusal(400, `Negative offset provided: ${offset}.\n`);
  const length = numberOf(query.get("length") ?? "-1");
  if (length === undefined) {
    return refusal(400, `Failed to parse length: Failed to convert '${query.get("length")}' to number.\n`);
  }
  if (length < -1) return refusal(400, `Negative length provided: ${length}.\n`);
  const bytes = fileAt(host, path);
  if (bytes === "directory") return refusal(400, "Cannot read a directory.\n");
  if (bytes === undefined) return { status: 404, headers: {}, body: "" };
  const from = Math.max(0, offset);
  const wanted = offset === -1 ? 0 : Math.min(length === -1 ? bytes.length : length, partBytesMax);
  const data = new TextDecoder().decode(bytes.subarray(from, from + wanted));
  const body = JSON.stringify({ data, offset: offset === -1 ? bytes.length : offset });
  return { status: 200, headers: { "content-type": "application/json" }, body };
}

function numberOf(text: string): number | undefined {
  return /^[+-]?\d+$/.test(text) ? Number(text) : undefined;
}

/**
 * Sandboxes are attached under a path that does not reveal the agent's `--work_dir` (src/slave/slave.cpp, MESOS-7899).
 */
function fileAt(host: SimHost, path: string): Uint8Array | "directory" | undefined {
  const match = /^\/frameworks\/([^/]+)\/executors\/([^/]+)\/runs\/latest(?:\/(stdout|stderr))?\/?$/.exec(path);
  const stderr = match === null ? undefined : host.sandboxes.get(runKey(match[1] ?? "", match[2] ?? ""));
  if (stderr === undefined) return undefined;
  if (match?.[3] === undefined) return "directory";
  return new TextEncoder().encode(match[3] === "stderr" ? stderr : "");
}
