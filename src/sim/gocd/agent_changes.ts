// Changes of GocdAgents through the API: PATCH, DELETE, bulk, the legacy POSTs (GoCD AgentService,
// AgentUpdateValidator).

import { callerName } from "./access.ts";
import { type AgentsCall, jsonAnswer, messageAnswer, notFound } from "./agents_call.ts";
import {
  canBeDeleted,
  deleteRecord,
  keptEnvironments,
  recordChange,
  resourceNamePattern,
  saveConfig,
  setConfigState,
} from "./agents.ts";
import { agentJson } from "./bodies.ts";
import { answer, type SimResponse, unknownPath } from "./http_message.ts";
import type { SimGocdAgent } from "./state.ts";

type Fields = Readonly<Record<string, unknown>>;

interface Update {
  readonly state: "Enabled" | "Disabled" | undefined;
  readonly hostname: string | undefined;
  readonly gocdResources: readonly string[] | undefined;
  readonly environments: readonly string[] | undefined;
}

/** PATCH of one agent. */
export function updateOne(call: AgentsCall, uuid: string): SimResponse {
  const fields = parseFields(call);
  if ("refusal" in fields) return fields.refusal;
  const { rules } = call.world;
  const gocdAgent = call.world.agents.get(uuid);
  const update = readUpdate(call, fields.fields);
  // Spark reads the whole body before it looks up the agent, Rails afterwards.
  if (rules.sparkAgents && "refusal" in update) return update.refusal;
  if (gocdAgent === undefined) return notFound(call, uuid);
  if ("refusal" in update) return update.refusal;
  if (rules.agentsInDatabase) {
    const refusal = refuseUpdate(call, gocdAgent, update);
    if (refusal !== undefined) return refusal;
  } else if (gocdAgent.configState === "Pending" && update.state !== "Enabled") {
    // Up to 19.8 only Enabled adds the missing record (GoCD 19.8 AgentConfigService.updateAgentAttributes).
    return messageAnswer(call, 400, `Updating agent failed: Agent with uuid '${uuid}' is not registered.`);
  }
  const error = resourcesError(call, gocdAgent, update.gocdResources ?? []);
  if (error !== undefined) {
    const shown = { ...asStored(call, gocdAgent), gocdResources: update.gocdResources ?? [] };
    const data = { ...withoutLinks(agentJson(call.writing, shown)), errors: { resources: [error] } };
    return jsonAnswer(call, 422, { message: "Updating agent failed.", data });
  }
  applyUpdate(call, gocdAgent, update);
  return jsonAnswer(call, 200, agentJson(call.writing, asStored(call, gocdAgent)));
}

/** From 18.11 on the response to a change shows the stored record: Missing (AgentRuntimeInfo.initialState). */
function asStored(call: AgentsCall, gocdAgent: SimGocdAgent): SimGocdAgent {
  if (!call.world.rules.sparkAgents) return gocdAgent;
  const unheard = { sandbox: "", operatingSystem: "", freeSpace: undefined, buildLocator: undefined };
  return { ...gocdAgent, ...unheard, runtime: "Missing" };
}

/** As parsed by Gson; only the first words of its syntax errors are reported. */
function parseFields(call: AgentsCall): { readonly fields: Fields } | Refused {
  const text = call.request.body.trim();
  try {
    const value: unknown = text === "" ? {} : JSON.parse(text);
    return isFields(value)
      ? { fields: value }
      : badJson(call, `java.lang.IllegalStateException: Not a JSON Object: ${text}`);
  } catch {
    return badJson(call, "com.google.gson.JsonSyntaxException");
  }
}

interface Refused {
  readonly refusal: SimResponse;
}

