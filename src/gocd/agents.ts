// Parses the list of agents in every format that GoCD has had (GoCD AgentRepresenter of each release).

import type { Finding } from "../core/event.ts";
import type { GocdAgent, GocdAgentEnvironment } from "../core/gocd_records.ts";
import { contentError } from "./content_problems.ts";
import { at, isRecord, type JsonRecord, parseJson } from "./json.ts";
import type { AgentsShape } from "./versions.ts";

/** The agents of a list, and findings about it. */
export interface AgentsReading {
  /** In the order of the list. */
  readonly agents: readonly GocdAgent[];
  /** Records that were skipped. */
  readonly findings: readonly Finding[];
}

/** Maximum number of agents that are read: far more than any known installation has. */
export const agentsMax = 20_000;
const wordLengthMax = 1_024;
const listLengthMax = 1_000;
/** pipeline/pipelineCounter/stage/stageCounter/job. */
const locatorParts = 5;

/**
 * Reads a list of agents. Throws {@linkcode GocdError} (`unreadable`) if the body is not such a list; a single record
 * without a uuid is skipped with a finding. Unknown states are kept, missing states are `Unknown`. `source` says what
 * was requested, for the message.
 */
export function readGocdAgents(text: string, shape: AgentsShape, source = "the list of agents"): AgentsReading {
  const entries = entriesOf(parseJson(text, source), shape);
  if (entries === undefined) throw contentError(source, { kind: "other-shape", expected: "a list of agents" });
  if (entries.length > agentsMax) throw contentError(source, { kind: "too-large", limit: `${agentsMax} agents` });
  const read = recordReader(shape);
  const agents = new Map<string, GocdAgent>();
  let unreadable = 0;
  let duplicate = 0;
  for (const entry of entries) {
    const uuid = word(at(entry, "uuid"));
    if (!isRecord(entry) || uuid === "") {
      unreadable++;
    } else if (agents.has(uuid)) {
      duplicate++;
    } else {
      agents.set(uuid, read(uuid, entry));
    }
  }
  if (agents.size === 0 && unreadable > 0) {
    throw contentError(source, { kind: "other-shape", expected: "a list of agents with their uuids" });
  }
  return { agents: [...agents.values()], findings: findingsOf(unreadable, duplicate) };
}

/**
 * Adds to agents of the v1 format what only the unversioned list of the same server shows: whether a disabled agent
 * still runs a job. A disabled agent without a job counts as idle.
 */
export function withLegacyBuilds(agents: readonly GocdAgent[], legacy: readonly GocdAgent[]): readonly GocdAgent[] {
  const byUuid = new Map(legacy.map((record) => [record.uuid, record]));
  return agents.map((record) => {
    const seen = byUuid.get(record.uuid);
    if (seen === undefined) return record;
    const { buildLocator } = seen;
    const told = buildLocator === undefined ? record : { ...record, buildLocator };
    return record.configState === "Disabled" && record.agentState === "Unknown" && seen.configState === "Disabled"
      ? { ...told, agentState: seen.agentState, buildState: seen.buildState }
      : told;
  });
}

function entriesOf(body: unknown, shape: AgentsShape): readonly unknown[] | undefined {
  if (shape === "legacy") return Array.isArray(body) ? body : undefined;
  const entries = at(body, "_embedded", "agents");
  return Array.isArray(entries) ? entries : undefined;
}

type States = Pick<GocdAgent, "configState" | "agentState" | "buildState">;

function recordReader(shape: AgentsShape): (uuid: string, entry: JsonRecord) => GocdAgent {
  switch (shape) {
    case "legacy":
      return (uuid, entry) => common(uuid, entry, { hostname: entry["agent_name"], states: legacyStates(entry) });
    case "v1":
      return (uuid, entry) => common(uuid, entry, { hostname: entry["hostname"], states: v1States(entry) });
    case "v2-v3":
    case "v4":
    case "v5-v7":
      return (uuid, entry) => common(uuid, entry, { hostname: entry["hostname"], states: states(entry) });
    default:
      return shape satisfies never;
  }
}

function common(uuid: string, entry: JsonRecord, own: { hostname: unknown; states: States }): GocdAgent {
  const ipAddress = word(entry["ip_address"]);
  return {
    uuid,
    hostname: word(own.hostname),
    ...own.states,
    gocdResources: words(entry["resources"]),
    environments: environments(entry["environments"]),
    elastic: word(entry["elastic_agent_id"]) !== "" || word(entry["elastic_plugin_id"]) !== "",
    ...(ipAddress === "" ? {} : { ipAddress }),
    ...buildOf(entry),
  };
}

