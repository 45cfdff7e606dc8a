// Which frameworks of a given name the leading master knows, by its operator API. Source: mesos/v1/master/master.proto
// (GET_FRAMEWORKS, since 1.0; `recovered` is in the main list since 1.2) and the endpoint /master/frameworks.

import { messageOf } from "../errors.ts";
import * as v from "valibot";
import type { SeenFramework } from "../core/identity/orphans.ts";
import { isOver, taskMeaning } from "../core/session/task_status.ts";
import type { HostCheck } from "../net/allowed_hosts.ts";
import { wholeText } from "../net/body.ts";
import { subscribeRefusal } from "./answers.ts";
import { MesosError } from "./api.ts";
import { ownBytes } from "./calls.ts";
import { type MasterAnswer, type MasterClient, sendRequest } from "./master_request.ts";
import type { HttpAddress } from "../net/addresses.ts";
import type { PortProbe } from "./port_probe.ts";
import { reachLeader } from "./reach_leader.ts";

/** For each response: with thousands of tasks the master takes a while. */
const answerMs = 15_000;
/** A list of a thousand frameworks, or of a framework's thousand tasks, takes a few MB. */
const bodyBytesMax = 64 * 1024 * 1024;
/** Frameworks of one name whose tasks are requested at most. */
const frameworksMax = 20;

/** What to look for, and where. */
export interface FrameworkSearch {
  readonly name: string;
  readonly candidates: readonly HttpAddress[];
  readonly isAllowed: HostCheck;
  /** Runs before the first request to a host. */
  readonly portProbe: PortProbe | undefined;
  /** Each ends it. */
  readonly signals: readonly AbortSignal[];
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

/** Throws `MesosError` where no master leads; `undefined` if the leader does not show its frameworks to us. */
export async function findFrameworks(
  client: MasterClient,
  { name, ...asked }: FrameworkSearch,
): Promise<readonly SeenFramework[] | undefined> {
  const { answer, url } = await reachLeader(client, {
    ...asked,
    request: {
      method: "POST",
      path: "/api/v1",
      headers: { ...json, "content-type": "application/json" },
      body: ownBytes(new TextEncoder().encode('{"type":"GET_FRAMEWORKS"}')),
    },
    limitMs: answerMs,
    judge: (answer, url) => Promise.resolve(noLeader(answer, url)),
  });
  const list = await readAs(listAnswer, answer);
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

/** A master that cannot answer yet; any other response shows that it denies access. */
function noLeader(
  { response: { status, headers } }: MasterAnswer,
  url: URL,
): ReturnType<typeof subscribeRefusal> | undefined {
  if (status !== 429 && status < 500 || status === 501) return undefined;
  const asked = "GET_FRAMEWORKS";
  return subscribeRefusal({ url, asked, status, headers, text: "", credentials: { kind: "none" } });
}

/** Ids of the tasks of one framework that may be alive, not of those that only wait for their acknowledgement; none where they are not shown to us. */
async function tasksOf(
  client: MasterClient,
  url: URL,
  frameworkId: string,
  signals: readonly AbortSignal[],
): Promise<readonly string[]> {
  // Masters before 1.4 do not know the filter and show all of them.
  url.searchParams.set("framework_id", frameworkId);
  const limits = { limitMs: answerMs, signals, unanswered: "unreachable" } as const;
  const answer = await sendRequest(client, { method: "GET", url: url.href, headers: json }, limits);
  const framework = (await readAs(tasksAnswer, answer))?.frameworks.find((each) => each.id === frameworkId);
  return [...framework?.tasks ?? [], ...framework?.unreachable_tasks ?? []]
    .filter(({ state }) => state === undefined || !isOver(taskMeaning(state))).map(({ id }) => id);
}

/** The response if it is 200 and has this shape; ends it. */
async function readAs<Schema extends v.GenericSchema>(
  schema: Schema,
  answer: MasterAnswer,
): Promise<v.InferOutput<Schema> | undefined> {
  try {
    if (answer.response.status !== 200) return undefined;
    const body = await wholeText(answer.response.body, bodyBytesMax);
    const result = v.safeParse(schema, body === undefined ? undefined : JSON.parse(body));
    return result.success ? result.output : undefined;
  } catch (error) {
    // A login page, or a response truncated by a proxy.
    if (error instanceof SyntaxError) return undefined;
    throw new MesosError(
      "unreachable",
      `the Mesos master's list of frameworks broke off: ${messageOf(error)}`,
      "see the log of the master, or look for a proxy that cuts long responses",
      error,
    );
  } finally {
    answer.end();
  }
}
