// Finds the frameworks with a given name on the leading master, with its operator API. Source:
// mesos/v1/master/master.proto (GET_FRAMEWORKS, since 1.0; `recovered` is in the main list since 1.2) and the endpoint
// /master/frameworks.

import * as v from "valibot";
import type { SeenFramework } from "../core/identity/orphans.ts";
import { isOver, taskMeaning } from "../core/session/task_status.ts";
import { type MasterClient, sendRequest } from "./master_request.ts";
import { askLeader, operatorAnswerMs, type OperatorPlace, readJson } from "./operator_call.ts";

/** Maximum number of frameworks whose tasks are requested. */
const frameworksMax = 20;

/** What to look for, and where. */
export interface FrameworkSearch extends OperatorPlace {
  readonly name: string;
}

const json = { "accept": "application/json" };
const text = v.string();
const listAnswer = v.looseObject({
  "get_frameworks": v.exactOptional(
    v.looseObject({
      frameworks: v.exactOptional(
        v.array(v.looseObject({
          "framework_info": v.looseObject({
            id: v.looseObject({ value: text }),
            name: text,
            user: text,
            principal: v.exactOptional(text),
            role: v.exactOptional(text),
            roles: v.exactOptional(v.array(text)),
          }),
          connected: v.exactOptional(v.boolean()),
        })),
      ),
    }),
  ),
});
const tasks = v.exactOptional(v.array(v.looseObject({ id: text, state: v.exactOptional(text) })));
const tasksAnswer = v.looseObject({
  frameworks: v.array(v.looseObject({ id: text, tasks, "unreachable_tasks": tasks })),
});

/** Throws `MesosError` if there is no leader; `undefined` if the leader denies access to its frameworks. */
export async function findFrameworks(
  client: MasterClient,
  { name, ...asked }: FrameworkSearch,
): Promise<readonly SeenFramework[] | undefined> {
  const { answer, url } = await askLeader(client, asked, "GET_FRAMEWORKS");
  const list = shaped(listAnswer, await readJson(answer));
  if (list === undefined) return undefined;
  const found: SeenFramework[] = [];
  for (const { framework_info: info, connected } of list.get_frameworks?.frameworks ?? []) {
    if (info.name !== name || found.length >= frameworksMax) continue;
    const { user, principal } = info;
    found.push({
      id: info.id.value,
      name,
      registeredAs: { user, ...(principal === undefined ? {} : { principal }) },
      roles: info.roles ?? [info.role ?? "*"],
      isConnected: connected === true,
      taskIds: await tasksOf(client, new URL("/master/frameworks", url), info.id.value, asked.signals),
    });
  }
  return found;
}

/**
 * Ids of the tasks of one framework that may be running, excluding those that only wait for their acknowledgement; none
 * if access is denied.
 */
async function tasksOf(
  client: MasterClient,
  url: URL,
  frameworkId: string,
  signals: readonly AbortSignal[],
): Promise<readonly string[]> {
  // Masters before 1.4 ignore the filter and return all of them.
  url.searchParams.set("framework_id", frameworkId);
  const limits = { limitMs: operatorAnswerMs, signals, unanswered: "unreachable" } as const;
  const answer = await sendRequest(client, { method: "GET", url: url.href, headers: json }, limits);
  const framework = shaped(tasksAnswer, await readJson(answer))?.frameworks.find((each) => each.id === frameworkId);
  return [...framework?.tasks ?? [], ...framework?.unreachable_tasks ?? []]
    .filter(({ state }) => state === undefined || !isOver(taskMeaning(state))).map(({ id }) => id);
}

function shaped<Schema extends v.GenericSchema>(schema: Schema, value: unknown): v.InferOutput<Schema> | undefined {
  const result = v.safeParse(schema, value);
  return result.success ? result.output : undefined;
}