/** In the legacy list a locator with a leading slash; from v4 on the end of the link to the job. */
function buildOf(entry: JsonRecord): Pick<GocdAgent, "buildLocator"> {
  const told = word(entry["build_locator"]) || word(at(entry, "build_details", "_links", "job", "href"));
  const parts = told.split("/").slice(-locatorParts);
  if (parts.length < locatorParts || parts.some((part) => part === "")) return {};
  try {
    return { buildLocator: decodeURIComponent(parts.join("/")) };
  } catch {
    return { buildLocator: parts.join("/") };
  }
}

function states(entry: JsonRecord): States {
  return {
    configState: known(entry["agent_config_state"]),
    agentState: known(entry["agent_state"]),
    buildState: known(entry["build_state"]),
  };
}

function v1States(entry: JsonRecord): States {
  const status = word(entry["status"]);
  const isPending = status.toLowerCase() === "pending";
  // `enabled` decides, so that a disabled agent with an unknown state does not count.
  if (entry["enabled"] === false && !isPending) {
    return isDisabled(status) ? disabled("Unknown") : { ...statesOfWord(status), configState: "Disabled" };
  }
  const told = statesOfWord(status);
  return status === "" && entry["enabled"] !== true ? { ...told, configState: "Unknown" } : told;
}

function legacyStates(entry: JsonRecord): States {
  const status = word(entry["status"]);
  if (isDisabled(status)) {
    const locator = entry["build_locator"];
    const isTold = typeof locator === "string";
    return disabled(!isTold ? "Unknown" : locator.trim() === "" ? "Idle" : "Building");
  }
  return status === "" ? { ...statesOfWord(status), configState: "Unknown" } : statesOfWord(status);
}

function isDisabled(status: string): boolean {
  return status.toLowerCase() === "disabled";
}

function disabled(state: "Unknown" | "Idle" | "Building"): States {
  return { configState: "Disabled", agentState: state, buildState: state };
}

/** Converts the single status of v1 and the legacy list to the three states of later versions. */
function statesOfWord(status: string): States {
  switch (status.toLowerCase().replaceAll(/\s+/g, "")) {
    case "pending":
      return { configState: "Pending", agentState: "Unknown", buildState: "Unknown" };
    case "disabled":
      return disabled("Unknown");
    case "idle":
      return { configState: "Enabled", agentState: "Idle", buildState: "Idle" };
    case "building":
      return { configState: "Enabled", agentState: "Building", buildState: "Building" };
    case "cancelled":
    case "building(cancelled)":
      return { configState: "Enabled", agentState: "Building", buildState: "Cancelled" };
    case "lostcontact":
      return { configState: "Enabled", agentState: "LostContact", buildState: "Unknown" };
    case "missing":
      return { configState: "Enabled", agentState: "Missing", buildState: "Unknown" };
    default:
      return { configState: "Enabled", agentState: known(status), buildState: "Unknown" };
  }
}

function environments(value: unknown): readonly GocdAgentEnvironment[] {
  if (!Array.isArray(value)) return words(value).map((name) => ({ name, origin: "unstated" }));
  const read: GocdAgentEnvironment[] = [];
  for (const entry of value.slice(0, listLengthMax)) {
    const name = word(isRecord(entry) ? entry["name"] : entry);
    if (name !== "") read.push({ name, origin: origin(at(entry, "origin", "type")) });
  }
  return read;
}

function origin(type: unknown): GocdAgentEnvironment["origin"] {
  return type === "gocd" || type === "config-repo" || type === "unknown" ? type : "unstated";
}

/** A list of names: an array, or a text with commas, which GoCD also takes. */
function words(value: unknown): readonly string[] {
  const entries: readonly unknown[] = Array.isArray(value) ? value : typeof value === "string" ? value.split(",") : [];
  return entries.slice(0, listLengthMax).map(word).filter((name) => name !== "");
}

function known(value: unknown): string {
  return word(value) || "Unknown";
}

function word(value: unknown): string {
  return typeof value === "string" ? value.trim().slice(0, wordLengthMax) : "";
}

function findingsOf(unreadable: number, duplicate: number): readonly Finding[] {
  const findings: Finding[] = [];
  if (unreadable > 0) {
    findings.push({
      code: "gocd-agent-unreadable",
      message: `${unreadable} records in the list of agents have no uuid: left out`,
      hint: "report this with the version of the GoCD server",
    });
  }
  if (duplicate > 0) {
    findings.push({
      code: "gocd-agent-duplicate",
      message: `${duplicate} records in the list of agents repeat the uuid of another one: left out`,
      hint: "look for containers that share a config/guid.txt",
    });
  }
  return findings;
}