function isFields(value: unknown): value is Fields {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function badJson(call: AgentsCall, complaint: string): Refused {
  return { refusal: jsonAnswer(call, 400, { error: `Payload data is not valid JSON: ${complaint}` }) };
}

/**
 * Elements of lists must be strings (JsonElement.getAsString); otherwise the exception is reported as 422 (20.1) or 500.
 */
function refuseElements(call: AgentsCall, lists: readonly unknown[]): Refused | undefined {
  const bad = lists.flat().find((element) => typeof element === "object" && element !== null);
  if (bad === undefined || !call.world.rules.sparkAgents) return undefined;
  const name = Array.isArray(bad) ? "JsonArray" : "JsonObject";
  const refusal = call.world.rules.policies ? messageAnswer(call, 422, name) : jsonAnswer(call, 500, { error: name });
  return { refusal };
}

function readUpdate(call: AgentsCall, fields: Fields): Update | Refused {
  const isV1 = call.writing.shape === "v1";
  const word = isV1 ? enabledWord(fields["enabled"]) : stateWord(fields["agent_config_state"]);
  if (word === "bad") {
    const message = isV1
      ? "The value of `enabled` can be one of true, false or null."
      : "The value of `agent_config_state` can be one of `Enabled`, `Disabled` or null.";
    return { refusal: badState(call, message) };
  }
  const refused = refuseElements(call, [fields["environments"], fields["resources"]]);
  if (refused !== undefined) return refused;
  const hostname = fields["hostname"];
  return {
    state: word,
    hostname: typeof hostname === "string" ? hostname : undefined,
    gocdResources: readNames(fields["resources"]),
    environments: isV1 ? undefined : readNames(fields["environments"]),
  };
}

/** 422 in Spark, 400 with a prefix in Rails. */
function badState(call: AgentsCall, message: string): SimResponse {
  return call.world.rules.sparkAgents
    ? messageAnswer(call, 422, message)
    : messageAnswer(call, 400, `Your request could not be processed. ${message}`);
}

function enabledWord(value: unknown): Update["state"] | "bad" {
  if (value === undefined || value === null || value === "") return undefined;
  const text = String(value).toLowerCase();
  return text === "true" ? "Enabled" : text === "false" ? "Disabled" : "bad";
}

function stateWord(value: unknown): Update["state"] | "bad" {
  if (value === undefined || value === null || value === "") return undefined;
  const text = String(value).toLowerCase();
  return text === "enabled" ? "Enabled" : text === "disabled" ? "Disabled" : "bad";
}

/** A JSON array of names, or one string with commas. */
function readNames(value: unknown): readonly string[] | undefined {
  if (value === undefined || value === null) return undefined;
  const parts = Array.isArray(value) ? value.map(String) : String(value).split(",");
  return parts.flatMap((part) => part.split(",")).map((part) => part.trim()).filter((part) => part !== "");
}

function refuseUpdate(call: AgentsCall, gocdAgent: SimGocdAgent, update: Update): SimResponse | undefined {
  if (Object.values(update).every((value) => value === undefined)) {
    return messageAnswer(call, 400, "Bad Request. No operation is specified in the request to be performed on agent.");
  }
  if (gocdAgent.configState !== "Pending" || update.state !== undefined) return undefined;
  const message = `Pending agent [${gocdAgent.uuid}] must be explicitly enabled or disabled when performing any ` +
    "operation on it.";
  return messageAnswer(call, 400, message);
}

/** The error of the server for invalid resources (GoCD Agent.validateResources). */
function resourcesError(call: AgentsCall, gocdAgent: SimGocdAgent, names: readonly string[]): string | undefined {
  if (gocdAgent.elastic !== undefined && names.length > 0 && call.world.rules.agentsInDatabase) {
    return "Elastic agents cannot have resources.";
  }
  return nameError(names);
}

function nameError(names: readonly string[]): string | undefined {
  const invalid = names.find((name) => !resourceNamePattern.test(name));
  return invalid && `Resource name '${invalid}' is not valid. Valid names much match '^[-\\w\\s|.]*$'`;
}

/** A rejected record is shown with the changes, without the links of a stored one. */
function withoutLinks(record: Fields): Fields {
  return JSON.parse(JSON.stringify(record, (key, value) => key === "_links" ? undefined : value));
}

function applyUpdate(call: AgentsCall, gocdAgent: SimGocdAgent, update: Update): void {
  const { world } = call;
  const user = callerName(call.caller);
  if (update.hostname !== undefined) gocdAgent.hostname = update.hostname;
  if (update.gocdResources !== undefined && gocdAgent.elastic === undefined) {
    gocdAgent.gocdResources = update.gocdResources;
  }
  if (update.environments !== undefined) gocdAgent.environments = keptEnvironments(world, update.environments);
  if (update.hostname !== undefined || update.gocdResources !== undefined || update.environments !== undefined) {
    recordChange(world, gocdAgent, { kind: "update", user });
    saveConfig(world);
  }
  if (update.state !== undefined) setConfigState(world, gocdAgent, { to: update.state, user });
}

/** PATCH of several agents (16.7 and later): all or nothing. */
export function bulkUpdate(call: AgentsCall): SimResponse {
  const parsed = parseFields(call);
  if ("refusal" in parsed) return parsed.refusal;
  const { fields } = parsed;
  const uuids = readNames(fields["uuids"]) ?? [];
  if (uuids.length === 0 && call.world.rules.sparkAgents) {
    return messageAnswer(call, 422, "Must specify agent 'uuids' for bulk update.");
  }
  const state = stateWord(fields["agent_config_state"]);
  if (state === "bad") {
    return badState(call, "The value of `agent_config_state` can be one of `Enabled`, `Disabled` or null.");
  }
  const operations = isFields(fields["operations"]) ? fields["operations"] : {};
  const gocdResources = readAddRemove(operations["resources"]);
  const environments = readAddRemove(operations["environments"]);
  const touchesNames = [gocdResources, environments].some((lists) => lists.add.length + lists.remove.length > 0);
  const refusal = refuseBulk(call, { uuids, state, touchesNames, gocdResources, environments });
  if (refusal !== undefined) return refusal;
  for (const uuid of new Set(uuids)) {
    const gocdAgent = call.world.agents.get(uuid);
    if (gocdAgent === undefined) continue;
    applyUpdate(call, gocdAgent, {
      state,
      hostname: undefined,
      gocdResources: touchesNames ? changedNames(gocdAgent.gocdResources, gocdResources) : undefined,
      environments: touchesNames ? changedNames(gocdAgent.environments, environments) : undefined,
    });
  }
  return messageAnswer(call, 200, `Updated agent(s) with uuid(s): [${uuids.join(", ")}].`);
}

interface AddRemove {
  readonly add: readonly string[];
  readonly remove: readonly string[];
}

function readAddRemove(value: unknown): AddRemove {
  const fields = isFields(value) ? value : {};
  return { add: readNames(fields["add"]) ?? [], remove: readNames(fields["remove"]) ?? [] };
}

function changedNames(names: readonly string[], change: AddRemove): readonly string[] {
  const added = change.add.filter((name) => !names.includes(name));
  return [...names, ...added].filter((name) => !change.remove.includes(name));
}

interface BulkUpdate {
  readonly uuids: readonly string[];
  readonly state: Update["state"];
  readonly touchesNames: boolean;
  readonly gocdResources: AddRemove;
  readonly environments: AddRemove;
}

function refuseBulk(call: AgentsCall, bulk: BulkUpdate): SimResponse | undefined {
  const { world } = call;
  const isNew = world.rules.agentsInDatabase;
  if (isNew && bulk.state === undefined && !bulk.touchesNames) {
    return messageAnswer(call, 400, "Bad Request. No operation is specified in the request to be performed on agents.");
  }
  const missing = bulk.uuids.filter((uuid) => !world.agents.has(uuid));
  if (missing.length > 0) return unknownUuids(call, missing);
  const agents = bulk.uuids.flatMap((uuid) => world.agents.get(uuid) ?? []);
  const elastic = agents.filter((gocdAgent) => gocdAgent.elastic !== undefined).map((gocdAgent) => gocdAgent.uuid);
  const touchesResources = bulk.gocdResources.add.length + bulk.gocdResources.remove.length > 0;
  if (touchesResources && elastic.length > 0) {
    const message = `Resources on elastic agents with uuids [${elastic.join(", ")}] can not be updated.`;
    return messageAnswer(call, 400, message);
  }
  const error = nameError(bulk.gocdResources.add);
  if (error !== undefined) {
    const message = `Validations failed for bulk update of agents. Error(s): {resources=[${error}]}`;
    return messageAnswer(call, 422, `Your request could not be processed. ${message}`);
  }
  const pending = agents.filter((gocdAgent) => gocdAgent.configState === "Pending").map((gocdAgent) => gocdAgent.uuid);
  if (pending.length > 0 && bulk.state === undefined) {
    const message =
      `Pending agents [${pending.join(", ")}] must be explicitly enabled or disabled when performing any ` +
      "operations on them.";
    return messageAnswer(call, 400, message);
  }
  const unknown = bulk.environments.add.filter((name) => !world.environments.has(name.toLowerCase()));
  if (isNew || unknown.length === 0) return undefined;
  return messageAnswer(call, 400, `Environment(s) [${unknown.join(", ")}] not found.`);
}

function unknownUuids(call: AgentsCall, missing: readonly string[]): SimResponse {
  const [first = ""] = missing;
  if (!call.world.rules.agentsInDatabase) return messageAnswer(call, 404, `Not Found { Agent '${first}' not found }`);
  return messageAnswer(call, 404, `Agents with uuids [${missing.join(", ")}] were not found!`);
}

/** DELETE of one agent. */
export function deleteOne(call: AgentsCall, uuid: string): SimResponse {
  const gocdAgent = call.world.agents.get(uuid);
  if (gocdAgent === undefined) return notFound(call, uuid);
  return deleteAll(call, [gocdAgent]);
}

/** DELETE of several agents (16.7 and later; all or nothing from 16.8). */
export function bulkDelete(call: AgentsCall): SimResponse {
  const parsed = parseFields(call);
  if ("refusal" in parsed) return parsed.refusal;
  const { agents, rules } = call.world;
  const uuids = readNames(parsed.fields["uuids"]) ?? [];
  if (uuids.length === 0 && rules.emptyDeleteRefused) {
    return messageAnswer(call, 400, "Bad Request. No agent UUIDs were supplied to delete.");
  }
  // The first unknown agent ends it, and since agents are in the database also the first that cannot be deleted
  // (AgentService).
  for (const uuid of uuids) {
    const gocdAgent = agents.get(uuid);
    if (gocdAgent === undefined) return rules.agentsInDatabase ? notFound(call, uuid) : unknownUuids(call, [uuid]);
    if (rules.agentsInDatabase && !canBeDeleted(gocdAgent)) return cannotDelete(call, uuids.length);
  }
  return deleteAll(call, [...new Set(uuids.flatMap((uuid) => agents.get(uuid) ?? []))]);
}

function deleteAll(call: AgentsCall, gocdAgents: readonly SimGocdAgent[]): SimResponse {
  const { rules } = call.world;
  const user = callerName(call.caller);
  const refused = gocdAgents.filter((gocdAgent) => !canBeDeleted(gocdAgent)).length;
  const deleted = refused > 0 && rules.bulkDeleteAllOrNothing ? [] : gocdAgents.filter(canBeDeleted);
  for (const gocdAgent of deleted) deleteRecord(call.world, gocdAgent, user);
  if (refused === 0) return messageAnswer(call, 200, `Deleted ${gocdAgents.length} agent(s).`);
  if (rules.agentsInDatabase) return cannotDelete(call, gocdAgents.length);
  const failed = rules.bulkDeleteAllOrNothing ? gocdAgents.length : refused;
  const what = `Failed to delete ${failed} agent(s), as agent(s) might not be disabled or are still building.`;
  return messageAnswer(call, 406, rules.bulkDeleteAllOrNothing ? what : `Deleted ${deleted.length} agent(s). ${what}`);
}

function cannotDelete(call: AgentsCall, count: number): SimResponse {
  const what = count === 1
    ? "Failed to delete an agent, as it is not in a disabled state or is still building."
    : "Could not delete any agents, as one or more agents might not be disabled or are still building.";
  return messageAnswer(call, 422, `Your request could not be processed. ${what}`);
}

/** POST `/api/agents/:uuid/kill_running_tasks` (20.5 and later): only for an agent whose build was cancelled. */
export function killTasks(call: AgentsCall, uuid: string): SimResponse {
  const gocdAgent = call.world.agents.get(uuid);
  if (gocdAgent === undefined) return notFound(call, uuid);
  if (gocdAgent.runtime !== "Cancelled") {
    const message = "The agent should be in cancelled state before attempting to kill running tasks. " +
      `Current Agent state is: '${
        gocdAgent.runtime === "Idle" || gocdAgent.runtime === "Building" ? gocdAgent.runtime : "Unknown"
      }'`;
    return messageAnswer(call, 409, message);
  }
  if (gocdAgent.killRequested) return messageAnswer(call, 409, "There is a pending request to kill running task.");
  gocdAgent.killRequested = true;
  return answer(202, "", "");
}

/** POST `/api/agents/:uuid/{enable,disable,delete}` (15.2 to 16.6): the response is plain text. */
export function legacyPost(call: AgentsCall): SimResponse {
  const { world, uuid, action } = call;
  const gocdAgent = uuid === undefined ? undefined : world.agents.get(uuid);
  const user = callerName(call.caller);
  const text = (status: number, message: string): SimResponse => answer(status, "text/html; charset=utf-8", message);
  if (action !== "enable" && action !== "disable" && action !== "delete") return unknownPath(world, call.request);
  if (gocdAgent === undefined) return text(404, `Agent [${uuid ?? ""}] not found.`);
  if (action === "delete") {
    const done = deleteAll(call, [gocdAgent]);
    const body: unknown = JSON.parse(done.body);
    return text(done.status, isFields(body) ? String(body["message"]) : done.body);
  }
  setConfigState(world, gocdAgent, { to: action === "enable" ? "Enabled" : "Disabled", user });
  return text(200, action === "enable" ? "Enabled 1 agent(s)" : "Disabled 1 agent(s)");
}
